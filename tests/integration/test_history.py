"""The history of one thing: every event once a place, in the order in which it happened, now and as it was known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import Store, open_store
from opsledger.projections.audit.history import history, is_late
from tests.ledger_samples import NOW, line, tables
from tests.new_ledger import new_ledger

ENTERED = line("a", subject="c1", at_s=0)
LEFT = line("b", subject="c1", type_="call.left_queue", at_s=20, data={"queue": "q1", "reason": "timeout"}, actor="7")
OTHER = line("c", subject="c2", at_s=5)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=clock) as opened:
        yield opened


def put(store: Store, *lines: bytes, backfill: bool = False) -> None:
    store.log.append(tables(lines), backfill=backfill)


def types(store: Store, known_at: datetime | None = None) -> list[str]:
    return [row.type for row in history(store.client, "t1", "call", "c1", known_at)]


def test_events_stand_in_the_order_in_which_they_happened(store: Store) -> None:
    put(store, LEFT, OTHER)
    put(store, ENTERED)
    first, second = history(store.client, "t1", "call", "c1")
    assert [(r.type, r.zh, r.position.offset) for r in (first, second)] == [
        ("call.queued", "进入排队", 2),
        ("call.left_queue", "离开排队", 0),
    ]
    assert (second.data, second.actor, second.source, second.vendor) == (
        {"queue": "q1", "reason": "timeout"},
        "7",
        "sim:test",
        "in-house",
    )
    assert (second.caused_by, second.corrects, second.corrected_by, second.repeat) == (None, None, None, False)


def test_attributes_that_nobody_declared_are_shown_beside_the_data(store: Store) -> None:
    put(store, line("a", subject="c1", sourcerecord='{"x":1}', trunk=7), line("b", subject="c1", at_s=1))
    found = [row.attributes for row in history(store.client, "t1", "call", "c1")]
    assert found == [{"sourcerecord": '{"x":1}', "trunk": 7}, {}]


def test_nothing_is_read_across_tenants_or_things(store: Store) -> None:
    put(store, ENTERED, line("x", subject="c1", tenant="t2"))
    assert len(history(store.client, "t1", "call", "c1")) == 1
    assert history(store.client, "t1", "call", "c9") == []


def test_an_event_stored_twice_is_shown_twice_and_the_second_is_called_a_repeat(store: Store) -> None:
    put(store, ENTERED)
    put(store, ENTERED)
    assert [(r.position.offset, r.repeat) for r in history(store.client, "t1", "call", "c1")] == [(0, False), (1, True)]


def test_a_corrected_event_names_what_took_its_place(store: Store) -> None:
    put(store, ENTERED)
    (wrong,) = history(store.client, "t1", "call", "c1")
    put(store, line("a2", subject="c1", at_s=1, corrects=str(wrong.event_id), data={"queue": "q2"}))
    old, new = history(store.client, "t1", "call", "c1")
    assert (old.corrected_by, old.corrects) == (new.event_id, None)
    assert (new.corrected_by, new.corrects) == (None, old.event_id)


def test_as_known_at_shows_only_what_was_recorded_by_then(store: Store, clock: FixedClock) -> None:
    put(store, ENTERED)
    clock.at = NOW + timedelta(hours=1)
    put(store, LEFT)
    assert types(store, NOW - timedelta(seconds=1)) == []
    assert types(store, NOW) == ["call.queued"]
    assert types(store, NOW + timedelta(hours=1)) == types(store) == ["call.queued", "call.left_queue"]


def test_as_known_at_does_not_know_a_correction_that_came_later(store: Store, clock: FixedClock) -> None:
    put(store, ENTERED)
    (wrong,) = history(store.client, "t1", "call", "c1")
    clock.at = NOW + timedelta(hours=1)
    put(store, line("a2", subject="c1", corrects=str(wrong.event_id)))
    (then,) = history(store.client, "t1", "call", "c1", NOW)
    assert then.corrected_by is None


def test_journalled_positions_go_before_the_time_of_recording(store: Store, clock: FixedClock) -> None:
    facts = fact_tables(store)
    put(store, ENTERED)
    facts.update()
    put(store, LEFT)  # recorded by that moment, and not seen by any facts yet
    moment = NOW + timedelta(minutes=1)
    known = history(store.client, "t1", "call", "c1", moment, positions=facts.positions_at(moment))
    assert [row.type for row in known] == ["call.queued"]
    assert types(store, moment) == ["call.queued", "call.left_queue"]


def test_journalled_positions_hide_a_correction_that_no_facts_had_seen(store: Store) -> None:
    facts = fact_tables(store)
    put(store, ENTERED)
    facts.update()
    (wrong,) = history(store.client, "t1", "call", "c1")
    put(store, line("a2", subject="c1", corrects=str(wrong.event_id)))
    (then,) = history(store.client, "t1", "call", "c1", NOW, positions=facts.positions_at(NOW))
    assert then.corrected_by is None
    facts.update()
    now = history(store.client, "t1", "call", "c1", NOW, positions=facts.positions_at(NOW))
    assert [row.corrected_by is None for row in now] == [False, True]


def test_late_is_a_day_after_the_months_end_in_the_zone_and_no_backfill(store: Store) -> None:
    put(store, ENTERED)
    put(store, LEFT, backfill=True)
    assert [(r.late, r.backfill) for r in history(store.client, "t1", "call", "c1")] == [(True, False), (False, True)]
    happened = datetime(2026, 1, 31, 17, tzinfo=UTC)  # already February in Shanghai
    assert is_late(happened, datetime(2026, 2, 2, 1, tzinfo=UTC), "UTC")
    assert not is_late(happened, datetime(2026, 2, 2, 1, tzinfo=UTC), "Asia/Shanghai")
    assert not is_late(happened, datetime(2026, 2, 2, tzinfo=UTC), "UTC")


def test_a_row_as_json_holds_plain_values(store: Store) -> None:
    put(store, ENTERED)
    row = history(store.client, "t1", "call", "c1")[0].as_json()
    assert row["occurred_at"] == "2026-01-05T09:00:00Z"
    assert row["position"] == {"topic": "call", "partition": 0, "offset": 0}
    assert row["caused_by"] is None
    assert isinstance(row["event_id"], str)


def test_an_unknown_stream_is_refused_with_the_nearest(store: Store) -> None:
    with pytest.raises(UserError, match="did you mean 'call'"):
        history(store.client, "t1", "cal", "c1")
