"""A live update passes over facts that the touched subjects cannot have rows of: by the types of their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from opsledger.domain.catalogue import TYPES
from opsledger.domain.envelope import Event
from opsledger.infra.store import open_store
from opsledger.projections.facts import stage
from opsledger.projections.facts.tables import FACTS, FactTable, facts_of
from tests.fact_steps import Watched, events_of, told_in_steps, wrong
from tests.fact_store import FactStore, folded

NARROW = [fact for fact in FACTS if fact.only]


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with open_store(tmp_path_factory.mktemp("facts") / "data") as directory:
        made = FactStore(directory)
        made.facts.ensure()
        yield made


@pytest.mark.parametrize("fact", NARROW, ids=lambda fact: fact.name)
def test_without_an_event_of_its_types_a_fact_has_no_rows(fact: FactTable) -> None:
    events = [event for seed in range(20) for event in events_of(seed)]
    assert set(fact.only) <= set(TYPES)
    assert folded(events)[fact.name]
    others = [event for event in events if event.data.TYPE not in fact.only]
    assert not folded(others)[fact.name]


def told(store: FactStore) -> list[Event]:
    """All the steps of some histories, live."""
    known: list[Event] = []
    for some in told_in_steps(11, 60, 4):
        store.append(some)
        known += some
        store.facts.update()
    return known


def test_facts_of_none_of_the_events_are_passed_over(store: FactStore) -> None:
    watched = Watched(store.client)
    types = ("call.offered", "call.queued", "call.ended")
    plain = [event for event in events_of(3) if event.data.TYPE in types and event.corrects is None]
    store.append(plain)
    store.facts._client = store.facts._stage._client = watched
    store.facts.update()
    assert not wrong(store, plain)
    assert not [text for text in watched.said for fact in NARROW if f"INSERT INTO `{fact.name}`" in text]
    assert [text for text in watched.said if "INSERT INTO `legs`" in text]


def test_a_fact_with_the_wrong_types_would_miss_rows(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of live = rebuild, and of passing over."""
    never = ("call.never",)
    monkeypatch.setattr(
        stage, "facts_of", lambda stream: tuple(replace(f, only=never) if f.only else f for f in facts_of(stream))
    )
    assert wrong(store, told(store))
