"""Which rows about to be stored have an event that the ledger knows already, and which say something else under its id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opsledger.domain.ports import Ledger
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.dedup import Dedup, Verdict
from opsledger.ingest.same_content import same_content


@dataclass(frozen=True, slots=True)
class Repeats:
    """Marks by row: its id was known; it was known with other content."""

    known: NDArray[np.bool_]
    other: NDArray[np.bool_]


class RepeatCounter:
    """Looks rows up as an import does: a filter that never forgets an id, then the ledger for what it suspects.

    An event that comes again has the same key, hence the same partition and the same sink: what other sinks store needs no
    looking up, until one of their partitions becomes ours (``reset``).
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.reset()

    def reset(self) -> None:
        """Forget what was learnt: partitions have come that others wrote."""
        self._dedup = Dedup(self._ledger, same_content, lambda: None)

    def look(self, stream: str, rows: pa.Table) -> Repeats:
        """Marks for rows that are stored next; tell ``stored`` when they are."""
        numbered = rows.set_column(rows.schema.get_field_index("record"), "record", pa.array(np.arange(rows.num_rows)))
        judged = self._dedup.judge(Chunk(rows.num_rows, {stream: numbered}))
        other = np.zeros(rows.num_rows, np.bool_)
        other[list(judged.conflicts)] = True
        return Repeats((judged.verdicts == Verdict.DUPLICATE) | other, other)

    def stored(self) -> None:
        """What was looked at is in the ledger, or will be looked at again."""
        self._dedup.flushed()
