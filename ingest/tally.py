"""The counts of an import, and the law that they keep: read = accepted + duplicate + dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opsledger.domain.dead_letters import Outcome
from opsledger.ingest.chunk import Chunk, DeadRecord, Reason, dead_record
from opsledger.ingest.dedup import Judged, Verdict


@dataclass(slots=True)
class Tally:
    """Records read, accepted (with at least one new event), duplicate, dead; events stored and met again."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    dead: int = 0
    events: int = 0
    events_duplicate: int = 0
    corrected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count another part of the same import."""
        self.read += other.read
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.dead += other.dead
        self.events += other.events
        self.events_duplicate += other.events_duplicate
        self.corrected += other.corrected
        self.reasons.update(other.reasons)

    def check(self) -> None:
        """RuntimeError when the law does not hold: a fault of the program, never of the input."""
        if self.read != self.accepted + self.duplicate + self.dead or self.dead != self.reasons.total():
            raise RuntimeError(f"the counts of the import do not add up: {self}")


@dataclass(frozen=True, slots=True)
class Settled:
    """A chunk with its end: what of it is to be stored, its dead, its counts."""

    keep: NDArray[np.bool_]
    dead: Sequence[DeadRecord]
    tally: Tally
    kinds: NDArray[np.int8]
    """By record: 0 duplicate, 1 accepted, 2 dead."""

    def outcomes(self) -> list[Outcome]:
        """What became of each record, in order."""
        names = (Outcome.DUPLICATE, Outcome.ACCEPTED, Outcome.DEAD)
        return [names[kind] for kind in self.kinds.tolist()]


def settle(chunk: Chunk, judged: Judged) -> Settled:
    """Carry the verdicts on events over to their records: dead as a whole, accepted for one new event, else duplicate."""
    rows = judged.rows
    refused = [_conflict(chunk, judged, record, detail) for record, detail in judged.conflicts.items()]
    every = (*chunk.dead, *refused)
    _check_records(chunk, judged)
    dead = np.zeros(chunk.read, np.bool_)
    dead[[record.record for record in every]] = True
    alive = ~dead[rows.records]
    keep = (judged.verdicts == Verdict.NEW) & alive
    accepted = np.zeros(chunk.read, np.bool_)
    accepted[rows.records[keep]] = True
    tally = Tally(
        read=chunk.read,
        accepted=int(accepted.sum()),
        duplicate=int((~accepted & ~dead).sum()),
        dead=int(dead.sum()),
        events=int(keep.sum()),
        events_duplicate=int(((judged.verdicts == Verdict.DUPLICATE) & alive).sum()),
        corrected=sum(bool(keep[row]) for row in judged.replaced),
        reasons=Counter(str(record.reason) for record in every),
    )
    tally.check()
    return Settled(keep, every, tally, np.where(dead, 2, accepted).astype(np.int8))


def _check_records(chunk: Chunk, judged: Judged) -> None:
    """Every record of a chunk has an event or is dead, never both: an adapter that breaks this would lose records."""
    with_events = np.zeros(chunk.read, np.bool_)
    with_events[judged.rows.records] = True
    refused = np.zeros(chunk.read, np.bool_)
    refused[[record.record for record in chunk.dead]] = True
    if not (with_events ^ refused).all():
        record = int(np.flatnonzero(~(with_events ^ refused))[0])
        raise RuntimeError(f"record {record} of a chunk has {'events and is dead' if refused[record] else 'no end'}")


def _conflict(chunk: Chunk, judged: Judged, record: int, detail: str) -> DeadRecord:
    if chunk.origin is not None:
        line, raw = chunk.origin(record)
    else:
        line, raw = 0, b"\n".join(judged.rows.payload(row) for row in judged.rows.of_record(record))
    return dead_record(raw, Reason.CONFLICT, detail, line=line, record=record)
