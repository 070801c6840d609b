"""The three policies for an id that is known with other content: conflict, keep the first, correct."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.infra.store import Store, open_store
from opsledger.ingest.chunk import Chunk, OnChange
from opsledger.ingest.tally import Tally
from tests.ledger_samples import NOW, chunks, importer, line, spec
from tests.new_ledger import new_ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


def version(n: int, **more: object) -> bytes:
    return line("row", data={"queue": f"q{n}"}, **more)


def read(store: Store, lines: list[bytes], policy: OnChange, size: int = 1_000) -> Tally:
    result = importer(store).run(chunks(lines, size, policy), spec())
    assert result.problem is None
    return result.tally


def counts(tally: Tally) -> tuple[int, int, int, int]:
    return tally.read, tally.accepted, tally.duplicate, tally.dead


def counted(store: Store) -> list[str]:
    return [queue for (queue,) in store.client.query("SELECT queue FROM call_once ORDER BY queue").result_rows]


def test_a_conflict_is_dead_by_default(store: Store) -> None:
    read(store, [version(1)], OnChange.CONFLICT)
    assert counts(read(store, [version(2)], OnChange.CONFLICT)) == (1, 0, 0, 1)
    assert counted(store) == ["q1"]


def test_keep_the_first_takes_other_content_for_a_duplicate(store: Store) -> None:
    read(store, [version(1)], OnChange.KEEP_FIRST)
    assert counts(read(store, [version(2), version(1)], OnChange.KEEP_FIRST)) == (2, 0, 2, 0)
    assert counted(store) == ["q1"]
    assert not store.dead_letters.list(DeadLetterFilter())


@pytest.mark.parametrize("size", [1, 1_000])
def test_a_correction_takes_the_place_of_the_newest(store: Store, size: int) -> None:
    tally = read(store, [version(1), version(2), version(3)], OnChange.CORRECT, size)
    assert (counts(tally), tally.corrected) == ((3, 3, 0, 0), 2)
    assert counted(store) == ["q3"]
    assert store.client.command("SELECT count() FROM call") == 3


def test_corrections_go_on_where_an_earlier_import_ended(store: Store) -> None:
    for n in (1, 2, 3, 4):
        assert counts(read(store, [version(n)], OnChange.CORRECT)) == (1, 1, 0, 0)
        assert counted(store) == [f"q{n}"]


def test_reading_a_corrected_row_again_adds_nothing(store: Store) -> None:
    every = [version(1), version(2), version(3)]
    read(store, every, OnChange.CORRECT)
    for again in ([version(3)], [version(2)], [version(1)], every):
        assert counts(read(store, again, OnChange.CORRECT)) == (len(again), 0, len(again), 0)
    assert counted(store) == ["q3"]


def test_a_corrected_row_that_is_written_otherwise_adds_nothing(store: Store) -> None:
    read(store, [version(1), version(2)], OnChange.CORRECT)
    otherwise = version(2).replace(b'"type": ', b'"type":')
    assert counts(read(store, [otherwise], OnChange.CORRECT)) == (1, 0, 1, 0)


def test_a_correction_names_what_it_corrects_in_payload_and_column(store: Store) -> None:
    read(store, [version(1, trunk="7", cost=0.10), version(2, trunk="7", cost=0.10)], OnChange.CORRECT)
    query = "SELECT event_id, corrects, payload FROM call ORDER BY offset"
    (first, second) = store.client.query(query, column_formats={"payload": "bytes"}).result_rows
    event = msgspec.json.decode(second[2])
    assert (event["id"], event["corrects"]) == (str(second[0]), str(first[0]))
    assert second[1] == first[0]
    assert (event["trunk"], event["cost"], event["data"]) == ("7", 0.1, {"queue": "q2"})


def test_corrections_of_many_rows_do_not_mix(store: Store) -> None:
    first = [line(f"r{n}", data={"queue": "old"}) for n in range(200)]
    second = [line(f"r{n}", data={"queue": f"new{n % 3}" if n % 2 else "old"}) for n in range(200)]
    read(store, first, OnChange.CORRECT)
    tally = read(store, second, OnChange.CORRECT)
    assert (counts(tally), tally.corrected) == ((200, 100, 100, 0), 100)
    assert counted(store) == sorted(f"new{n % 3}" if n % 2 else "old" for n in range(200))


def timed(n: int, at_s: float) -> bytes:
    return version(n, at_s=at_s)


@pytest.mark.parametrize("size", [1, 1_000])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)])
def test_the_one_that_happened_later_counts_in_whichever_order_they_come(
    store: Store, size: int, order: tuple[int, ...]
) -> None:
    read(store, [timed(n, at_s=n) for n in order], OnChange.LATER, size)
    assert counted(store) == ["q3"]
    assert counts(read(store, [timed(n, at_s=n) for n in order], OnChange.LATER)) == (3, 0, 3, 0)


@pytest.mark.parametrize(("policy", "counts_now"), [(OnChange.LATER, "q1"), (OnChange.NOT_EARLIER, "q2")])
def test_of_one_second_the_first_counts_or_the_one_that_is_not_earlier(store: Store, policy: OnChange, counts_now: str) -> None:
    read(store, [timed(1, at_s=5.9), timed(2, at_s=5)], policy)
    assert counted(store) == [counts_now]


def test_the_strictest_policy_of_an_ids_rows_decides_what_is_looked_up(store: Store) -> None:
    """A row that is kept first behind one that corrects: the corrections known before are still found."""
    read(store, [version(1), version(2)], OnChange.CORRECT)
    both = [*chunks([version(3)], policy=OnChange.CORRECT), *chunks([version(4)], policy=OnChange.KEEP_FIRST)]
    tables = [chunk.events["call"] for chunk in both]
    tables[1] = tables[1].set_column(tables[1].schema.get_field_index("record"), "record", pa.array([1], pa.int64()))
    result = importer(store).run([Chunk(2, {"call": pa.concat_tables(tables)})], spec())
    assert counts(result.tally) == (2, 1, 1, 0)
    assert counted(store) == ["q3"]
