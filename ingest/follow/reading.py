"""What following needs of an adapter: chunks of lines from anywhere in a file, and which earlier lines it still needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters.jsonlines import Batch, JsonLines, batches
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.adapters.queue_log_tables import is_header
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.follow.slice import Slice

MEMORY_AGE_US = 24 * 3600 * 1_000_000
"""A call or a shift that began longer ago than this is not remembered over a restart."""


class Reading(Protocol):
    """One adapter, its memory going on from slice to slice."""

    def chunks(self, part: Slice) -> Iterator[Chunk]:
        """The events of a slice's lines."""
        ...

    def remember(self, part: Slice) -> None:
        """Take lines into the memory whose events are stored."""
        ...

    def mark(self) -> int:
        """The number of the line that comes next, as this reading counts them."""
        ...

    def needed(self) -> int:
        """The number of the earliest line that a reading begun anew would have to remember; ``mark`` for none."""
        ...


class JsonReading:
    """Canonical JSON Lines: each stands for itself."""

    def __init__(self, adapter: JsonLines) -> None:
        self._adapter = adapter

    def chunks(self, part: Slice) -> Iterator[Chunk]:
        """The events of a slice's lines."""
        return map(self._adapter.chunk, batches(part))

    def remember(self, part: Slice) -> None:
        """Nothing is remembered."""

    def mark(self) -> int:
        """Lines are not counted."""
        return 0

    def needed(self) -> int:
        """None is."""
        return 0


class QueueLogReading:
    """A queue_log: lines are understood by the calls that are open and the shifts that go on."""

    def __init__(self, adapter: QueueLog, max_age_us: int = MEMORY_AGE_US) -> None:
        self._adapter, self._max_age_us = adapter, max_age_us

    def chunks(self, part: Slice) -> Iterator[Chunk]:
        """The events of a slice's lines. UserError for a table, which is exported whole and does not grow."""
        return self._adapter.text(_lines_of_text(part))

    def remember(self, part: Slice) -> None:
        """Take lines into the memory whose events are stored."""
        self._adapter.remember(batches(part))

    def mark(self) -> int:
        """The number of the line that comes next."""
        return self._adapter.memory.line + 1

    def needed(self) -> int:
        """The earliest line of an open call, a shift that goes on, or the second at hand."""
        memory = self._adapter.memory
        return memory.needed(self._max_age_us) if memory.line else self.mark()


def _lines_of_text(part: Slice) -> Iterator[Batch]:
    for batch in batches(part):
        if batch.lines[0] == 1 and is_header(batch.raws[0].decode(errors="replace").rstrip("\r")):
            raise UserError(f"{part.path} is a table exported from a queue_log; it is read without --follow")
        yield batch
