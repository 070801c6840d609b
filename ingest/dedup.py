"""What of a chunk is new: first by a filter that never forgets, then by exact look-ups, at last by comparing contents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opsledger.domain.ports import Ledger
from opsledger.ingest.chunk import Chunk, OnChange
from opsledger.ingest.rows import Replacement, Rows
from opsledger.ingest.seen import Seen, Words, digests
from opsledger.ingest.versions import Conflict, SameContent, Versions

EXACT_EVENTS = 200_000
"""Into a ledger that holds events already, so many are looked up one by one before the filter is filled."""

Rownumbers = NDArray[np.int64]


class Verdict(IntEnum):
    """What becomes of an event."""

    NEW = 0
    DUPLICATE = 1


@dataclass(slots=True)
class Judged:
    """Verdicts by row; ``replaced`` rows are stored as corrections; ``conflicts`` are dead records with the reason."""

    rows: Rows
    verdicts: NDArray[np.int8]
    replaced: dict[int, Replacement] = field(default_factory=dict)
    conflicts: dict[int, str] = field(default_factory=dict)


class Dedup:
    """Judges chunks in order. Events judged new and not stored yet are ``pending``: ``flush`` must store them.

    The ledger knows only what is stored; when a chunk may repeat a pending event, ``flush`` is called first.
    """

    def __init__(self, ledger: Ledger, same_content: SameContent, flush: Callable[[], None]) -> None:
        self._ledger = ledger
        self._same_content = same_content
        self._flush = flush
        self._pending: list[Words] = []
        self._judged = 0
        self._seen: Seen | None = None if ledger.event_count() else Seen()

    def flushed(self) -> None:
        """Everything judged so far is stored."""
        self._pending.clear()

    def judge(self, chunk: Chunk) -> Judged:
        """The verdicts on a chunk's events."""
        rows = Rows(chunk)
        judged = Judged(rows, np.full(len(rows), Verdict.NEW, np.int8))
        self._prepare(len(rows))
        repeated = _repeated(rows.digests)
        suspects = np.flatnonzero(self._maybe(rows.digests))
        stored, same = self._look_up(rows, suspects)
        judged.verdicts[same & ~repeated] = Verdict.DUPLICATE
        hard = np.flatnonzero(repeated | (stored & ~same))
        if len(hard):
            self._settle(judged, hard, stored)
        self._pending.append(rows.digests)
        if judged.replaced:
            made = digests(b"".join(new.event_id.bytes for new in judged.replaced.values()))
            self._pending.append(made)
            self._maybe(made)
        return judged

    def _prepare(self, count: int) -> None:
        """Past the first events of a larger import, fill the filter from the ledger."""
        if self._seen is None and self._judged + count > EXACT_EVENTS:
            self._flush()
            seen = Seen()
            for ids in self._ledger.event_ids():
                seen.add(digests(ids))
            self._seen = seen
        self._judged += count

    def _maybe(self, asked: Words) -> NDArray[np.bool_]:
        if self._seen is None:
            return np.ones(len(asked), np.bool_)
        maybe = self._seen.maybe(asked)
        self._seen.add(asked)
        return maybe

    def _look_up(self, rows: Rows, suspects: Rownumbers) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        stored, same = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
        if not len(suspects):
            return stored, same
        if any(np.isin(rows.digests[suspects], pending).any() for pending in self._pending):
            self._flush()
        answer = pa.table(self._ledger.stored(rows.asked(suspects)))
        found = answer["row"].to_numpy().astype(np.int64)
        stored[found] = True
        same[found] = answer["same"].to_numpy().astype(np.bool_)
        return stored, same

    def _settle(self, judged: Judged, hard: Rownumbers, stored: NDArray[np.bool_]) -> None:
        """Compare contents, record by record in the order of the input: a dead record's events are not known after it."""
        rows = judged.rows
        versions = Versions(self._same_content)
        known: dict[UUID, OnChange] = {rows.event_id(row): rows.on_change(row) for row in hard.tolist() if stored[row]}
        versions.load(self._ledger, list(known), [id_ for id_, policy in known.items() if policy is OnChange.CORRECT])
        ordered = sorted(hard.tolist(), key=lambda row: int(rows.records[row]))
        for record, group in groupby(ordered, key=lambda row: int(rows.records[row])):
            _settle_record(judged, versions, record, list(group))


def _settle_record(judged: Judged, versions: Versions, record: int, group: list[int]) -> None:
    remembered: list[int] = []
    try:
        for row in group:
            event = versions.weigh(judged.rows, row)
            judged.verdicts[row] = Verdict.DUPLICATE if event is None else Verdict.NEW
            if event is not None:
                replacement = versions.remember(judged.rows, row, event)
                remembered.append(row)
                if replacement:
                    judged.replaced[row] = replacement
    except Conflict as conflict:
        judged.conflicts[record] = str(conflict)
        for row in remembered:
            versions.forget(judged.rows, row)


def _repeated(values: Words) -> NDArray[np.bool_]:
    """Which values occur more than once."""
    order = np.argsort(values, kind="stable")
    equal = values[order][1:] == values[order][:-1]
    found = np.zeros(len(values), np.bool_)
    found[order[1:][equal]] = True
    found[order[:-1][equal]] = True
    return found
