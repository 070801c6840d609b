"""The fast path accepts nothing that the judge would refuse, and gives the same event."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from opsledger.domain.catalogue import TYPES
from opsledger.ingest.border import fast, judge
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.judge import Border, Refusal
from tests.border_samples import AN_ID, NASTY, border, paths, raw, record, spoilt, spoilt_records

BORDER = border()
BULK = Bulk(BORDER)


def difference(data: bytes, of: Border = BORDER) -> str:
    """Says in what the paths differ on one record; empty where they agree."""
    quick, judged = of._fast(data), of.judge(data)
    if quick is not None and quick != judged:
        return f"fast gives {quick!r}, the judge {judged!r}"
    return ""


def bulk_difference(data: bytes) -> str:
    judged, taken = BORDER.judge(data), BULK.take([data], [0])
    if isinstance(judged, Refusal):
        return "" if [(0, judged)] == taken.refused and not taken.tables else f"bulk takes what the judge refuses: {judged}"
    tables = tables_of([judged], [data], [0])
    same = not taken.refused and all(tables[s].equals(taken.tables[s]) for s in tables)
    return "" if same else f"bulk gives {taken}, the judge {judged!r}"


def nasty_records(type_: str) -> Iterator[bytes]:
    base = record(type_)
    for path in paths(base):
        for value in NASTY:
            yield raw(spoilt(base, path, value))


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_every_type_is_taken_by_all_paths_alike(type_: str) -> None:
    for full in (True, False):
        data = raw(record(type_, full=full))
        assert not isinstance(BORDER.judge(data), Refusal), BORDER.judge(data)
        assert difference(data) == ""
        assert bulk_difference(data) == ""


@pytest.mark.parametrize("type_", ["call.queued", "call.wrapped_up", "call.surveyed", "evaluation.scored", "penalty.assessed"])
def test_nasty_values_in_every_place_make_no_difference(type_: str) -> None:
    assert [d for data in nasty_records(type_) if (d := difference(data))] == []


@pytest.mark.parametrize("type_", ["call.wrapped_up", "call.surveyed", "cost.recorded", "penalty.assessed"])
def test_nasty_values_make_no_difference_in_bulk(type_: str) -> None:
    assert [d for data in nasty_records(type_) if (d := bulk_difference(data))] == []


@settings(max_examples=600, deadline=None)
@given(spoilt_records())
def test_spoilt_records_make_no_difference(data: bytes) -> None:
    assert difference(data) == ""
    assert bulk_difference(data) == ""


HAND_MADE = [
    b"",
    b" ",
    b"{}",
    b"[]",
    b"null",
    b"\xef\xbb\xbf" + raw(record()),
    b"  " + raw(record()) + b" \t",
    raw(record()) + b"x",
    raw(record()) * 2,
    raw(record())[:-1] + b',"id":"5"}',
    raw(record())[:-1] + b',"type":"call.ended"}',
    raw(record()).replace(b'"queue"', b'"queue":"q0","queue"'),
    raw(record(x="y")).replace(b'"y"', b'"\xff"'),
    raw(record(x="y")).replace(b'"x"', b'"\xff"'),
    raw(record(x="y")).replace(b'"y"', b'"\\ud800"'),
    raw(record(x="y")).replace(b'"y"', b"NaN"),
    raw(record(x="y")).replace(b'"y"', b"01"),
    raw(record(x="y")).replace(b'"y"', b"9" * 5000),
    raw(record(x="y")).replace(b'"y"', b"1e999999"),
    raw(record(x="y")).replace(b'"y"', b"[" * 400 + b"]" * 400),
    raw(record(x="y")).replace(b'"y"', b"[" * 511 + b"]" * 511),
    raw(record(x="y")).replace(b'"y"', b"[" * 512 + b"]" * 512),
    raw(record(x="y")).replace(b'"y"', b"[" * 100_000 + b"]" * 100_000),
    raw(record(x="y")).replace(b'"y"', b'{"a":' * 800 + b"1" + b"}" * 800),
    raw(record(x="y")).replace(b'"y"', b'"' + b"[" * 2000 + b'"'),
    raw(record(x="y" * (256 * 1024))),
    raw(record(subject="\ud83d")),
    raw(record("evaluation.scored")).replace(b'"12.50"', b"12.50"),
    raw(record("evaluation.scored")).replace(b'"12.50"', b"0.1"),
    raw(record("evaluation.scored")).replace(b'"12.50"', b"0.123456789"),
    raw(record("evaluation.scored", data={"items": [{"item": "x", "deduction": "1", "times": 1}] * 5001, "score": "1"})),
    raw(record("penalty.assessed")).replace(
        f'["{AN_ID}"]'.encode(), b"[" + b",".join([b'"' + AN_ID.encode() + b'"'] * 5000) + b"]"
    ),
    raw(record("penalty.assessed")).replace(
        f'["{AN_ID}"]'.encode(), b"[" + b",".join([b'"' + AN_ID.encode() + b'"'] * 5001) + b"]"
    ),
]


@pytest.mark.parametrize("data", HAND_MADE, ids=range(len(HAND_MADE)))
def test_hand_made_records_make_no_difference(data: bytes) -> None:
    assert difference(data) == ""
    assert bulk_difference(data) == ""


def test_a_record_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    data = raw(record(x=""))
    fits = raw(record(x="y" * (256 * 1024 - len(data))))
    assert not isinstance(BORDER.take(fits), Refusal)
    refusal = BORDER.take(fits[:-1] + b" }")
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "too_large"


def test_control_without_the_decimal_check_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "_fits", lambda *_: True)
    data = raw(spoilt(record("call.surveyed"), ("data", "score"), "NaN"))
    assert difference(data, border()) != ""


def test_control_with_a_laxer_struct_a_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "is_plain", lambda _raw: True)
    assert difference(raw(record(x="y")).replace(b'"y"', b'"\xff"')) != ""


def test_control_with_a_stricter_judge_the_random_records_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_check_times", lambda _specs, data: data.update(queue="other") if "queue" in data else None)
    assert difference(raw(record())) != ""


def test_a_decimal_number_keeps_every_digit_on_both_paths() -> None:
    data = raw(record("call.surveyed")).replace(b'"12.50"', b"0.1")
    taken: Any = BORDER.take(data)
    judged: Any = BORDER.judge(data)
    assert taken.data.score == judged.data.score == Decimal("0.1")


def test_the_seventh_digit_of_a_second_rounds_half_up_on_both_paths() -> None:
    data = raw(record(time="2026-01-05T01:02:03.1234565Z"))
    taken: Any = BORDER.take(data)
    judged: Any = BORDER.judge(data)
    assert taken.time.microsecond == judged.time.microsecond == 123457
