"""Step 3: a chunk of messages becomes rows and dead letters, topic by topic."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from opsledger.domain.clock import Clock
from opsledger.domain.dead_letters import DeadLetter
from opsledger.infra.sink.beside import BesideRows
from opsledger.infra.sink.gather import Chunk, Piece
from opsledger.infra.sink.storing import Load
from opsledger.ingest.chunk import Reason
from opsledger.ingest.log.beside import Letters, letters_of, runs_of
from opsledger.ingest.log.decode import Decoder, letter_of
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.topics import DEAD_LETTERS, IMPORTS, Topics


class Judging:
    """Judges chunks. ``partitions``: topic → number of its partitions."""

    def __init__(self, topics: Topics, partitions: Mapping[str, int], clock: Clock) -> None:
        self._topics, self._clock = topics, clock
        self._decoder = Decoder(partitions, clock)

    def judge(self, chunk: Chunk) -> Load:
        """A load for the store; every message of the chunk is in it once, as a row or as a dead letter."""
        decoded, beside = [], []
        for piece in chunk.pieces:
            stream = self._topics.stream(piece.topic)
            if stream in (DEAD_LETTERS, IMPORTS):
                beside.append(self._beside(piece, stream))
            else:
                decoded.append((self._decoder.take(stream, piece.fetched), piece.spans))
        return Load(chunk, tuple(decoded), tuple(beside))

    def _beside(self, piece: Piece, stream: str) -> BesideRows:
        rows, now = BesideRows(piece.topic, piece.spans), self._clock.now()
        for fetched in piece.fetched:
            told = letters_of(fetched) if stream == DEAD_LETTERS else runs_of(fetched)
            if isinstance(told, Letters):
                rows.letters.extend(told.letters)
                rows.attempts.extend(told.attempts)
            else:
                rows.runs.extend(told.runs)
            rows.dead.extend(_refused(fetched, index, why, now) for index, why in told.refused)
        return rows


def _refused(fetched: Fetched, index: int, why: str, now: datetime) -> DeadLetter:
    value = fetched.values[index]
    if index in fetched.broken:
        reason, why = Reason.UNREADABLE, fetched.broken[index]
    else:
        reason = Reason.TOMBSTONE if value is None else Reason.INVALID
    place = (fetched.topic, fetched.partition, fetched.offsets[index])
    return letter_of(place, (fetched.keys[index], value), reason, why, now)
