"""One followed file, turn by turn; what a failure or a kill -9 leaves at each step.

1. New whole lines are found. Nothing has happened.
2. Their dead letters and events are stored (``Storing``). Some may be stored while the place has not moved: the next start
   reads them again under the same ids, and they count as duplicates.
3. The place is saved, with what the next start needs to remember. Never before step 2 has returned: that would lose lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from opsledger.ingest.chunk import Chunk
from opsledger.ingest.follow.files import Files
from opsledger.ingest.follow.history import History
from opsledger.ingest.follow.place import fits
from opsledger.ingest.follow.reading import Reading
from opsledger.ingest.follow.slice import Shrunk, Slice
from opsledger.ingest.follow.state import Counts, State, Stretch
from opsledger.ingest.follow.tail import Tail
from opsledger.ingest.tally import Tally

Store = Callable[[Iterable[Chunk]], Tally]
"""Stores chunks and returns their counts when they are safe; UserError where they could not be stored."""


class Saved(Protocol):
    """Where the state is kept (``state.StateFile``)."""

    about: str

    def save(self, state: State) -> None:
        """Keep a state; it is safe when this returns."""
        ...


class Follower:
    """Reads a tail's lines, has them stored, then saves the place."""

    def __init__(self, tail: Tail, reading: Reading, store: Store, saved: Saved, counts: Counts = Counts()) -> None:  # noqa: B008  frozen
        self._tail, self._reading, self._store, self._saved = tail, reading, store, saved
        self._history = History()
        self._kept = tail.place
        self.counts = counts
        """Of all runs."""

    def recall(self, memory: Iterable[Stretch], files: Files, tell: Callable[[str], None]) -> None:
        """Read again what the state says is needed, for the memory alone."""
        for stretch in memory:
            part = _found(stretch, files, self._tail)
            if part is None:
                tell(f"{stretch.place.path} is gone: calls that were open in it are taken for new ones")
                continue
            try:
                mark = self._reading.mark()
                self._reading.remember(part)
                self._history.add(mark, stretch.place, stretch.stop)
            except (Shrunk, OSError):
                tell(f"{stretch.place.path} cannot be read again: calls that were open in it are taken for new ones")
            finally:
                part.handle.close()

    def turn(self) -> Tally | None:
        """Steps 1 to 3 for what is new; its counts, None where nothing is. UserError where it could not be stored."""
        part = self._tail.next()
        if part is None:
            self._note()
            return None
        mark, before = self._reading.mark(), self._tail.place
        try:
            tally = self._store(self._reading.chunks(part))
        except (Shrunk, OSError):
            return None  # the file changed under us: the next look finds out how
        self._tail.taken(part)
        if before is not None:
            self._history.add(mark, before, part.stop)
        self.counts = self.counts.plus(tally)
        self._save()
        return tally

    def begin(self) -> None:
        """Put on record which file is followed, before anything is read of it: from now on it is found wherever it goes."""
        self._tail.begin()
        self._note()

    def close(self) -> None:
        """Let the file go."""
        self._tail.close()

    def _note(self) -> None:
        if self._tail.place != self._kept:
            self._save()

    def _save(self) -> None:
        if self._tail.place is not None:
            memory = self._history.since(self._reading.needed(), self._reading.mark())
            self._saved.save(State(self._saved.about, self._tail.place, memory, tuple(self._tail.finished), self.counts))
            self._kept = self._tail.place


def _found(stretch: Stretch, files: Files, tail: Tail) -> Slice | None:
    """A stretch in the file that holds it now: the same one under whatever name, or a copy of it."""
    place = stretch.place
    for path in dict.fromkeys((place.path, tail.path, *files.rotated(tail.path))):
        try:
            handle = files.open(path)
        except OSError:
            continue
        try:
            seen = handle.seen()
            same = seen.id == place.id or place.offset > 0
            if same and seen.size >= stretch.stop and fits(handle, place):
                return Slice(handle, path, place.offset, stretch.stop, place.line, tail.encoding)
        except OSError:
            pass  # as good as gone
        handle.close()
    return None
