"""The forms of value: words translated, numbers and durations exact, missing and refused kept apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.ingest.mapping import durations
from opsledger.ingest.mapping.document import MappingError
from opsledger.ingest.mapping.frame import Frame
from opsledger.ingest.mapping.refused import Refused
from opsledger.ingest.mapping.schema import Value
from opsledger.ingest.mapping.scope import Scope
from opsledger.ingest.mapping.values import value


def of(written: Any, *cells: str, missing: tuple[str, ...] = ("",)) -> list[Any]:
    """The values of a form (as it stands in the YAML) over column ``a``; column ``b`` holds b1, b2, …"""
    scope = Scope(("a", "b"), frozenset(missing), {"b": frozenset(["b2"])}, zone="UTC")
    columns = [list(cells), [f"b{i}" for i in range(1, len(cells) + 1)]]
    found = Frame(len(cells), columns).of(value(Value().deserialize(written), scope, ()))
    return ["refused" if isinstance(v, Refused) else v for v in found]


@pytest.mark.parametrize(
    ("written", "cells", "expected"),
    [
        ("{a}", [" x ", "", "?"], ["x", None, "?"]),
        ("constant", ["x"], ["constant"]),
        ("{{a}}", ["x"], ["{a}"]),
        ("{a}-{b}", ["x", "y", ""], ["x-b1", None, None]),
        ("100% {a}", ["x"], ["100% x"]),
        ("%s{a}%d", ["x"], ["%sx%d"]),
        ({"constant": "{a}"}, ["x"], ["{a}"]),
        ({"column": "a", "map": {"Y": "yes", "N": ""}}, ["Y", "N", "", "?"], ["yes", None, None, "refused"]),
        ({"column": "a", "map": {"Y": "yes"}, "default": "other"}, ["Y", "N", ""], ["yes", "other", None]),
        ({"column": "a", "map": {"y": "yes", "": "none"}, "ignore_case": "true"}, ["Y", ""], ["yes", "none"]),
        ({"column": "a", "default": "none"}, ["x", ""], ["x", "none"]),
        ({"column": "a", "true": ["Y", "1"], "false": "N"}, ["Y", "1", "N", "", "?"], [True, True, False, None, "refused"]),
        ({"column": "a", "cut": "4"}, ["abcdef", "热线"], ["abcd", "热"]),
        ({"column": "a", "case": "lower"}, ["ABC"], ["abc"]),
        ({"column": "{a}/{b}", "map": {"x/b1": "one"}}, ["x"], ["one"]),
        ({"number": "a"}, ["5", "-1.50", "1e3", "x", ""], [5, Decimal("-1.50"), 1000, "refused", None]),
        ({"number": "a", "decimal": ",", "thousands": "."}, ["1.234,5", "7"], [Decimal("1234.5"), 7]),
        ({"number": "a", "decimal": ","}, ["1.5", "1,5"], ["refused", Decimal("1.5")]),
        ({"first": ["{a}", "{b}", "last"]}, ["x", "", ""], ["x", "last", "b3"]),
        ({"when": "a == 'x'", "then": "yes", "else": "{b}"}, ["x", "y", "z"], ["yes", None, "b3"]),
        ({"when": "a == 'x'", "then": "yes"}, ["x", "y"], ["yes", None]),
    ],
)
def test_forms(written: Any, cells: list[str], expected: list[Any]) -> None:
    assert of(written, *cells) == expected


@pytest.mark.parametrize(
    ("unit", "text", "ms"),
    [
        ("s", "5", 5000),
        ("s", "-6", -6000),
        ("s", "0.0015", 2),
        ("min", "1.5", 90_000),
        ("ms", "1234", 1234),
        ("h", "2", 7_200_000),
        ("d", ".5", 43_200_000),
        ("h:mm:ss", "0:02:23", 143_000),
        ("h:mm:ss", "100:00:00.250", 360_000_250),
        ("h:mm:ss", "1.02:03:04", 93_784_000),
        ("h:mm:ss", "-0:00:06", -6000),
        ("mm:ss", "75:03", 4_503_000),
        ("mm:ss", "1:15:03", 4_503_000),
        ("iso", "PT1M30.5S", 90_500),
        ("iso", "P1DT2H", 93_600_000),
    ],
)
def test_durations(unit: str, text: str, ms: int) -> None:
    assert durations.reader_of(unit)(text) == ms


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("s", "x"),
        ("s", "1e99"),
        ("s", "nan"),
        ("h:mm:ss", "2:23"),
        ("h:mm:ss", "0:60:00"),
        ("mm:ss", "1:75"),
        ("iso", "P"),
        ("iso", "PT"),
        ("s", "٥"),
    ],
)
def test_what_is_no_duration_is_refused(unit: str, text: str) -> None:
    assert isinstance(durations.reader_of(unit)(text), Refused)


@given(st.integers(0, 10**9))
def test_a_duration_reads_the_same_in_every_unit(seconds: int) -> None:
    colons = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    assert durations.reader_of("h:mm:ss")(colons[-16:]) == durations.reader_of("s")(str(seconds)) == seconds * 1000


def test_sums_and_lengths_between_times() -> None:
    scope = Scope(("from", "to", "talk", "hold"), frozenset([""]), {}, zone="UTC")
    for name in ("from", "to"):
        scope.named[f"{name}_at"] = value({"form": "time", "time": name}, scope, ())
    for name in ("talk", "hold"):
        scope.named[f"{name}_ms"] = value({"form": "duration", "duration": name, "unit": "s"}, scope, ())
    frame = Frame(2, [["2026-01-05 09:00:00"] * 2, ["2026-01-05 09:01:30", ""], ["60", "60"], ["10", "x"]])
    assert frame.of(value({"form": "between", "between": ("from_at", "to_at")}, scope, ())) == [90_000, None]
    summed = frame.of(value({"form": "sum", "sum": ("talk_ms", "5s"), "less": ("hold_ms",)}, scope, ()))
    assert summed[0] == 55_000
    assert isinstance(summed[1], Refused)


@pytest.mark.parametrize(
    "written",
    [
        {"first": ["{a}", {"duration": "b", "unit": "s"}]},
        {"start": "a", "plus": "5s"},
        {"column": "a", "map": {}},
        {"number": "a", "decimal": ",", "thousands": ","},
        {"clock": "a"},
        {"sum": ["a"]},
        "{a",
        "a}",
        "{}",
        ["a"],
        None,
        {},
    ],
)
def test_what_makes_no_sense_is_refused(written: Any) -> None:
    from marshmallow import ValidationError

    with pytest.raises((MappingError, ValidationError)):
        of(written, "x")
