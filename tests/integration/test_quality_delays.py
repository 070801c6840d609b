"""Who told of a period, how late and when: what the ledger's projection says is what its events say, one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest

from opsledger.domain.calendar import Grain, local_midnight, make_period
from opsledger.domain.catalogue import STREAMS, types_of
from opsledger.domain.clock import FixedClock
from opsledger.infra.store import Store, open_store
from opsledger.projections.ledger import tables
from opsledger.projections.ledger.tables import PROJECTION, additions, create_table
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.lateness import slot_of
from opsledger.projections.reports.quality.findings import Checker, _on, _sql, _union
from opsledger.projections.reports.quality.rhythm import BEFORE
from opsledger.projections.reports.quality.sources import Told, median_of
from tests.merges import no_merges
from tests.new_ledger import new_ledger

PERIOD = make_period(Grain.DAY, date(2026, 3, 3), "Asia/Kathmandu")
_HOUR, _DAY = 3_600_000, 86_400_000
_EDGES = (-1_001, -1_000, -1, 0, 1, 999, 1_000, 60_000, 60_001, _HOUR, _HOUR + 1, _DAY, _DAY + 1, 7 * _DAY, 7 * _DAY + 1)
_TYPES = ("call.offered", "call.queued", "call.answered", "call.ended", "call.wrapped_up")
_INSERT = (
    "INSERT INTO call (tenant, subject, occurred_at, type, version, event_id, source, payload, offset, recorded_at, backfill) "
    "SELECT 't', 's', fromUnixTimestamp64Micro(t.1, 'UTC'), t.2, 1, generateUUIDv4(), t.3, '{}', rowNumberInAllBlocks(), "
    "fromUnixTimestamp64Micro(t.4, 'UTC'), t.5 "
    "FROM (SELECT arrayJoin({rows:Array(Tuple(Int64, String, String, Int64, Bool))}) AS t)"
)
Event = tuple[int, str, str, int, bool]
"""Microseconds of its happening, type, source, microseconds of its recording, whether of a backfill."""


def _events(seed: int) -> list[Event]:
    rng = random.Random(seed)
    first, last = PERIOD.start - BEFORE - timedelta(hours=1), PERIOD.stop + timedelta(hours=1)
    found = []
    for n in range(1_500):
        begin = first if n % 2 else PERIOD.start - timedelta(hours=1)
        at = int(begin.timestamp()) * 1_000_000 + rng.randrange(int((last - begin).total_seconds()) * 1_000_000)
        source = rng.choice(("pbx", "desk", "crm"))
        type_ = rng.choice(_TYPES[:4] if source == "pbx" else _TYPES[4:] if source == "crm" else _TYPES[3:])
        delay = rng.choice((rng.choice(_EDGES), rng.randrange(9_000), rng.randrange(-5_000, 10 * _DAY)))
        found.append((at, type_, source, at + delay * 1_000 + rng.randrange(-999, 1_000), rng.random() < 0.2))
    return found


class _Engine:
    def __init__(self, store: Store) -> None:
        self.store = store

    def query(self, query: str, parameters: Any) -> Any:
        return self.store.client.query(query, parameters=parameters)


def _checker(store: Store) -> Checker:
    return Checker(Facts(_Engine(store), "t", datetime(2027, 1, 1, tzinfo=UTC)), PERIOD)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(datetime(2027, 1, 1, tzinfo=UTC))) as opened:
        yield opened


def _insert(store: Store, events: list[Event]) -> None:
    store.client.command(_INSERT, parameters={"rows": events})


def _ms(event: Event) -> int:
    us = event[3] - event[0]
    return abs(us) // 1_000 * (1 if us > 0 else -1)


def _about(ms: int) -> int:
    step = 1_000 if abs(ms) <= 60_000 else 60_000 if abs(ms) <= _DAY else _HOUR
    return -(-abs(ms) // step) * step * (1 if ms > 0 else -1)


def _check(told: Told, events: list[Event]) -> None:
    begin, start, stop = (int(m.timestamp()) * 1_000_000 for m in (PERIOD.start - BEFORE, PERIOD.start, PERIOD.stop))
    events = [event for event in events if begin <= event[0] < stop]
    types: dict[str, set[str]] = {}
    for name in {event[2] for event in events}:
        own = [event for event in events if event[2] == name]
        assert told.spoken[name].tolist() == sorted({event[0] // 60_000_000 for event in own})
        here = [event for event in own if event[0] >= start]
        live = sorted(_ms(event) for event in here if not event[4])
        source = told.sources[name]
        assert (source.events, source.backfilled) == (len(here), len(here) - len(live))
        assert (source.least_ms, source.greatest_ms) == (live[0], live[-1])
        assert source.median_ms == _about(live[len(live) // 2])
        assert source.future == sum(_ms(event) < -1_000 for event in here)
        limits = [-1_000 * _DAY, _HOUR, _DAY, 7 * _DAY, 1_000 * _DAY]
        assert source.bands == [sum(a < ms <= b for ms in live) for a, b in pairwise(limits)]
        types[name] = {event[1] for event in here}
    assert set(told.sources) == set(types)
    assert types["pbx"] & types["desk"] == {"call.ended"}
    assert types["crm"] & types["desk"] == {"call.wrapped_up"}


def _shared(checker: Checker, told: Told) -> set[str]:
    names = {"bits": told.shared, "types": list(_TYPES)}
    return {str(name) for (name,) in checker._rows("types", **names)}


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_is_what_the_events_say(store: Store, seed: int) -> None:
    events = _events(seed)
    for n in range(3):
        _insert(store, events[n::3])
    checker = _checker(store)
    told = checker._told()
    _check(told, events)
    assert (told.streams, told.ahead) == (["call"], ["call"])
    assert _shared(checker, told) == {"call.ended", "call.wrapped_up"}


def _reads_projection(store: Store) -> bool:
    checker = _checker(store)
    slots = {"since_slot": slot_of(PERIOD.start - BEFORE), "stop_slot": slot_of(PERIOD.stop)}
    text = "EXPLAIN projections = 1 " + _sql("delays").replace("{told}", _union("told", ["call"]))
    plan = "\n".join(str(line) for (line,) in checker._ask(text, start_slot=slot_of(PERIOD.start), **slots))
    return f"({PROJECTION})" in plan or f"Name: {PROJECTION}" in plan


def test_it_is_read_from_the_projection(store: Store) -> None:
    _insert(store, _events(4))
    assert _reads_projection(store)
    store.client.command(f"ALTER TABLE call DROP PROJECTION {PROJECTION} SETTINGS mutations_sync = 2")
    assert not _reads_projection(store)
    _check(_checker(store)._told(), _events(4))


def test_an_older_ledger_gets_the_projection_and_tells_the_same_at_every_step(store: Store) -> None:
    events = _events(5)
    older = create_table("call").replace(tables._TOLD, "PROJECTION arrivals (SELECT tenant, count() GROUP BY tenant)")
    store.client.command("DROP TABLE call")
    store.client.command(older)
    _insert(store, events[:700])
    changes = additions({"call": {name for name, _ in tables.columns("call")}})
    assert [change.split("`")[2].split()[0] for change in changes] == ["DROP", "ADD", "MATERIALIZE"]
    for change in changes[:2]:
        store.client.command(change)
    with no_merges(store.client, "call"):
        _insert(store, events[700:])  # the one part has it, the other not
        _check(_checker(store)._told(), events)
    store.client.command(f"{changes[2]} SETTINGS mutations_sync = 2")
    assert _reads_projection(store)
    _check(_checker(store)._told(), events)


def test_opening_an_older_ledger_makes_the_projection_once(tmp_path: Path) -> None:
    root = new_ledger(tmp_path / "data")
    with open_store(root) as opened:
        for stream in STREAMS:
            opened.client.command(f"ALTER TABLE `{stream}` DROP PROJECTION {PROJECTION}")
    (root / "tables.sha256").unlink()
    for _ in range(2):
        with open_store(root) as opened:
            made = opened.client.query("SELECT table FROM system.projections WHERE name = 'told'").result_rows
            asked = opened.client.command("SELECT count() FROM system.mutations WHERE command LIKE '%MATERIALIZE%'")
        assert {str(table) for (table,) in made} == set(STREAMS)
        (root / "tables.sha256").unlink()
        assert int(asked) <= len(STREAMS)


def test_what_came_late_is_counted_from_the_projection_too(store: Store) -> None:
    _insert(store, _events(6))
    text = "EXPLAIN projections = 1 " + _on((Path(tables.__file__).parents[1] / "reports/late.sql").read_text("utf-8"), "call")
    slots = {"start_slot": slot_of(PERIOD.start), "stop_slot": slot_of(PERIOD.stop), "late_slot": slot_of(PERIOD.stop)}
    plan = "\n".join(str(line) for (line,) in _checker(store)._ask(text, **slots))
    assert PROJECTION in plan


def test_events_of_before_1970_can_be_stored(store: Store) -> None:
    at = -500_000_000_000_001
    _insert(store, [(at, "call.offered", "pbx", 1, False), (1, "call.offered", "pbx", at, False)])
    assert store.client.command("SELECT count() FROM call WHERE NOT ignore(payload)") == 2


def test_a_period_begins_and_ends_on_a_quarter_hour_in_every_zone() -> None:
    for zone in available_timezones():
        for n in range(12 * 55):
            midnight = local_midnight(date(1985 + n // 12, n % 12 + 1, 1), zone)
            assert midnight.timestamp() % 900 == 0, zone


@pytest.mark.parametrize("counts", [{3: 1}, {1: 1, 2: 1}, {1: 2, 5: 1, 9: 2}, {4: 7, 2: 3, -1: 4}])
def test_the_median_is_that_of_the_values_written_out(counts: dict[int, int]) -> None:
    values = sorted(value for value, n in counts.items() for _ in range(n))
    assert median_of(counts) == values[len(values) // 2]


def test_no_two_types_of_calls_have_one_bit(store: Store) -> None:
    bit, types = "cityHash64(type) % 61", [declared.TYPE for declared in types_of("call")]
    assert bit in tables._KINDS

    def different(text: str) -> int:
        asked = f"SELECT uniqExact({text}) FROM (SELECT arrayJoin({{types:Array(String)}}) AS type)"
        return int(store.client.query(asked, parameters={"types": types}).result_rows[0][0])

    assert different(bit) == len(types)
    assert different(bit.replace("61", "60")) < len(types)
