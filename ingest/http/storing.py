"""A group of events, of any number of requests, judged and kept together; each gets its verdict only then.

1. Judge. Fails only by a defect: nothing is stored.
2. Dead letters. Fails, or the process dies: those stored are found known when the same bytes are sent again.
3. Events, stream by stream. Fails, or the process dies meanwhile: some may be in the log, nobody was told so, and the sender
   sends them again under the same ids, which every reader of the log takes once.
4. Verdicts. The process dies before they are sent: as 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from opsledger.domain.clock import Clock
from opsledger.domain.dead_letters import DeadLetter, Outcome, dead_letter_id
from opsledger.domain.envelope import Position
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk, DeadRecord
from opsledger.ingest.dedup import Dedup, Judge, Judged, TakesAll
from opsledger.ingest.http.item import Item
from opsledger.ingest.http.judging import LINE, Judging, Owner
from opsledger.ingest.http.places import Homes, one_home, places_of
from opsledger.ingest.http.references import References
from opsledger.ingest.http.verdict import Verdict
from opsledger.ingest.importer import Stores
from opsledger.ingest.same_content import same_content
from opsledger.ingest.tally import Settled, settle

FORMAT = "http"
"""Format (and file) of dead letters that came over HTTP."""


class Storing:
    """Stores groups, one at a time. With a ledger at hand it tells what is stored already; without one, readers see it."""

    def __init__(self, stores: Stores, clock: Clock, homes: Homes = one_home) -> None:
        self._stores, self._clock, self._homes = stores, clock, homes
        self._judging = Judging(Border(clock), lean=stores.ledger is None)
        self._references = References(stores.ledger)
        self._repeats: Judge = TakesAll() if stores.ledger is None else Dedup(stores.ledger, same_content, lambda: None)

    def store(self, items: Sequence[Item], owners: Sequence[Owner]) -> list[Verdict]:
        """The verdict on each item, all of them kept. UserError where the log or the letters cannot be written."""
        try:
            chunk = self._references.judged(self._judging.chunk(items, owners), items, owners)
            judged = self._repeats.judge(chunk)
            settled = settle(chunk, judged)
            letters = {record.record: self._letter(record, owners[record.record]) for record in settled.dead}
            if letters:
                self._stores.dead_letters.keep(list(letters.values()))
            places = dict(self._append(chunk, judged, settled))
        finally:
            self._repeats.flushed()
        return [_verdict(n, outcome, places, letters) for n, outcome in enumerate(settled.outcomes())]

    def _append(self, chunk: Chunk, judged: Judged, settled: Settled) -> Iterator[tuple[int, Position]]:
        """(item, place) of each event that is appended."""
        records = _records_kept(chunk, settled)
        for stream, table in judged.rows.kept(settled.keep, {}).items():
            spans = self._stores.log.append({stream: table})
            yield from zip(records[stream], places_of(spans, self._homes(stream, table)), strict=True)

    def _letter(self, record: DeadRecord, owner: Owner) -> DeadLetter:
        id_ = dead_letter_id(tenant=owner.tenant, source=owner.source, file=FORMAT, line=LINE, sha256=record.sha256)
        return DeadLetter(
            id=id_,
            tenant=owner.tenant,
            source=owner.source,
            format=FORMAT,
            file=FORMAT,
            line=LINE,
            mapping="",
            reason=str(record.reason),
            detail=record.detail,
            raw=record.raw,
            length=record.length,
            sha256=record.sha256,
            first_seen=self._clock.now(),
        )


def _records_kept(chunk: Chunk, settled: Settled) -> dict[str, list[int]]:
    """By stream: the items that the rows which are kept were made of; rows are numbered stream by stream."""
    kept: dict[str, list[int]] = {}
    start = 0
    for stream, table in chunk.events.items():
        mask = settled.keep[start : start + table.num_rows]
        start += table.num_rows
        kept[stream] = _column(table)[mask].tolist()
    return kept


def _column(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    column: np.ndarray[tuple[int], np.dtype[np.int64]] = table["record"].to_numpy()
    return column


def _verdict(item: int, outcome: Outcome, places: dict[int, Position], letters: dict[int, DeadLetter]) -> Verdict:
    if outcome is Outcome.DEAD:
        letter = letters[item]
        return Verdict(outcome, reason=letter.reason, detail=letter.detail, letter=letter.id)
    return Verdict(outcome, places.get(item))
