"""The facts keep up with the ledger: live = rebuild after every prefix of a history, no crash loses any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.envelope import Event
from opsledger.domain.events.shift import ShiftSignedIn, ShiftSignedOut, ShiftStateChanged
from opsledger.infra.store import open_store
from opsledger.projections.facts import engine, schema, touched
from opsledger.projections.facts.engine import Facts
from opsledger.projections.facts.stage import Stage
from opsledger.projections.facts.tables import FACTS
from tests.fact_histories import Base
from tests.fact_steps import Broken, Watched, events_of, told_in_steps, wrong
from tests.fact_store import NOW, FactStore


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with open_store(tmp_path_factory.mktemp("facts") / "data") as directory:
        made = FactStore(directory)
        made.facts.ensure()
        yield made


@pytest.fixture
def store(opened: FactStore) -> FactStore:
    opened.empty()
    opened.clock.at = NOW
    return opened


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_live_equals_rebuild_after_every_prefix(opened: FactStore, seed: int) -> None:
    store = opened
    store.empty()
    store.facts.ensure()
    known: list[Event] = []
    for some in told_in_steps(seed, 80, 5):
        store.append(some)
        known += some
        update = store.facts.update()
        assert update.live
        assert not update.rebuilt
        assert not wrong(store, known)
    assert all(one.equal for one in store.facts.rebuild(verify=True))
    assert not wrong(store, known)


def test_an_update_with_nothing_new_writes_nothing(store: FactStore) -> None:
    store.append(events_of(1))
    assert store.facts.is_behind()
    store.facts.update()
    before = store.facts.last_update()
    assert not store.facts.is_behind()
    assert store.facts.update().events == 0
    assert store.facts.last_update() == before


def test_an_update_that_broke_off_anywhere_is_made_up_for(store: FactStore) -> None:
    events = events_of(3, 30)
    half = len(events) // 2
    store.append(events[:half])
    store.facts.update()
    store.append(events[half:])
    breaks = 0
    for at in (2, 11, 24, 60):
        broken = Broken(store.client, at)
        try:
            Facts(broken, store.clock).update()
        except RuntimeError:
            breaks += 1
    assert breaks == 4
    store.facts.ensure()
    store.facts.update()
    assert not wrong(store, events)


def test_a_rebuild_that_broke_off_leaves_the_facts_as_they_were(store: FactStore) -> None:
    events = events_of(4)
    store.append(events)
    store.facts.update()
    for at in (3, 26):
        with pytest.raises(RuntimeError):
            Facts(Broken(store.client, at), store.clock).rebuild()
        assert not wrong(store, events)
    store.facts.ensure()
    assert not [row for row in store.client.query("SHOW TABLES").result_rows if "__next" in row[0] or "staged" in row[0]]
    store.facts = Facts(store.client, store.clock)


def test_events_that_come_during_a_rebuild_are_in_it(store: FactStore) -> None:
    events = events_of(6)
    half = len(events) // 2
    store.append(events[:half])
    late = [events[half:]]

    def progress(done: float, _total: float | None, _note: str) -> None:
        if done and late:
            store.append(late.pop())

    store.facts.rebuild(progress)
    assert not wrong(store, events)
    assert not store.facts.is_behind()


def test_a_large_update_is_a_rebuild_and_gives_the_same(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "REBUILD_FROM_EVENTS", 10)
    events = events_of(7)
    store.append(events)
    assert "call" in store.facts.update().rebuilt
    assert not wrong(store, events)


def test_an_update_in_slices_gives_the_same(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched, "SLICE_SUBJECTS", 60)
    events = events_of(8)
    store.append(events)
    store.facts.update()
    assert not wrong(store, events)


def test_facts_made_by_other_sql_are_made_anew(store: FactStore) -> None:
    events = events_of(9)
    store.append(events)
    store.facts.update()
    store.client.command("TRUNCATE TABLE calls")
    assert not store.facts.is_behind()
    row = [99, NOW, "live", {f"{s}/{p}": end for (s, p), end in store.facts.positions().items()}, "another digest"]
    store.client.insert("facts_journal", [row], column_names=["seq", "at", "kind", "positions", "digest"])
    assert store.facts.is_behind()
    store.facts.update()
    assert not wrong(store, events)


def test_unused_tables_of_another_version_are_made_anew(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_of(9)
    store.append(events)
    for change in ("DROP COLUMN nature", "MODIFY COMMENT 'another digest'"):
        store.client.command(f"ALTER TABLE calls {change}")
    with monkeypatch.context() as control:
        control.setattr(schema, "digest", lambda: "another digest")  # as if the tables were this version's
        store.facts.ensure()
        with pytest.raises(DatabaseError, match="of columns"):
            store.facts.update()
    store.facts.ensure()
    store.facts.update()
    assert not wrong(store, events)


def test_a_correction_in_another_subject_takes_the_only_event_away(store: FactStore) -> None:
    ticket = next(e for e in events_of(10, 400) if e.type == "ticket.opened")
    first = replace(ticket, event_id=UUID(int=1), subject="wrong id")
    store.append([first])
    store.facts.update()
    right = replace(ticket, event_id=UUID(int=2), subject="right id", corrects=UUID(int=1))
    store.append([right])
    store.facts.update()
    assert [row["ticket"] for row in store.rows(next(f for f in FACTS if f.name == "tickets"))] == ["right id"]
    assert not wrong(store, [first, right])


def test_another_tenant_with_the_same_ids_is_not_touched_by_a_correction(store: FactStore) -> None:
    ticket = next(e for e in events_of(10, 400) if e.type == "ticket.opened")
    ours, theirs = (replace(ticket, event_id=UUID(int=1), subject="t", tenant=tenant) for tenant in ("t1", "t2"))
    right = replace(ours, event_id=UUID(int=2), corrects=UUID(int=1), vendor="v9")
    store.append([ours, theirs, right])
    store.facts.update()
    assert not wrong(store, [ours, theirs, right])


def test_each_partition_has_its_own_positions(store: FactStore) -> None:
    events = events_of(11)
    store.append(events)
    store.facts.update()
    store.client.command("INSERT INTO call SELECT * REPLACE ('t2' AS tenant, 1 AS partition, offset + 5 AS offset) FROM call")
    assert store.facts.is_behind()
    store.facts.update()
    others = [replace(event, tenant="t2") for event in events if event.stream == "call"]
    assert not wrong(store, events + others)
    assert {place[1] for place in store.facts.positions() if place[0] == "call"} == {0, 1}


def late_sign_out() -> tuple[list[Event], Event]:
    """A shift of three states, and a sign-out that came late and takes two of its spans away."""
    base = Base(Random(1), "shift", "s1", "t1")
    states = [base.event(ShiftStateChanged("a1", state), at) for state, at in (("talking", 100), ("idle", 200))]
    return [base.event(ShiftSignedIn("a1"), 0), *states], base.event(ShiftSignedOut("a1"), 50)


def test_a_late_event_takes_rows_away(store: FactStore) -> None:
    events, late = late_sign_out()
    store.append(events)
    store.facts.update()
    assert not wrong(store, events)
    store.append([late])
    store.facts.update()
    assert not wrong(store, [*events, late])


def test_without_tombstones_rows_that_are_gone_would_stay(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of live = rebuild."""
    monkeypatch.setattr(Stage, "_stage_tombstones", lambda *_: None)
    events, late = late_sign_out()
    store.append(events)
    store.facts.update()
    store.append([late])
    store.facts.update()
    assert wrong(store, [*events, late])


def _views_made(store: FactStore) -> int:
    """How many views an opening makes."""
    watched = Watched(store.client)
    Facts(watched, store.clock).ensure()
    return sum(" VIEW " in text for text in watched.said)


def test_views_are_made_again_only_where_they_would_be_others(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.facts.ensure()
    assert _views_made(store) == 0
    store.client.command("CREATE OR REPLACE VIEW call_events AS SELECT 1 AS spoilt COMMENT 'made of other SQL'")
    assert _views_made(store) == 1
    assert "spoilt" not in str(store.client.command("SHOW CREATE TABLE call_events"))
    monkeypatch.setattr(schema, "statements", lambda: ("a ledger table with one column more",))
    assert _views_made(store) > 10
    monkeypatch.undo()
    store.facts.ensure()
