"""A refusal has a code of a closed set and says what is wrong, where, and what would be right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain import catalogue
from opsledger.domain.catalogue import TYPES
from opsledger.domain.clock import FixedClock
from opsledger.domain.events.call import CallQueued
from opsledger.domain.upcast import upcast
from opsledger.ingest.border import convert, judge
from opsledger.ingest.border.convert import encode, from_event, to_event
from opsledger.ingest.border.judge import Border, Refusal
from tests.border_samples import NOW, border, raw, record, spoilt

FACTS = border(decisions=False)


def refusal(data: bytes) -> Refusal:
    verdict = FACTS.take(data)
    assert isinstance(verdict, Refusal), verdict
    return verdict


CASES: list[tuple[bytes, str, str]] = [
    (b"nonsense", "not_json", "is not JSON"),
    (b"[1]", "not_json", "not an object"),
    (b"\xff{}", "not_json", "byte 0 is not UTF-8"),
    (b"{}", "unknown_type", "type: is missing"),
    (raw(record(type="call.qeued")), "unknown_type", "did you mean 'call.queued'?"),
    (raw(record("penalty.waived")), "decision", "made here by a command"),
    (raw(record(dataschema="urn:opsledger:call.queued:2")), "unknown_version", "valid: urn:opsledger:call.queued:1"),
    (raw(record(dataschema="https://example.com/x")), "unknown_version", "dataschema"),
    (raw(record(time="2026-01-05T01:02:03")), "no_offset", "+08:00"),
    (raw(spoilt(record("call.wrapped_up"), ("data", "started_at"), "2026-01-05T01:02:03")), "no_offset", "data.started_at"),
    (raw(record(time="1989-12-31T23:59:59Z")), "out_of_time", "before 1990"),
    (raw(record(time="2026-06-01T12:05:01Z")), "out_of_time", "5 minutes"),
    (raw(spoilt(record("shift.scheduled"), ("data", "ends_at"), "2300-01-01T00:00:00Z")), "out_of_time", "1900 to 2200"),
    (raw(spoilt(record(), ("data", "qeue"), "q1")), "invalid", "data.qeue: is not a known name; did you mean 'queue'?"),
    (raw(spoilt(record("call.connected"), ("data", "x"), 1)), "invalid", "no fields"),
    (raw(spoilt(record("call.ended"), ("data", "by"), "custmer")), "invalid", "did you mean 'customer'?"),
    (raw(spoilt(record(), ("data", "priority"), "3")), "invalid", "data.priority: wants a whole number, got text"),
    (raw(spoilt(record(), ("data", "priority"), 3.5)), "invalid", "got 3.5"),
    (raw(spoilt(record(), ("data", "priority"), 10**7)), "invalid", "outside -1000000 to 1000000"),
    (raw(record(tenant="好" * 86)), "invalid", "tenant: has 258 bytes, at most 256"),
    (raw(spoilt(record("ticket.returned"), ("data", "reason"), "a" * 8193)), "invalid", "8192"),
    (raw(spoilt(record("cost.recorded"), ("data", "amount"), "1.00001")), "invalid", "more than 4 places"),
    (raw(spoilt(record("cost.recorded"), ("data", "amount"), "1000000000000.01")), "invalid", "outside"),
    (raw(spoilt(record("cost.recorded"), ("data", "amount"), "NaN")), "invalid", "finite"),
    (
        raw(spoilt(record("evaluation.scored"), ("data", "items"), [{"item": "x", "deduction": "1"}])),
        "invalid",
        "data.items.0.times",
    ),
    (
        raw(spoilt(record("queue.described"), ("data", "targets"), {"a": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]})),
        "invalid",
        "16 levels",
    ),
    (raw(record(id="5")), "invalid", "id: '5' is not a UUID"),
    (b'{"type":"call.ended","data":' + b" " * 300_000 + b"{}}", "too_large", "262144"),
]


@pytest.mark.parametrize(("data", "reason", "part"), CASES, ids=[f"{r}-{i}" for i, (_, r, _) in enumerate(CASES)])
def test_refusals_name_the_reason_and_the_place(data: bytes, reason: str, part: str) -> None:
    verdict = refusal(data)
    assert (verdict.reason.value, part in verdict.detail) == (reason, True), verdict


def test_a_document_of_sixteen_levels_is_taken() -> None:
    deep: Any = 1
    for _ in range(15):
        deep = [deep]
    assert not isinstance(FACTS.take(raw(spoilt(record("queue.described"), ("data", "targets"), {"a": deep}))), Refusal)


def test_an_event_five_minutes_ahead_is_taken_and_the_limit_moves_with_the_clock() -> None:
    clock = FixedClock(NOW)
    of = Border(clock)
    ahead = raw(record(time=(NOW + timedelta(minutes=5)).isoformat()))
    beyond = raw(record(time=(NOW + timedelta(minutes=5, microseconds=1)).isoformat()))
    assert not isinstance(of.take(ahead), Refusal)
    assert isinstance(of.take(beyond), Refusal)
    clock.at += timedelta(seconds=1)
    assert not isinstance(of.take(beyond), Refusal)


def test_decisions_pass_where_the_relay_asks_for_it() -> None:
    assert not isinstance(border(decisions=True).take(raw(record("penalty.waived"))), Refusal)


def test_unknown_attributes_of_the_envelope_are_allowed_and_null_is_absent() -> None:
    taken: Any = FACTS.take(raw(record(traceparent="00-1", vendor=None, actor=None)))
    assert (taken.vendor, taken.actor) == ("in-house", "")


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_every_type_goes_to_the_domain_and_back(type_: str) -> None:
    of = border()
    wire: Any = of.take(raw(record(type_)))
    event = to_event(wire)
    assert event.type == type_
    assert from_event(event) == wire
    again: Any = of.take(encode(from_event(event)))
    assert to_event(again) == event


def test_made_events_are_written_with_z_and_decimals_as_text() -> None:
    wire: Any = border().take(raw(record("penalty.reduced", time="2026-01-05T09:02:03+08:00")))
    text = encode(from_event(to_event(wire)))
    assert b'"time":"2026-01-05T01:02:03Z"' in text
    assert b'"amount":"12.50"' in text


class QueuedV2(CallQueued):
    """An invented second version of call.queued."""

    VERSION = 2


def double_priority(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "priority": data["priority"] * 2}


@pytest.fixture
def second_version(monkeypatch: pytest.MonkeyPatch) -> Border:
    types = {**TYPES, "call.queued": QueuedV2}
    for module in (judge, catalogue, convert):
        monkeypatch.setattr(module, "TYPES", types)
    monkeypatch.setattr("opsledger.ingest.border.fast.TYPES", types)
    monkeypatch.setattr("opsledger.ingest.border.wire.TYPES", types)
    return Border(FixedClock(NOW), upcasters={("call.queued", 1): double_priority})


@pytest.mark.parametrize(
    ("schema", "priority"), [(None, 6), ("urn:opsledger:call.queued:1", 6), ("urn:opsledger:call.queued:2", 3)]
)
def test_older_data_is_brought_up_to_the_newest_version(second_version: Border, schema: str | None, priority: int) -> None:
    wire: Any = second_version.take(raw(record(dataschema=schema)))
    assert wire.data.priority == priority
    assert wire.dataschema == "urn:opsledger:call.queued:2"
    assert second_version.take(encode(wire)) == wire


def test_old_data_that_its_own_version_would_not_allow_is_refused(second_version: Border) -> None:
    verdict = second_version.take(raw(spoilt(record(), ("data", "priority"), None)))
    assert isinstance(verdict, Refusal)
    assert "version 1" in verdict.detail


def test_a_version_without_a_step_is_refused(second_version: Border) -> None:
    verdict = Border(FixedClock(NOW), upcasters={}).take(raw(record()))
    assert isinstance(verdict, Refusal)
    assert verdict.reason == "unknown_version"


def test_upcasting_leaves_the_old_data_as_it_was() -> None:
    old = {"a": 1}
    steps = {("t", 1): lambda d: {**d, "b": 2}, ("t", 2): lambda d: {**d, "a": d["a"] + 1}}
    assert (upcast("t", old, 1, 3, steps), old) == ({"a": 2, "b": 2}, {"a": 1})
    assert upcast("t", old, 3, 3, steps) == {"a": 1}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_get_a_verdict_of_the_closed_set(data: bytes) -> None:
    assert refusal(data).reason in judge.Reason
