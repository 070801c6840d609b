"""What a reader counts: one row for each place, one for each event, nothing that was corrected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.clock import FixedClock
from opsledger.infra.store import Store, open_store
from opsledger.projections.ledger.tables import columns
from tests.ledger_samples import NOW, calls, line, tables
from tests.new_ledger import new_ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


def once(store: Store) -> list[bytes]:
    query = "SELECT payload FROM call_once ORDER BY occurred_at"
    return [p for (p,) in store.client.query(query, column_formats={"payload": "bytes"}).result_rows]


def test_every_stream_has_its_view_with_all_its_columns(store: Store) -> None:
    for stream in STREAMS:
        names = store.client.query(
            f"SELECT name FROM system.columns WHERE table = '{stream}_once' ORDER BY position"
        ).result_rows
        assert [name for (name,) in names] == [name for name, _ in columns(stream)]


def test_an_event_that_was_appended_twice_counts_once(store: Store) -> None:
    store.log.append(tables(calls(5)))
    store.log.append(tables(calls(5)))
    assert once(store) == calls(5)
    assert store.client.command("SELECT count() FROM call") == 10, "without the view everything would count twice"


def test_a_place_that_was_stored_twice_counts_once(store: Store) -> None:
    store.log.append(tables(calls(5)))
    store.client.command("INSERT INTO call SELECT * FROM call")
    assert once(store) == calls(5)


def test_of_copies_of_an_event_the_first_in_the_log_counts(store: Store) -> None:
    store.log.append(tables([line("a", data={"queue": "first"})]))
    store.log.append(tables([line("a", data={"queue": "second"})]))
    assert once(store) == [line("a", data={"queue": "first"})]


def test_a_corrected_event_does_not_count_whatever_the_order_in_the_log(store: Store) -> None:
    old, new = line("old"), line("new", corrects="PLACE")
    new = new.replace(b"PLACE", old.split(b'"id": "')[1][:36])
    store.log.append(tables([new]))
    store.log.append(tables([old]))
    assert once(store) == [new]
