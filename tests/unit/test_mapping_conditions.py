"""``when:`` asks what it says, of every row; what cannot be read refuses the row only where it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from opsledger.ingest.mapping.conditions import condition
from opsledger.ingest.mapping.document import MappingError
from opsledger.ingest.mapping.frame import Frame
from opsledger.ingest.mapping.refused import Refused
from opsledger.ingest.mapping.scope import Scope
from opsledger.ingest.mapping.values import value

CELLS = {
    "outcome": ["AGENT", "HANG", "", "agent"],
    "q_time": ["5", "0", "x", ""],
    "ms": ["250", "1500", "", "20000"],
    "Answered (Y/N)": ["Y", "N", "y", ""],
    "客户": ["甲", "乙", "", "甲"],
    "at": ["2026-01-05 09:00:00", "2026-01-05 10:00:00", "", "2026-01-05 09:00:00"],
    "and": ["1", "2", "3", "4"],
}


def ask(text: str) -> list[Any]:
    scope = Scope(tuple(CELLS), frozenset([""]), {}, zone="UTC")
    scope.named["wait"] = value({"form": "duration", "duration": "ms", "unit": "ms"}, scope, ())
    scope.named["start"] = value({"form": "time", "time": "at"}, scope, ())
    scope.named["later"] = value({"form": "start", "start": "start", "plus": "1s"}, scope, ())
    scope.named["yes"] = value({"form": "column", "column": "Answered (Y/N)", "true": ["Y", "y"], "false": ["N"]}, scope, ())
    found = Frame(4, list(CELLS.values())).of(condition(text, scope, ("when",)))
    return ["refused" if isinstance(v, Refused) else v for v in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outcome == 'AGENT'", [True, False, False, False]),
        ("'AGENT' == outcome", [True, False, False, False]),
        ("outcome != 'AGENT'", [False, True, True, True]),
        ("outcome in ['AGENT', 'HANG']", [True, True, False, False]),
        ("outcome not in ('AGENT', 'HANG')", [False, False, True, True]),
        ("outcome is missing", [False, False, True, False]),
        ("outcome is not missing", [True, True, False, True]),
        ("lower(outcome) == 'agent'", [True, False, False, True]),
        ("startswith(outcome, 'AG')", [True, False, False, False]),
        ("contains(lower(outcome), 'ang')", [False, True, False, False]),
        ("not endswith(outcome, 'T')", [False, True, True, True]),
        ("q_time > 0", [True, False, "refused", False]),
        ("q_time == 5.0", [True, False, "refused", False]),
        ("0 < q_time <= 5", [True, False, "refused", False]),
        ("q_time != -1", [True, True, "refused", True]),
        ("wait > 0", [True, True, False, True]),
        ("wait >= '1.5s'", [False, True, False, True]),
        ("wait < '0:00:20'", [True, True, False, False]),
        ("`Answered (Y/N)` == 'Y'", [True, False, False, False]),
        ("`and` == 2", [False, True, False, False]),
        ("客户 == '甲'", [True, False, False, True]),
        ("客户 == '`甲`'", [False, False, False, False]),
        ("yes", [True, False, True, None]),
        ("not yes", [False, True, False, None]),
        ("later > start", [True, True, False, True]),
        ("outcome == 'AGENT' or outcome == 'HANG'", [True, True, False, False]),
        ("outcome == 'AGENT' and q_time > 0", [True, False, False, False]),
        ("outcome is missing and q_time > 0", [False, False, "refused", False]),
        ("outcome is missing or q_time > 0", [True, False, True, False]),
        ("outcome == 'AGENT' and q_time > 0 or outcome == 'agent'", [True, False, False, True]),
    ],
)
def test_conditions(text: str, expected: list[Any]) -> None:
    assert ask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "outcome.__class__ == 'str'",
        "[x for x in outcome] == 'a'",
        "(lambda: outcome)() == 'a'",
        "outcome[0] == 'A'",
        "outcome == f'{outcome}'",
        "open('x') == 'y'",
        "outcome if yes else outcome",
        "outcome := 'x'",
        "outcome == b'x'",
        "outcome == True",
        "outcome",
        "outcome is None",
        "outcome < 'B'",
        "outcome in 'AGENT'",
        "wait > 20",
        "wait == start",
        "startswith(outcome)",
        "lower(wait) == 'x'",
        "2 ** 9999999 > q_time",
        "(" * 500 + "yes" + ")" * 500,
        "not " * 5_000 + "yes",
        "",
        "nowhere == 1",
    ],
)
def test_what_is_no_condition_of_this_language_is_refused(text: str) -> None:
    with pytest.raises(MappingError):
        ask(text)
