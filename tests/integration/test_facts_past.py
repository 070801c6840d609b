"""The past stays as it was known: made from the present or from the ledger, table by table, when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from opsledger.infra.store import open_store
from opsledger.projections.facts import engine
from opsledger.projections.facts.engine import Facts
from opsledger.projections.facts.stage import Stage
from tests.fact_steps import Broken, events_of, told_in_steps, wrong
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


def test_the_past_can_be_seen_as_it_was_known(store: FactStore) -> None:
    steps = told_in_steps(13, 80, 3)
    for number, some in enumerate(steps):
        store.clock.at = NOW + timedelta(minutes=number)
        store.append(some)
        store.facts.update()
    then = steps[0] + steps[1]
    with store.facts.as_known_at(NOW + timedelta(minutes=1, seconds=30)) as past:
        past.make()
        assert not wrong(store, then)
        assert store.client.command("SELECT count() FROM call") == sum(event.stream == "call" for event in then)
    assert store.client.command("SELECT currentDatabase()") == "default"
    assert not wrong(store, then + steps[2])


@pytest.mark.parametrize("much", [0, 1 << 40])
def test_the_past_is_the_same_made_from_the_present_and_from_the_ledger(
    store: FactStore, monkeypatch: pytest.MonkeyPatch, much: int
) -> None:
    """Corrections that came after, subjects that did not exist yet, and an update that broke off are among what came after."""
    steps = told_in_steps(14, 80, 4)
    for number, some in enumerate(steps):
        store.clock.at = NOW + timedelta(minutes=number)
        store.append(some)
        if number < 3:
            store.facts.update()
    with pytest.raises(RuntimeError):
        Facts(Broken(store.client, 20), store.clock).update()
    monkeypatch.setattr(engine, "REBUILD_FROM_EVENTS", much)
    monkeypatch.setattr(engine, "REBUILD_SHARE", 1 << 40)
    for number in range(3):
        with store.facts.as_known_at(NOW + timedelta(minutes=number)) as past:
            past.make()
            assert not wrong(store, [event for some in steps[: number + 1] for event in some])
    store.facts = Facts(store.client, store.clock)
    store.facts.update()
    assert not wrong(store, [event for some in steps for event in some])


def test_a_past_table_is_made_when_a_query_names_it_and_not_before(store: FactStore) -> None:
    store.append(events_of(15))
    store.facts.update()
    with store.facts.as_known_at(NOW) as past:
        assert not tables_of(store, past.name)
        assert past.query("SELECT count() FROM tickets FINAL", parameters={}).first_row[0] > 0
        assert tables_of(store, past.name) == {"tickets"}
        past.query("SELECT subject FROM ticket WHERE subject = 'calls_of_old'")
        assert tables_of(store, past.name) == {"tickets"}
        past.query("SELECT l.call FROM `legs` AS l FINAL")
        assert "legs" in tables_of(store, past.name)
    assert not [row for row in store.client.query("SHOW DATABASES").result_rows if row[0].startswith("known_")]


def tables_of(store: FactStore, database: str) -> set[str]:
    found = store.client.query(f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE '%MergeTree'")
    return {row[0] for row in found.result_rows}


def test_a_past_that_only_takes_the_present_over_would_be_wrong(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without making again what came after, the past shows it."""
    steps = told_in_steps(16, 40, 2)
    for number, some in enumerate(steps):
        store.clock.at = NOW + timedelta(minutes=number)
        store.append(some)
        store.facts.update()
    monkeypatch.setattr(Stage, "update", lambda *_: None)
    with store.facts.as_known_at(NOW) as past:
        past.make()
        assert wrong(store, steps[0])


def test_before_the_first_update_nothing_was_known(store: FactStore) -> None:
    store.append(events_of(5))
    store.facts.update()
    with store.facts.as_known_at(NOW - timedelta(seconds=1)) as past:
        past.make()
        assert not any(store.stored().values())
