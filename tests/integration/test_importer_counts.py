"""An import counts every record once, stores every event once, and says so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.infra.store import Store, open_store
from opsledger.ingest import dedup
from opsledger.ingest.chunk import Chunk, Reason
from opsledger.ingest.importer import ImportResult
from opsledger.ingest.tally import Tally
from tests.ledger_samples import NOW, calls, chunks, importer, line, spec, tables
from tests.new_ledger import new_ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


def run(store: Store, lines: list[bytes], size: int = 1_000) -> ImportResult:
    result = importer(store).run(chunks(lines, size), spec())
    assert result.problem is None
    return result


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    tally = result.tally
    assert tally.read == tally.accepted + tally.duplicate + tally.dead
    return tally.read, tally.accepted, tally.duplicate, tally.dead


def stored(store: Store) -> list[bytes]:
    rows = store.client.query("SELECT payload FROM call ORDER BY offset", column_formats={"payload": "bytes"}).result_rows
    return [payload for (payload,) in rows]


def test_a_first_import_accepts_everything(store: Store) -> None:
    lines = calls(2_500)
    assert counts(run(store, lines)) == (2_500, 2_500, 0, 0)
    assert stored(store) == lines


def test_reading_the_same_file_again_adds_nothing(store: Store) -> None:
    lines = calls(2_500)
    run(store, lines)
    assert counts(run(store, lines)) == (2_500, 0, 2_500, 0)
    assert stored(store) == lines


def test_a_longer_file_adds_what_is_new_in_it(store: Store) -> None:
    run(store, calls(1_200))
    assert counts(run(store, calls(2_000))) == (2_000, 800, 1_200, 0)
    assert stored(store) == calls(2_000)


@pytest.mark.parametrize("size", [3, 100, 1_000])
def test_a_line_that_is_repeated_in_one_file_counts_as_duplicate(store: Store, size: int) -> None:
    lines = calls(300)
    repeated = lines + lines[:100] + lines[250:]
    assert counts(run(store, repeated, size)) == (450, 300, 150, 0)
    assert sorted(stored(store)) == sorted(lines)


def test_the_same_event_written_otherwise_is_a_duplicate(store: Store) -> None:
    run(store, [line("a")])
    reordered = (
        b'{"tenant":"t1","data":{"queue":"q1"},' + line("a").replace(b'"tenant": "t1", "data": {"queue": "q1"}}', b"")[1:]
    )
    other_offset = line("a", time="2026-01-05T17:00:00+08:00")
    again = [reordered.rstrip(b", ") + b"}", other_offset]
    assert counts(run(store, again)) == (2, 0, 2, 0)


def test_the_same_id_with_other_content_is_a_dead_letter_with_the_whole_record(store: Store) -> None:
    run(store, [line("a")])
    other = line("a", data={"queue": "q2"})
    assert counts(run(store, [line("b"), other])) == (2, 1, 0, 1)
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    assert (letter.reason, letter.raw, letter.line) == (Reason.CONFLICT, other, 2)
    assert stored(store) == [line("a"), line("b")]


def test_other_content_in_an_attribute_of_the_sender_is_a_conflict_too(store: Store) -> None:
    run(store, [line("a", trunk="1")])
    assert counts(run(store, [line("a", trunk="2")])) == (1, 0, 0, 1)


@pytest.mark.parametrize("size", [1, 2, 10])
def test_of_two_contents_in_one_file_the_first_is_stored(store: Store, size: int) -> None:
    lines = [line("a"), line("a", data={"queue": "q2"}), line("a"), line("b")]
    assert counts(run(store, lines, size)) == (4, 2, 1, 1)
    assert stored(store) == [line("a"), line("b")]


def test_the_same_id_in_another_stream_is_a_conflict(store: Store) -> None:
    run(store, [line("a")])
    fault = line("a", type_="fault.raised", data={"system": "ivr", "kind": "outage", "severity": "major"})
    assert counts(run(store, [fault])) == (1, 0, 0, 1)


def two_events(first: bytes, second: bytes) -> Chunk:
    """A chunk of one record that two events were made from."""
    return Chunk(1, tables([first, second], [0, 0]))


def test_a_record_is_dead_as_a_whole_when_one_of_its_events_is_refused(store: Store) -> None:
    run(store, [line("a")])
    result = importer(store).run([two_events(line("x"), line("a", data={"queue": "q9"}))], spec())
    assert counts(result) == (1, 0, 0, 1)
    assert stored(store) == [line("a")]
    assert result.tally.events == 0


def test_a_record_is_accepted_when_one_of_its_events_is_new(store: Store) -> None:
    run(store, [line("a")])
    result = importer(store).run([two_events(line("a"), line("x"))], spec())
    assert counts(result) == (1, 1, 0, 0)
    assert (result.tally.events, result.tally.events_duplicate) == (1, 1)


def test_an_event_of_a_dead_record_is_not_known_after_it(store: Store) -> None:
    run(store, [line("a")])
    rows = tables([line("x"), line("a", data={"queue": "q9"}), line("x")], [0, 0, 1])
    assert counts(importer(store).run([Chunk(2, rows)], spec())) == (2, 1, 0, 1)
    assert stored(store) == [line("a"), line("x")]


def test_a_refused_record_becomes_a_dead_letter_and_is_counted_by_reason(store: Store) -> None:
    lines = [line("a"), b"not json at all", line("b", type_="call.sung"), line("c", data={})]
    result = run(store, lines)
    assert counts(result) == (4, 1, 0, 3)
    assert result.tally.reasons == {"not_json": 1, "unknown_type": 1, "invalid": 1}
    letters = store.dead_letters.list(DeadLetterFilter())
    assert [(letter.line, letter.raw) for letter in letters] == [(2, lines[1]), (3, lines[2]), (4, lines[3])]
    assert all((letter.tenant, letter.source, letter.file) == ("t1", "sim:test", "test.jsonl") for letter in letters)


def test_reading_a_refused_record_again_adds_no_dead_letter(store: Store) -> None:
    run(store, [b"bad", line("a"), b"bad"])
    assert counts(run(store, [b"bad", line("a"), b"bad"])) == (3, 0, 1, 2)
    assert len(store.dead_letters.list(DeadLetterFilter())) == 2


def test_the_filter_takes_over_in_a_large_import_and_nothing_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run(store, calls(400))
    monkeypatch.setattr(dedup, "EXACT_EVENTS", 250)
    chance = random.Random(7)
    lines = calls(1_500)
    chance.shuffle(lines)
    assert counts(run(store, lines + lines[:300], size=100)) == (1_800, 1_100, 700, 0)
    assert sorted(stored(store)) == sorted(lines)


def test_a_full_filter_suspects_everything_and_still_nothing_is_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Suspicious(dedup.Seen):
        def maybe(self, digests: dedup.Words) -> dedup.NDArray[dedup.np.bool_]:
            return super().maybe(digests) | True

    monkeypatch.setattr(dedup, "Seen", Suspicious)
    assert counts(run(store, calls(900) + calls(10), size=100)) == (910, 900, 10, 0)


def test_without_the_lookup_the_counts_would_be_wrong(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: what the tests above would see if the importer believed everything to be new."""
    run(store, calls(50))
    empty = pa.table({"row": pa.array([], pa.uint32()), "same": pa.array([], pa.uint8())})
    monkeypatch.setattr(type(store.ledger), "stored", lambda self, asked: empty)
    assert counts(run(store, calls(50))) == (50, 50, 0, 0)
    assert len(stored(store)) == 100


