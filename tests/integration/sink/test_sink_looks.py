"""A sink that was held up between its look at the ledger and its insert looks again before it inserts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from opsledger.domain.ports import Span
from opsledger.infra.store import Store
from opsledger.projections.ledger import sink_writer
from opsledger.projections.ledger.local_log import _placed
from opsledger.projections.ledger.plan import Why
from opsledger.projections.ledger.sink_writer import MAX_LOOKS, Reading, SinkWriter
from tests.ledger_samples import NOW, calls, tables

TOPIC = "ops.call"
ROWS = 40


def reading(first: int = 0, stop: int = ROWS) -> Reading:
    """Calls at consecutive offsets of a partition."""
    rows = tables(calls(stop - first, first=first))["call"]
    placed = _placed(rows, Span(TOPIC, 0, first, stop - first), NOW, backfill=False)
    return Reading("call", TOPIC, placed, {0: (first, stop)})


def writer(store: Store, *, look_holds_s: float) -> SinkWriter:
    made = SinkWriter(store.client, look_holds_s=look_holds_s)
    made.begin({(TOPIC, 0): 0})
    return made


def rows_and_places(store: Store) -> tuple[int, int]:
    row: Any = store.client.query("SELECT count(), uniqExact(partition, offset) FROM call").first_row
    return row[0], row[1]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen once, after the look, while the rows are made ready to be sent."""
    ready = sink_writer.block_of

    def arrange(what: Callable[[], object]) -> None:
        def held_up(table: Any) -> Any:
            monkeypatch.setattr(sink_writer, "block_of", ready)
            what()
            return ready(table)

        monkeypatch.setattr(sink_writer, "block_of", held_up)

    return arrange


def other(store: Store, stop: int) -> Callable[[], object]:
    """Another sink that has taken the place, and stores up to an offset."""
    return lambda: writer(store, look_holds_s=60).write(reading(stop=stop))


@pytest.mark.parametrize("stop", [ROWS // 4, ROWS, 2 * ROWS])
def test_who_was_held_up_finds_its_place_taken_and_stores_nothing(store: Store, meanwhile: Any, stop: int) -> None:
    meanwhile(other(store, stop))
    written = writer(store, look_holds_s=0).write(reading())
    assert (written.stored, written.rejected) == (0, {0: Why.MOVED})
    assert rows_and_places(store) == (stop, stop)


def test_without_a_second_look_its_rows_are_stored_once_more(store: Store, meanwhile: Any) -> None:
    """Negative control."""
    meanwhile(other(store, ROWS))
    assert writer(store, look_holds_s=float("inf")).write(reading()).stored == ROWS
    assert rows_and_places(store) == (2 * ROWS, ROWS)


def test_who_is_slow_and_alone_looks_some_times_and_stores_all_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, seen = [], SinkWriter._seen

    def counted(self: SinkWriter, given: Reading) -> dict[int, int]:
        looks.append(given)
        return seen(self, given)

    monkeypatch.setattr(SinkWriter, "_seen", counted)
    slow = writer(store, look_holds_s=0)
    assert slow.write(reading()).stored == ROWS
    assert len(looks) == MAX_LOOKS
    assert slow.write(reading(ROWS, 2 * ROWS)).stored == ROWS
    assert rows_and_places(store) == (2 * ROWS, 2 * ROWS)


def test_of_two_partitions_only_the_one_that_was_taken_is_left_alone(store: Store, meanwhile: Any) -> None:
    """What was made ready before is made anew without its rows."""
    parts = [_placed(tables(calls(ROWS, first=100 * n))["call"], Span(TOPIC, n, 0, ROWS), NOW, backfill=False) for n in (0, 1)]
    both = Reading("call", TOPIC, pa.concat_tables(parts), {0: (0, ROWS), 1: (0, ROWS)})
    sink = writer(store, look_holds_s=0)
    sink.begin({(TOPIC, 1): 0})
    meanwhile(other(store, ROWS))
    written = sink.write(both)
    assert (written.stored, written.rejected) == (ROWS, {0: Why.MOVED})
    assert rows_and_places(store) == (2 * ROWS, 2 * ROWS)
