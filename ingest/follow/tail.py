"""A path that is followed: which file stands there, how far it was read, and which file comes next.

The file that is read stays open, so that it is read to its end whatever becomes of its name. Another file at the path
comes next once something stands in it and the old one has been quiet for a while; between the two come those that a
rotation put beside the path meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from opsledger.ingest.follow.files import Files, Handle, Seen
from opsledger.ingest.follow.place import Place, fits, place_in
from opsledger.ingest.follow.slice import Slice

QUIET_S = 10.0
"""So long a file that was replaced is waited for: its writer has to be told to open the new one within it."""
TURN_BYTES = 8 << 20
"""At most about so much is read in one turn, so that what was stored is soon on record."""
FINISHED_KEPT = 64
_STEP = 1 << 16


class Tail:
    """``next`` gives what is new, ``taken`` says that it was read. ``now`` is seconds since 1970 UTC; ``tell`` hears of
    what a person should know, once each time.
    """

    def __init__(
        self,
        path: str,
        files: Files,
        now: Callable[[], float],
        *,
        place: Place | None = None,
        finished: Iterable[tuple[int, int]] = (),
        encoding: str = "utf-8",
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.path = path
        self.encoding = encoding
        self._files, self._now, self._tell = files, now, tell
        self.finished: deque[tuple[int, int]] = deque(finished, FINISHED_KEPT)
        """Files that were read to their end."""
        self.place = place
        """What was read; None before the first file was there."""
        self._handle: Handle | None = None
        self._last: Seen | None = None
        self._searched = 0
        self._grown_at = 0.0
        self._told = ""

    def close(self) -> None:
        """Let the file go."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def begin(self) -> None:
        """Open the file where it can be had, without reading of it."""
        try:
            if self._handle is None:
                self._open()
        except OSError as error:
            self._say(f"cannot be read ({error.strerror or error}); waiting")

    def next(self) -> Slice | None:
        """New whole lines, or None where there are none now. A file that cannot be read is waited for."""
        try:
            return self._next()
        except OSError as error:
            self._say(f"cannot be read ({error.strerror or error}); waiting")
            self.close()
            return None

    def taken(self, part: Slice) -> None:
        """A slice was read, and what it made is stored."""
        self.place = place_in(part.handle, part.path, part.stop, part.line + part.lines_read)

    def _next(self) -> Slice | None:
        while True:
            if self._handle is None and not self._open():
                return None
            handle, place = self._handle, self.place
            if handle is None or place is None:
                return None
            if self._is_cut(handle, place):
                self._begin_anew(handle, place)
                continue
            if stop := self._whole(handle, place.offset):
                self._told = ""
                return self._slice(handle, place, stop)
            if not self._is_replaced(handle):
                return None
            if self._last and self._last.size > place.offset:
                return self._slice(handle, place, self._last.size)
            if not self._move_on(handle):
                return None

    def _slice(self, handle: Handle, place: Place, stop: int) -> Slice:
        return Slice(handle, place.path, place.offset, stop, place.line, self.encoding)

    def _is_cut(self, handle: Handle, place: Place) -> bool:
        """Look at the file: whether it is no longer the one whose beginning was read."""
        seen = handle.seen()
        if seen == self._last:
            return False
        if self._last is None or seen.size != self._last.size:
            self._grown_at = self._now()
        self._last = seen
        return not fits(handle, place)

    def _begin_anew(self, handle: Handle, place: Place) -> None:
        """The file was cut. What stood behind the place may be in a copy that was made before (copytruncate)."""
        copy = self._copy_of(place, handle)
        if copy is not None:
            self._say("was cut and begun anew; the rest of what stood in it is read from its copy")
            self._take(*copy, place.offset, place.line)
            return
        self._say("was cut and begun anew; it is read from its beginning")
        self._take(handle, place.path, 0, 0)

    def _copy_of(self, place: Place, other: Handle | None) -> tuple[Handle, str] | None:
        if place.offset == 0:
            return None
        ours = other.seen().id if other else None
        for path in self._files.rotated(self.path):
            handle = self._opened(path)
            if handle is None:
                continue
            seen = handle.seen()
            if seen.id != ours and seen.id not in self.finished and fits(handle, place):
                if seen.size > place.offset:
                    return handle, path
                self.finished.append(seen.id)  # all that it holds was read
            handle.close()
        return None

    def _opened(self, path: str) -> Handle | None:
        try:
            return self._files.open(path)
        except OSError:
            return None

    def _take(self, handle: Handle, path: str, offset: int, line: int) -> None:
        """Go on in a file from an offset."""
        if self._handle is not None and self._handle is not handle:
            self._handle.close()
        self._handle, self._last, self._searched = handle, None, 0
        self._grown_at = self._now()
        self.place = place_in(handle, path, offset, line)

    def _open(self) -> bool:
        """Find the file that was read before, under whatever name; else the one that stands at the path."""
        place = self.place
        if place is not None:
            for path in dict.fromkeys((self.path, place.path, *self._files.rotated(self.path))):
                seen = self._files.look(path)
                if seen is None or seen.id != place.id:
                    continue
                handle = self._files.open(path)
                if handle.seen().id == place.id and fits(handle, place):
                    self._take(handle, path, place.offset, place.line)
                    return True
                handle.close()
            if (copy := self._copy_of(place, None)) is not None:
                self._take(*copy, place.offset, place.line)
                return True
        if self._files.look(self.path) is None:
            self._say("is not there; waiting")
            return False
        if place is not None and place.offset:
            self._say(
                f"does not hold what was read before ({place.line:,} lines), and no file beside it does; what followed those "
                "lines is gone unread, and the file is read from its beginning"
            )
        self._take(self._files.open(self.path), self._files.real(self.path), 0, 0)
        return True

    def _whole(self, handle: Handle, offset: int) -> int:
        """Where the last whole line of a turn ends; 0 where there is none yet."""
        size = self._last.size if self._last else 0
        stop = min(size, offset + TURN_BYTES)
        since = max(offset, self._searched if self._searched <= size else 0)
        if found := _last_end(handle, since, stop):
            self._searched = 0
            return found
        if found := _first_end(handle, max(stop, since), size):
            self._searched = 0
            return found
        self._searched = size
        return 0

    def _is_replaced(self, handle: Handle) -> bool:
        """Whether another file, with something in it, stands at the path, and this one has been quiet for long enough."""
        mine, there = handle.seen(), self._files.look(self.path)
        if there is None:
            self._say("is gone; waiting for another")
            return False
        if there.id == mine.id or not there.size:
            return False
        now = self._now()
        return now - self._grown_at >= QUIET_S or now - mine.changed_ns / 1e9 >= QUIET_S

    def _move_on(self, handle: Handle) -> bool:
        """Open the file that comes next; False where the names changed meanwhile: then look again."""
        mine, there = handle.seen(), self._files.look(self.path)
        between = []
        for path in self._files.rotated(self.path):
            seen = self._files.look(path)
            if seen is None or seen.changed_ns < mine.changed_ns or seen.id in (*self.finished, mine.id, there and there.id):
                continue
            between.append((seen.changed_ns, path, seen))
        path, wanted = (min(between)[1], min(between)[2]) if between else (self.path, there)
        following = self._files.open(path)
        if wanted is None or following.seen().id != wanted.id:
            following.close()
            return False
        self.finished.append(mine.id)
        self._say(f"was replaced; the old one was read to its end ({self.place.line if self.place else 0:,} lines)")
        self._take(following, self._files.real(path), 0, 0)
        return True

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(f"{self.path} {text}")


def _last_end(handle: Handle, start: int, stop: int) -> int:
    """The place after the last end of a line in [start, stop); 0 for none."""
    at = stop
    while at > start:
        begin = max(start, at - _STEP)
        found = handle.read(begin, at - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        at = begin
    return 0


def _first_end(handle: Handle, start: int, stop: int) -> int:
    """The place after the first end of a line in [start, stop); 0 for none."""
    at = start
    while at < stop:
        block = handle.read(at, min(_STEP, stop - at))
        if not block:
            return 0
        found = block.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(block)
    return 0
