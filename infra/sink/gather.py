"""What came off the log and waits to be stored: kept by topic, bounded in rows and bytes, cut by offset."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.group import Place

MAX_ROWS = 60_000
MAX_BYTES = 32 * 1024 * 1024
"""A chunk is handed on when it has so much; a little more comes with the last answer of the broker."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Messages of one topic; ``spans``: partition → (since, until), all from ``since`` to before ``until`` was read."""

    topic: str
    fetched: tuple[Fetched, ...]
    spans: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pieces that are stored together."""

    pieces: tuple[Piece, ...]
    rows: int

    @property
    def places(self) -> frozenset[Place]:
        """The partitions that it has something of."""
        return frozenset((piece.topic, partition) for piece in self.pieces for partition in piece.spans)

    @property
    def newest_ms(self) -> int:
        """The broker's time of the newest message, ms since 1970 UTC."""
        return max((max(fetched.at, default=0) for piece in self.pieces for fetched in piece.fetched), default=0)


class Gather:
    """Collects what was fetched until it makes a chunk."""

    def __init__(self) -> None:
        self._read: dict[Place, int] = {}
        self._since: dict[Place, int] = {}
        self._fetched: dict[Place, list[Fetched]] = defaultdict(list)
        self.rows = self.bytes = 0

    def begin(self, positions: Mapping[Place, int]) -> None:
        """Partitions are read from these offsets on; what was gathered of them before is let go."""
        self.drop(positions)
        self._read |= positions
        self._since |= positions

    def add(self, fetched: Fetched) -> None:
        """Take what was fetched; whatever lies before the place where its partition is to be read is left out."""
        place = (fetched.topic, fetched.partition)
        if place not in self._read or fetched.following <= self._read[place]:
            return
        fetched = _from(fetched, self._read[place])
        self._fetched[place].append(fetched)
        self._read[place] = fetched.following
        self.rows += len(fetched)
        self.bytes += _bytes(fetched)

    def drop(self, places: Iterable[Place]) -> None:
        """Forget partitions that are others' now."""
        for place in places:
            for fetched in self._fetched.pop(place, []):
                self.rows -= len(fetched)
                self.bytes -= _bytes(fetched)
            self._read.pop(place, None)
            self._since.pop(place, None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits: neither messages nor places that hold none."""
        return not any(self._fetched.values())

    @property
    def is_full(self) -> bool:
        """Whether it is time to hand on."""
        return self.rows >= MAX_ROWS or self.bytes >= MAX_BYTES

    def take(self) -> Chunk:
        """All that was gathered, as a chunk."""
        topics: dict[str, list[Place]] = defaultdict(list)
        for place, fetched in self._fetched.items():
            if fetched:
                topics[place[0]].append(place)
        pieces = tuple(self._piece(topic, sorted(places)) for topic, places in sorted(topics.items()))
        chunk = Chunk(pieces, self.rows)
        self._fetched.clear()
        self.rows = self.bytes = 0
        return chunk

    def _piece(self, topic: str, places: list[Place]) -> Piece:
        spans = {place[1]: (self._since[place], self._read[place]) for place in places}
        self._since |= {place: self._read[place] for place in places}
        return Piece(topic, tuple(f for place in places for f in self._fetched[place]), spans)


def _from(fetched: Fetched, offset: int) -> Fetched:
    start = bisect_left(fetched.offsets, offset)
    if not start:
        return fetched
    headers = {index - start: pairs for index, pairs in fetched.headers.items() if index >= start}
    broken = {index - start: why for index, why in fetched.broken.items() if index >= start}
    offsets, keys, values, at = fetched.offsets[start:], fetched.keys[start:], fetched.values[start:], fetched.at[start:]
    return replace(fetched, offsets=offsets, keys=keys, values=values, at=at, headers=headers, broken=broken)


def _bytes(fetched: Fetched) -> int:
    return sum(map(len, filter(None, fetched.values))) + sum(map(len, filter(None, fetched.keys)))
