"""What is out of order or stored twice is found by way of the facts as by a look at every event, whatever came when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.calendar import Grain, make_period
from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import Store, open_store
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.quality.findings import Checker, Finding, _on, _sql
from tests.new_ledger import new_ledger

PERIOD = make_period(Grain.DAY, date(2026, 3, 3), "UTC")
_START = int(PERIOD.start.timestamp())
_NOBODY = UUID(int=0)
_TYPES = {"call": ("call.offered", "call.queued", "call.ended"), "shift": ("shift.signed_in", "shift.state_changed")}
_INSERT = """
INSERT INTO {stream} (tenant, subject, occurred_at, type, version, event_id, source, corrects, payload, offset, recorded_at)
SELECT t.1, t.2, fromUnixTimestamp64Micro(t.3, 'UTC'), t.4, 1, t.5, t.6, t.7, '{{}}', t.8, fromUnixTimestamp64Micro(t.3, 'UTC')
FROM (SELECT arrayJoin({{rows:Array(Tuple(String, String, Int64, String, UUID, String, UUID, UInt64))}}) AS t)
"""


@dataclass(frozen=True)
class _Event:
    subject: str
    at_s: int
    """Seconds after the period's begin."""
    id: UUID
    type: str
    source: str = "pbx"
    corrects: UUID = _NOBODY


class _Engine:
    def __init__(self, store: Store) -> None:
        self.store = store

    def query(self, query: str, parameters: Any) -> Any:
        return self.store.client.query(query, parameters=parameters)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    root = new_ledger(tmp_path_factory.mktemp("order") / "data")
    with open_store(root, clock=FixedClock(datetime(2027, 1, 1, tzinfo=UTC))) as opened:
        yield opened


def _record(store: Store, stream: str, tenant: str, events: list[_Event]) -> None:
    """Into the ledger in this order, after what is there; the facts follow."""
    first = int(store.client.command(f"SELECT if(count() = 0, 0, max(offset) + 1) FROM {stream}"))
    rows = [
        (tenant, e.subject, (_START + e.at_s) * 1_000_000, e.type, str(e.id), e.source, str(e.corrects), first + n)
        for n, e in enumerate(events)
    ]
    store.client.command(_INSERT.format(stream=stream), parameters={"rows": rows})
    fact_tables(store).update()


def _checker(store: Store, tenant: str) -> Checker:
    return Checker(Facts(_Engine(store), tenant, datetime(2027, 1, 1, tzinfo=UTC)), PERIOD)


def _looked_at(checker: Checker, stream: str, tangled: str) -> set[Finding]:
    """Without the example's event: of several that are as far out of order any may be told."""
    rows = checker._ask(_on(_sql("order").replace("{tangled}", tangled), stream))
    return {Finding(str(kind), str(name), n, worst, stream, str(example)) for kind, name, n, worst, example, _ in rows}


def _history(rng: random.Random, stream: str) -> list[_Event]:
    """Things in order and not, events told twice, and corrections of a thing's own and of another's events."""
    logs: list[list[_Event]] = []
    for n in range(40):
        times = sorted(rng.choice((rng.randrange(-5_000, 91_000), rng.randrange(60))) for _ in range(rng.randrange(1, 6)))
        log = [
            _Event(f"s{n}", at, UUID(int=rng.getrandbits(128)), rng.choice(_TYPES[stream]), rng.choice(("pbx", "crm")))
            for at in times
        ]
        match rng.randrange(8):
            case 0:
                rng.shuffle(log)
            case 1:
                log.insert(rng.randrange(len(log)) + 1, rng.choice(log))
            case 2:
                log.append(rng.choice(log))
            case 3 | 4 if len(log) > 1:
                moved = log.pop(rng.randrange(len(log)))
                log.append(moved)
                by = log[0].subject if rng.random() < 0.5 else f"other{n}"
                log.append(replace(moved, subject=by, id=UUID(int=rng.getrandbits(128)), corrects=moved.id))
        logs.append(log)
    told: list[_Event] = []
    while logs:
        log = rng.choice(logs)
        told.append(log.pop(0))
        logs = [each for each in logs if each]
    return told


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), stream=st.sampled_from(sorted(_TYPES)))
def test_by_way_of_the_facts_the_same_is_found_as_in_all_events(store: Store, seed: int, stream: str) -> None:
    tenant, told = f"{stream}{seed}", _history(random.Random(seed), stream)
    cut = len(told) // 2
    for part in (told[:cut], told[cut:]):
        _record(store, stream, tenant, part)
        checker = _checker(store, tenant)
        everything = _looked_at(checker, stream, "SELECT subject FROM {stream:Identifier} WHERE tenant = {tenant:String}")
        assert _looked_at(checker, stream, checker._tangled(stream)) == everything
        assert _looked_at(checker, stream, _sql("tangled")) == everything


_STEPS = [_Event("x", 60 * n, UUID(int=n + 1), "") for n in range(3)]


@pytest.mark.parametrize("stream", ["call", "shift", "ticket"])
@pytest.mark.parametrize("again", range(3))
def test_a_second_place_in_otherwise_perfect_order_is_found(store: Store, stream: str, again: int) -> None:
    """An event that is stored again right after itself spoils no order: only that it is there twice tells of it."""
    steps = [replace(step, type=f"{stream}.x" if stream == "ticket" else _TYPES[stream][0]) for step in _STEPS]
    told = [*steps[: again + 1], *steps[again:]]
    _record(store, stream, f"twice{again}", told)
    (found,) = _checker(store, f"twice{again}")._order([stream])
    assert (found.check, found.count, found.example, found.event) == ("stored_twice", 1, "x", str(UUID(int=again + 1)))


def test_what_is_in_order_is_not_looked_at(store: Store) -> None:
    """Events of one moment are in order, however they came: a look at them costs and finds nothing."""
    steps = [replace(step, type=type_, at_s=0) for step, type_ in zip(_STEPS, reversed(_TYPES["call"]), strict=True)]
    _record(store, "call", "calm", [*steps, replace(steps[0], id=UUID(int=9), at_s=5)])
    checker = _checker(store, "calm")
    assert checker._ask(_on(checker._tangled("call"), "call")) == []


@pytest.mark.parametrize("by", ["x", "y"])
def test_an_event_that_was_corrected_is_still_found_out_of_order(store: Store, by: str) -> None:
    """The facts do not know of it any more; who corrects it may be another thing's."""
    steps = [replace(step, type="call.queued") for step in _STEPS]
    told = [steps[0], steps[2], steps[1], _Event(by, 120, UUID(int=9), "call.queued", corrects=steps[1].id)]
    _record(store, "call", f"corrected-{by}", told)
    (found,) = _checker(store, f"corrected-{by}")._order(["call"])
    assert (found.check, found.count, found.worst_ms, found.example) == ("out_of_order", 1, 60_000, "x")
