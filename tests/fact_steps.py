"""Histories told to a ledger step by step, a client that fails on the way, and what is wrong with the facts then."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from opsledger.domain.envelope import Event
from tests.fact_histories import histories
from tests.fact_store import FactStore, differences, folded


def told_in_steps(seed: int, subjects: int, steps: int) -> list[list[Event]]:
    """One or two events of each history a step, so that every step is a prefix of all histories at once."""
    columns = list(zip_longest(*histories(seed, subjects)))
    wide = -(-len(columns) // steps)
    return [
        [event for column in columns[first : first + wide] for event in column if event]
        for first in range(0, len(columns), wide)
    ]


def events_of(seed: int, subjects: int = 40) -> list[Event]:
    """All events of some histories."""
    return [event for history in histories(seed, subjects) for event in history]


def wrong(store: FactStore, events: list[Event]) -> str:
    """How the stored facts differ from those of the events; '' where they do not."""
    return differences(folded(events), store.stored(), events)


class Broken:
    """A client that fails at the n-th statement of an update, which the engine does not carry out any more."""

    def __init__(self, client: Any, at: int) -> None:
        self._client = client
        self.left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def command(self, *args: Any, **more: Any) -> Any:
        """Carry out, unless it is the turn of the one that fails."""
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("killed")
        return self._client.command(*args, **more)


class Watched:
    """A client that keeps the commands it was given."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.said: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def command(self, text: str, *args: Any, **more: Any) -> Any:
        """Carry out and keep."""
        self.said.append(text)
        return self._client.command(text, *args, **more)
