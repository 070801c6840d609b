"""Which stretches of which files hold the lines that a start begun anew would need."""

from __future__ import annotations

from collections import deque

from opsledger.ingest.follow.place import Place
from opsledger.ingest.follow.state import Stretch


class History:
    """The slices read last, oldest first, each with the number of its first line; only as far back as they are needed."""

    def __init__(self) -> None:
        self._parts: deque[tuple[int, Stretch]] = deque()

    def add(self, mark: int, place: Place, stop: int) -> None:
        """A slice was read from a place to an offset; its first line has the number ``mark``."""
        self._parts.append((mark, Stretch(place, stop)))

    def since(self, needed: int, following: int) -> tuple[Stretch, ...]:
        """The stretches from the slice on in which a line stands; earlier ones are forgotten. ``following``: the next line."""
        while self._parts and (self._parts[1][0] if len(self._parts) > 1 else following) <= needed:
            self._parts.popleft()
        merged: list[Stretch] = []
        for _, part in self._parts:
            last = merged[-1] if merged else None
            if last and last.place.id == part.place.id and last.stop == part.place.offset:
                merged[-1] = Stretch(last.place, part.stop)
            else:
                merged.append(part)
        return tuple(merged)
