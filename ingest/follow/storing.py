"""Stores what a turn reads, and hears of it only when it is safe; what is known already is remembered from turn to turn."""

from __future__ import annotations

from collections.abc import Iterable

from opsledger.domain.clock import Clock
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.dedup import Dedup, Judge, TakesAll
from opsledger.ingest.importer import ImportSpec, Stores
from opsledger.ingest.same_content import same_content
from opsledger.ingest.stages import Writer
from opsledger.ingest.tally import Tally


class Storing:
    """One for all files that are followed into the same stores: what one of them brought is known of the others.

    After an error a new one has to be made: this one does not know what was stored.
    """

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores, self._clock = stores, clock
        self._writer: Writer | None = None
        self._judge: Judge = TakesAll() if stores.ledger is None else Dedup(stores.ledger, same_content, self._flush)

    def store(self, chunks: Iterable[Chunk], spec: ImportSpec) -> Tally:
        """Store the chunks; returns their counts once all of it is acknowledged. UserError where it could not be."""
        self._writer = writer = Writer(self._stores, self._clock, spec, same_content, self._judge)
        try:
            for chunk in chunks:
                writer.put(chunk)
            writer.finish()
        finally:
            writer.stop()
        return writer.tally

    def _flush(self) -> None:
        if self._writer is not None:
            self._writer.flush()