def test_an_empty_input_is_an_import_of_nothing(store: Store) -> None:
    assert counts(run(store, [])) == (0, 0, 0, 0)


def test_a_chunk_that_loses_a_record_is_refused_as_a_fault_of_the_adapter(store: Store) -> None:
    with pytest.raises(RuntimeError, match="record 1 of a chunk has no end"):
        importer(store).run([Chunk(2, tables([line("a")]))], spec())


def test_counts_that_do_not_add_up_are_a_fault_of_the_program() -> None:
    with pytest.raises(RuntimeError, match="do not add up"):
        Tally(read=3, accepted=1, duplicate=1).check()


def test_the_import_is_on_record_with_its_counts_and_its_backfill_mark(store: Store) -> None:
    importer(store).run(chunks([line("a"), b"bad"]), spec(backfill=True, mapping="m1"))
    (record,) = store.imports.runs()
    assert (record.state, record.backfill, record.mapping) == ("finished", True, "m1")
    assert (record.read, record.accepted, record.dead, record.reasons) == (2, 1, 1, {"not_json": 1})
    assert store.client.command("SELECT countIf(backfill) FROM call") == 1


def test_the_progress_counts_only_what_is_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsledger.ingest.stages.FLUSH_EVENTS", 100)
    seen: list[tuple[int, int]] = []
    told = lambda tally: seen.append((tally.events, store.client.command("SELECT count() FROM call")))  # noqa: E731
    importer(store).run(chunks(calls(500), 50), spec(), progress=told)
    assert seen[-1] == (500, 500)
    assert all(said <= there for said, there in seen)
