"""What of a chunk is new: first by a filter that never forgets, then by exact look-ups, at last by comparing contents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opsledger.domain.envelope import Identity
from opsledger.domain.errors import UserError
from opsledger.domain.ports import Ledger
from opsledger.ingest.chunk import Chunk, OnChange
from opsledger.ingest.rows import Replacement, Rows
from opsledger.ingest.seen import Seen, Words, digests
from opsledger.ingest.versions import Conflict, SameContent, Versions

EXACT_EVENTS = 200_000
"""Into a ledger that holds events already, so many at most are looked up one by one before the filter is filled …"""
EXACT_SHARE = 200
"""… and no more than one for so many that it holds: to read the ids of a small ledger costs less than to ask for long."""

_NEEDS_LEDGER = (
    "these records may correct what is stored (on_change: correct, or a format whose records grow), so that a ledger has to be "
    "asked, and none is at hand; name the one that the sink fills (OPSLEDGER_CLICKHOUSE_URL, or its data directory: --data), "
    "or import into a local ledger (--log local) and copy it: opsledger kafka publish"
)

Rownumbers = NDArray[np.int64]
Marks = NDArray[np.bool_]
_STEPS = 16
"""From record to record; where there are more, all rows of the chunk are looked at closely, which is right of any."""


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


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows with one digest belong together; ``first`` is, for each row, the first row of its group."""

    first: Rownumbers
    repeated: Marks
    """Whether the row's group has more rows than one."""

    @classmethod
    def of(cls, values: Words) -> Groups:
        """Group rows by value; rows keep their order within a group."""
        order = np.argsort(values, kind="stable")
        starts = np.ones(len(values), np.bool_)
        starts[1:] = values[order][1:] != values[order][:-1]
        number = np.cumsum(starts) - 1
        first, repeated = np.empty(len(values), np.int64), np.empty(len(values), np.bool_)
        first[order] = order[starts][number]
        repeated[order] = np.bincount(number)[number] > 1 if len(values) else False
        return cls(first, repeated)

    def around(self, records: Rownumbers, some: Marks) -> Marks:
        """The rows whose end may depend on some rows: all groups that these rows' records have a part in, whole; and from
        there on, for a record that is dead leaves what it shares with a later one to that one."""
        found = some
        for _ in range(_STEPS):
            wider: Marks = np.isin(self.first, self.first[np.isin(records, records[found])])
            if wider.sum() == found.sum():
                return wider
            found = wider
        return np.ones(len(some), np.bool_)


class Judge(Protocol):
    """Says what of a chunk is new."""

    def judge(self, chunk: Chunk) -> Judged:
        """The verdicts on a chunk's events."""
        ...

    def flushed(self) -> None:
        """Everything judged so far is stored."""
        ...


class TakesAll:
    """Without a ledger every event is new: whoever reads the log takes one of each id, and counts the others."""

    def judge(self, chunk: Chunk) -> Judged:
        """All new. UserError for an event that depends on what is stored."""
        rows = Rows(chunk)
        if rows.corrects:
            raise UserError(_NEEDS_LEDGER)
        return Judged(rows, np.full(len(rows), Verdict.NEW, np.int8))

    def flushed(self) -> None:
        """Nothing is remembered."""


class Dedup:
    """Judges chunks in order. Events judged new and not stored yet are ``pending``: ``flush`` must store them.

    The ledger knows only what is stored; when a chunk may repeat a pending event, ``flush`` is called first. Where flushing
    appends to a log from which others bring it into the ledger, the ledger has to wait for that before it answers.
    """

    def __init__(self, ledger: Ledger, same_content: SameContent, flush: Callable[[], None]) -> None:
        self._ledger = ledger
        self._same_content = same_content
        self._flush = flush
        self._pending: list[Words] = []
        self._judged = self._exact = 0
        self._seen: Seen | None = None

    def flushed(self) -> None:
        """Everything judged so far is stored."""
        self._pending.clear()

    def judge(self, chunk: Chunk) -> Judged:
        """The verdicts on a chunk's events."""
        rows = Rows(chunk)
        judged = Judged(rows, np.full(len(rows), Verdict.NEW, np.int8))
        self._prepare(len(rows))
        suspects = np.flatnonzero(self._maybe(rows.digests))
        stored, same = self._look_up(rows, suspects)
        groups = Groups.of(rows.digests)
        duplicate, doubtful = _at_sight(rows, groups, stored, same)
        judged.verdicts[duplicate] = Verdict.DUPLICATE
        if doubtful.any():
            closer = groups.around(rows.records, doubtful) & (stored | groups.repeated)
            self._settle(judged, np.flatnonzero(closer), stored)
        self._pending.append(rows.digests)
        if judged.replaced:
            made = digests(b"".join(new.event_id.bytes + rows.mark(row) for row, new in judged.replaced.items()))
            self._pending.append(made)
            self._maybe(made)
        return judged

    def _prepare(self, count: int) -> None:
        """The filter begins empty for an empty ledger; past the first events of a larger import it is filled from it."""
        if not self._judged and self._seen is None:
            known = self._ledger.event_count()
            self._exact = min(EXACT_EVENTS, known // EXACT_SHARE)
            self._seen = None if known else Seen()
        if self._seen is None and self._judged + count > self._exact:
            self._flush()
            seen = Seen()
            for some in self._ledger.identities():
                seen.add(digests(some))
            self._seen = seen
        self._judged += count

    def _maybe(self, asked: Words) -> Marks:
        if self._seen is None:
            return np.ones(len(asked), np.bool_)
        maybe = self._seen.maybe(asked)
        self._seen.add(asked)
        return maybe

    def _look_up(self, rows: Rows, suspects: Rownumbers) -> tuple[Marks, Marks]:
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

    def _settle(self, judged: Judged, hard: Rownumbers, stored: Marks) -> None:
        """Compare contents, record by record in the order of the input: a dead record's events are not known after it."""
        rows = judged.rows
        versions = Versions(self._same_content)
        known: dict[Identity, OnChange] = {}
        for row in hard[stored[hard]].tolist():
            one = rows.identity(row)
            known[one] = max(rows.on_change(row), known.get(one, OnChange.CONFLICT))
        versions.load(self._ledger, list(known), [one for one, policy in known.items() if policy >= OnChange.CORRECT])
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


def _at_sight(rows: Rows, groups: Groups, stored: Marks, same: Marks) -> tuple[Marks, Marks]:
    """(duplicates, doubtful rows): what can be told without reading contents, all rows at a time.

    A row is a duplicate when what came first under its identity, stored or in this chunk, is the same to the byte, or when the
    first is to be kept whatever comes. What is neither that nor the first of its id is doubtful.
    """
    later = np.flatnonzero(groups.repeated & (groups.first != np.arange(len(rows))))
    first = groups.first[later]
    equal, foreign = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    equal[later] = rows.same_payload(later, first)
    foreign[later] = ~rows.same_identity(later, first)  # two with one digest: rare, and to be told apart as they are
    repeats = np.zeros(len(rows), np.bool_)
    repeats[later] = True
    duplicate = np.where(stored, same | rows.keep_first, repeats & (equal | rows.keep_first)) & ~foreign
    doubtful = (stored | repeats) & ~duplicate
    return duplicate, doubtful
