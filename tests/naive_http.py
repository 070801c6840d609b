"""Stores for tests of the server alone: they take everything, or wait until they are told to go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from opsledger.domain.dead_letters import Outcome
from opsledger.domain.envelope import Position
from opsledger.ingest.http.item import Item
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.http.verdict import Verdict

PATIENCE_S = 60


def accept_all(items: Sequence[Item], _owners: Sequence[Owner]) -> list[Verdict]:
    """All accepted, at no place in particular."""
    return [Verdict(Outcome.ACCEPTED, Position("call", 0, index)) for index, _ in enumerate(items)]


class Gate:
    """Accepts all once it is open; ``groups`` are the sizes of what came together."""

    def __init__(self) -> None:
        self.opened, self.entered = threading.Event(), threading.Event()
        self.groups: list[int] = []

    def __call__(self, items: Sequence[Item], owners: Sequence[Owner]) -> list[Verdict]:
        self.groups.append(len(items))
        self.entered.set()
        assert self.opened.wait(PATIENCE_S)
        return accept_all(items, owners)


@contextmanager
def at_once(*calls: Callable[[], Any]) -> Iterator[list[Any]]:
    """Begin calls side by side; their results are there after the context."""
    results: list[Any] = []
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(call) for call in calls]
        yield results
        results += [future.result() for future in futures]


def until(what: Callable[[], object]) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
