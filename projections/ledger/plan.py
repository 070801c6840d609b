"""What is to be done with records that came off the log: stored, passed over, or not touched. Pure: numbers in, steps out.

The ledger alone says how far it goes. A sink knows how far it believed the ledger to go when it began to read
(``expected``), and asks again right before it writes (``seen``). Where the two agree nobody else has written; where they
do not, the sink's place was taken, and it leaves its hands off.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one partition of the ledger: each a next offset, one past the last row.

    ``expected`` is how far the ledger went when this sink last read or wrote it, ``seen`` how far it goes now. ``tried`` is how
    far an insert of this very sink would have brought it, where nobody knows whether that insert took place.
    """

    expected: int
    seen: int
    tried: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition: all that the log has from ``since`` up to, not including, ``until``.

    ``offsets`` are those of the good records, rising; what lies between them is dead or was never there.
    ``settled`` is how far earlier batches of the same reading went: nothing between it and ``since`` was left out.
    """

    since: int
    until: int
    offsets: Offsets
    settled: int


class Why(StrEnum):
    """Why records are not touched."""

    MOVED = "moved"
    """Somebody else wrote to this partition of the ledger, or its rows went away: its position has to be read anew."""
    HOLE = "hole"
    """The batch does not follow what was settled before: records between were read and not stored."""
    DISORDER = "disorder"
    """Offsets that do not rise, or lie outside the batch: a fault of the reader."""


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows ``start`` to ``stop`` (exclusive) of the batch are new: store them."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows ``start`` to ``stop`` (exclusive) of the batch are in the ledger already."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Reject:
    """Rows ``start`` to ``stop`` (exclusive) may not be stored by this reading; it has to begin anew."""

    start: int
    stop: int
    why: Why


Step = Insert | Skip | Reject


def plan(state: State, batch: Batch) -> tuple[Step, ...]:
    """The steps for a batch, in order; together they cover each of its rows once.

    Where somebody else has written, there is always a Reject, though it may have no rows left.
    """
    rows = len(batch.offsets)
    if _is_disordered(batch):
        return (Reject(0, rows, Why.DISORDER),)
    if batch.since > max(batch.settled, state.seen):
        return (Reject(0, rows, Why.HOLE),)
    known = int(np.searchsorted(batch.offsets, np.uint64(state.seen)))
    moved = state.seen not in (state.expected, state.tried)
    skip: tuple[Step, ...] = (Skip(0, known),) if known else ()
    if moved:
        return (*skip, Reject(known, rows, Why.MOVED))
    return (*skip, Insert(known, rows)) if known < rows else skip


def _is_disordered(batch: Batch) -> bool:
    offsets = batch.offsets
    if batch.since > batch.until:
        return True
    if not len(offsets):
        return False
    rising = bool((offsets[1:] > offsets[:-1]).all())
    return not rising or int(offsets[0]) < batch.since or int(offsets[-1]) >= batch.until
