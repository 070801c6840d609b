"""Whoever begins to write the facts ends the turn of who did before, wherever that one is: nothing lost, nothing old left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.envelope import Event
from opsledger.infra.store import open_store
from opsledger.projections.facts import rebuild
from opsledger.projections.facts.engine import Facts
from opsledger.projections.facts.turn import Turn, TurnLost
from tests.fact_steps import events_of, wrong
from tests.fact_store import NOW, FactStore

EVERY = 11
"""Every so-manieth request is tried."""
STREAMS = {"call", "shift"}
"""Two will do: an update does the same for each."""
Act = Callable[[Facts], object]
When = Callable[[int, str], bool]
"""Whether it happens before this request of the writer: its number, its text."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with open_store(tmp_path_factory.mktemp("turn") / "data") as directory:
        made = FactStore(directory)
        made.facts.ensure()
        yield made


class Overtaken:
    """A client that lets something happen once, before one of its requests."""

    def __init__(self, client: Any, act: Callable[[], object]) -> None:
        self._client, self._act, self._number = client, act, 0
        self.when: When | None = None

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._client, name)
        return self._then(asked) if name in {"command", "query"} else asked

    def _then(self, asked: Callable[..., Any]) -> Callable[..., Any]:
        def carried_out(text: str, *args: Any, **more: Any) -> Any:
            if self.when:
                self._number += 1
                if self.when(self._number, text):
                    self.when = None
                    self._act()
            return asked(text, *args, **more)

        return carried_out


def overtaken(store: FactStore, act: Act, seed: int, when: When) -> tuple[bool, list[Event]]:
    """A writer acts and is overtaken by another, which finds more events. Whether it got so far; all events."""
    store.empty()
    store.clock.at = NOW
    events = [event for event in events_of(seed, 80) if event.stream in STREAMS]
    parts = [events[0::3], events[1::3], events[2::3]]
    other = Facts(store.client, store.clock)

    def overtake() -> None:
        for some in (parts[2][::2], parts[2][1::2]):  # twice: the journal's entries of the one cannot stand in for the other's
            store.append(some)
            other.update()

    client = Overtaken(store.client, overtake)
    one = Facts(client, store.clock)
    store.append(parts[0])
    one.update()
    store.append(parts[1])
    client.when = when
    with suppress(TurnLost):
        act(one)
    if client.when:
        return False, events
    other.update()
    assert not other.is_behind()
    return True, events


ACTS = [pytest.param(Facts.update, 1, id="an update"), pytest.param(Facts.rebuild, 2, id="a rebuild")]


@pytest.mark.parametrize(("act", "seed"), ACTS)
def test_who_is_overtaken_anywhere_leaves_nothing_old_behind(opened: FactStore, act: Act, seed: int) -> None:
    tried = 0
    for at in count(2, EVERY):
        came, events = overtaken(opened, act, seed, lambda number, _, at=at: number == at)  # type: ignore[misc]  # the loop's value
        if not came:
            break
        tried += 1
        assert not wrong(opened, events), at
    assert tried > 3


def test_who_is_overtaken_right_before_its_exchange_leaves_nothing_old_behind(opened: FactStore) -> None:
    came, events = overtaken(opened, Facts.rebuild, 3, before_the_exchange)
    assert came
    assert not wrong(opened, events)


def before_the_exchange(_: int, text: str) -> bool:
    return text.startswith("EXCHANGE TABLES")


def test_who_lost_the_turn_is_told_so_and_may_take_it_again(opened: FactStore) -> None:
    opened.empty()
    opened.append(events_of(3))
    one, other = Facts(opened.client, opened.clock), Facts(opened.client, opened.clock)
    one.update()
    other.update()
    with pytest.raises(TurnLost):
        one.rebuild()
    one.ensure()
    one.rebuild()
    with pytest.raises(TurnLost):
        other.rebuild()


def test_an_error_that_has_nothing_to_do_with_the_turn_stays_what_it_is(opened: FactStore) -> None:
    opened.empty()
    opened.append(events_of(4))
    opened.facts.ensure()
    opened.client.command("DROP TABLE calls")
    with pytest.raises(ClickHouseError, match="calls"):
        opened.facts.update()
    opened.facts.ensure()
    opened.facts.update()


def test_a_writer_that_is_not_ended_leaves_something_old_behind(opened: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the one before exchanges its tables, which are older than what the journal says."""
    monkeypatch.setattr(Turn, "check", lambda _: None)
    monkeypatch.setattr(rebuild, "drop_beside", lambda *_: None)
    others = "SELECT name FROM system.databases WHERE {prefix:String} = '' OR {ours:String} = ''"
    monkeypatch.setattr("opsledger.projections.facts.turn._OTHERS", others)
    came, events = overtaken(opened, Facts.rebuild, 3, before_the_exchange)
    assert came
    assert wrong(opened, events)
