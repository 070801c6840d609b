"""The steps of an import after the adapter: judge, settle, store; in a thread of their own, so that reading goes on."""

from __future__ import annotations

from collections import defaultdict
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING

import pyarrow as pa

from opsledger.domain.clock import Clock
from opsledger.domain.dead_letters import DeadLetter, dead_letter_id
from opsledger.domain.ports import Span
from opsledger.ingest.chunk import Chunk, DeadRecord
from opsledger.ingest.dedup import Dedup, Judge, TakesAll
from opsledger.ingest.tally import Settled, Tally, settle
from opsledger.ingest.versions import SameContent

if TYPE_CHECKING:
    from opsledger.ingest.importer import ImportSpec, Stores

FLUSH_EVENTS = 75_000
FLUSH_BYTES = 64 * 1024 * 1024
"""What has been judged is stored when so much has come together: the fewer inserts, the less the engine has to merge."""
_QUEUED_CHUNKS = 1


class Batch:
    """Judges chunks and stores what is new of them, some chunks at a time.

    Order of the stores, and what a crash after each leaves: (1) dead letters: they are found stored by the next run;
    (2) events, stream by stream: those stored are duplicates for the next run; (3) the counts: only now does anybody
    hear of these records. ``judge``: one that goes on from batch to batch; its flush has to be this one's.
    """

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        spec: ImportSpec,
        compare: SameContent,
        *,
        keep_dead: bool = True,
        judge: Judge | None = None,
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._spec = spec
        self._keep_dead = keep_dead
        self._dedup = judge or (TakesAll() if stores.ledger is None else Dedup(stores.ledger, compare, self.flush))
        self._tables: dict[str, list[pa.Table]] = defaultdict(list)
        self._dead: list[DeadRecord] = []
        self._waiting = Tally()
        self._bytes = 0
        self.tally = Tally()
        self.spans: list[Span] = []

    def take(self, chunk: Chunk) -> Settled:
        """Judge a chunk; what is new of it is stored by a ``flush``, which this does when enough has come together."""
        judged = self._dedup.judge(chunk)
        settled = settle(chunk, judged)
        for stream, table in judged.rows.kept(settled.keep, judged.replaced).items():
            self._tables[stream].append(table)
            self._bytes += table.nbytes
        if self._keep_dead:
            self._dead += settled.dead
            self._bytes += sum(len(record.raw) for record in settled.dead)
        self._waiting.add(settled.tally)
        if self._waiting.events >= FLUSH_EVENTS or self._bytes >= FLUSH_BYTES:
            self.flush()
        return settled

    def flush(self) -> None:
        """Store what has been judged, then count it. UserError where it cannot be stored."""
        self._stores.dead_letters.keep([self._letter(record) for record in self._dead])
        for stream in list(self._tables):
            # Nothing here holds on to the rows while they are stored: the log makes the copies that it needs.
            self.spans += self._stores.log.append(
                {stream: pa.concat_tables(self._tables.pop(stream))}, backfill=self._spec.backfill
            )
        self.tally = _sum(self.tally, self._waiting)
        self.tally.check()
        self._dead.clear()
        self._waiting, self._bytes = Tally(), 0
        self._dedup.flushed()

    def _letter(self, record: DeadRecord) -> DeadLetter:
        spec = self._spec
        id_ = dead_letter_id(tenant=spec.tenant, source=spec.source, file=spec.file, line=record.line, sha256=record.sha256)
        return DeadLetter(
            id=id_,
            tenant=spec.tenant,
            source=spec.source,
            format=spec.format,
            file=spec.file,
            line=record.line,
            mapping=spec.mapping,
            reason=str(record.reason),
            detail=record.detail,
            raw=record.raw,
            length=record.length,
            sha256=record.sha256,
            first_seen=self._clock.now(),
        )


class Writer:
    """A batch in a thread of its own behind a queue of one chunk: the engine works while the next chunk is read."""

    def __init__(
        self, stores: Stores, clock: Clock, spec: ImportSpec, compare: SameContent, judge: Judge | None = None
    ) -> None:
        self._batch = Batch(stores, clock, spec, compare, judge=judge)
        self._queue: Queue[Chunk | None] = Queue(_QUEUED_CHUNKS)
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._work, name="import-writer", daemon=True)
        self._thread.start()

    @property
    def tally(self) -> Tally:
        """The counts of what is stored: a value of its own, not changed later."""
        return self._batch.tally

    def flush(self) -> None:
        """Store what was judged; for the judge alone, in the writer's own thread."""
        self._batch.flush()

    @property
    def spans(self) -> list[Span]:
        """The places of what is stored."""
        return self._batch.spans

    def put(self, chunk: Chunk) -> None:
        """Hand on a chunk; raises what went wrong with an earlier one."""
        self._raise()
        self._queue.put(chunk)

    def finish(self) -> None:
        """Store what was handed on; raises what went wrong with any of it."""
        self.stop()
        self._raise()

    def stop(self) -> None:
        """End the thread after what was handed on. Harmless when done twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (chunk := self._queue.get()) is not None:
            if self._failure is None:
                self._guarded(chunk)
        if self._failure is None:
            self._guarded(None)

    def _guarded(self, chunk: Chunk | None) -> None:
        try:
            if chunk is None:
                self._batch.flush()
            else:
                self._batch.take(chunk)
        except BaseException as error:  # noqa: BLE001  raised again in the thread that imports
            self._failure = error


def _sum(one: Tally, other: Tally) -> Tally:
    total = Tally()
    total.add(one)
    total.add(other)
    return total
