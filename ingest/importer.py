"""An import: an adapter's chunks become stored events, duplicates and dead letters, and every record is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from opsledger.domain.clock import Clock
from opsledger.domain.dead_letters import Outcome
from opsledger.domain.errors import UserError
from opsledger.domain.ports import DeadLetters, ImportJournal, ImportRun, Ledger, Log, Span
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.same_content import same_content
from opsledger.ingest.stages import Batch, Writer
from opsledger.ingest.tally import Tally
from opsledger.ingest.versions import SameContent

Progress = Callable[[Tally], None]
"""Called now and then in the importing thread with the counts of what is stored so far."""


@dataclass(frozen=True, slots=True)
class ImportSpec:
    """What is read and how: ``mapping`` is the mapping's digest, ``backfill`` that the records come late on purpose."""

    tenant: str
    source: str
    format: str
    file: str
    mapping: str = ""
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Stores:
    """Where an import goes. Without a ledger nothing is looked up: read = acknowledged + dead."""

    log: Log
    ledger: Ledger | None
    dead_letters: DeadLetters
    imports: ImportJournal


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How an import ended. The counts are of what is stored, also when it broke off."""

    id: UUID
    tally: Tally
    spans: Sequence[Span]
    seconds: float
    problem: UserError | None = None
    """What broke it off; the user can mend it and run the import again, which completes it."""
    interrupted: bool = False

    @property
    def records_per_second(self) -> float:
        """Records read in a second."""
        return self.tally.read / self.seconds if self.seconds else 0.0


def counts_of(tally: Tally) -> dict[str, Any]:
    """What an import's record says of its counts."""
    return {
        "read": tally.read,
        "accepted": tally.accepted,
        "duplicate": tally.duplicate,
        "dead": tally.dead,
        "events": tally.events,
        "events_duplicate": tally.events_duplicate,
        "corrected": tally.corrected,
        "reasons": dict(tally.reasons),
    }


class _Entry:
    """An import's entry in the journal, written anew with every change."""

    def __init__(self, journal: ImportJournal, run: ImportRun) -> None:
        self._journal = journal
        self.run = run
        journal.write(run)

    def change(self, **values: Any) -> None:
        """Store the state that the import has reached."""
        self.run = replace(self.run, **values)
        self._journal.write(self.run)


class Importer:
    """Runs imports into one set of stores; one at a time.

    At any moment of a run, also when the process is killed, what ``progress`` or the result counted is stored, and a
    second run over the same input completes it and adds nothing twice; without a ledger, nothing that counts twice.
    """

    def __init__(self, stores: Stores, clock: Clock, *, compare: SameContent = same_content) -> None:
        self._stores = stores
        self._clock = clock
        self._compare = compare

    def run(self, chunks: Iterable[Chunk], spec: ImportSpec, progress: Progress | None = None) -> ImportResult:
        """Import chunks to their end, to the first UserError (kept in the result) or to Ctrl-C (likewise)."""
        started, begun = self._clock.now(), monotonic()
        record = ImportRun(
            uuid4(), spec.tenant, spec.source, spec.format, spec.file, spec.mapping, spec.backfill, started, started, "running"
        )
        entry = _Entry(self._stores.imports, record)
        writer = Writer(self._stores, self._clock, spec, self._compare)
        problem, interrupted = _fed(writer, _noted(chunks, entry), progress)
        result = ImportResult(record.id, writer.tally, writer.spans, monotonic() - begun, problem, interrupted)
        self._close(entry, result)
        return result

    def redo(self, chunks: Iterable[Chunk], spec: ImportSpec) -> list[tuple[Outcome, str, str]]:
        """Import dead letters' records again: (outcome, reason, detail) of each record, in order.

        Nothing becomes a dead letter a second time: what is refused is told, not kept.
        """
        batch = Batch(self._stores, self._clock, spec, self._compare, keep_dead=False)
        told: list[tuple[Outcome, str, str]] = []
        for chunk in chunks:
            settled = batch.take(chunk)
            why = {record.record: (str(record.reason), record.detail) for record in settled.dead}
            told += [(outcome, *why.get(index, ("", ""))) for index, outcome in enumerate(settled.outcomes())]
        batch.flush()
        return told

    def _close(self, entry: _Entry, result: ImportResult) -> None:
        tally = result.tally
        state = "interrupted" if result.interrupted else "broken" if result.problem else "finished"
        try:
            entry.change(
                at=self._clock.now(),
                state=state,
                problem=str(result.problem or ""),
                **counts_of(tally),
            )
        except UserError:
            # Where the disk is full the journal cannot be written either; the user is told of the first problem.
            if result.problem is None:
                raise


def _noted(chunks: Iterable[Chunk], entry: _Entry) -> Iterator[Chunk]:
    """The chunks; a table's columns go on record before its first row is stored or dead."""
    for chunk in chunks:
        if chunk.columns and not entry.run.columns:
            entry.change(columns=chunk.columns)
        yield chunk


def _fed(writer: Writer, chunks: Iterable[Chunk], progress: Progress | None) -> tuple[UserError | None, bool]:
    """Give chunks to the writer; whatever ends them, what was given before is stored. (problem, interrupted)"""
    problem: UserError | None = None
    interrupted = False
    try:
        try:
            for chunk in chunks:
                writer.put(chunk)
                if progress:
                    progress(writer.tally)
        except UserError as error:
            problem = error
        except KeyboardInterrupt:
            interrupted = True
        writer.finish()
    except UserError as error:
        problem = error
    finally:
        writer.stop()
    if progress:
        progress(writer.tally)
    return problem, interrupted
