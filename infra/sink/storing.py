"""The half of the sink that works with the engine, in a thread of its own, so that the next chunk is read and judged meanwhile.

For each chunk, in this order; what a failure leaves behind at each step:

4. Dead letters are kept. They are known by their ids: kept again, they add nothing.
5. Events are stored, stream by stream: a look at how far the table goes, the plan, one insert that lands whole or not at all.
   Whether a failed one landed, the next look tells.
   Then the manifest is told of all of them at once; who is killed before leaves a ledger that has more than it says, which
   the next opening finds. Where the last of a partition is no row, it is noted how far it was read.
6. What came from the topics beside the streams' is stored, then how far these topics were read. Again by id.
7. The caller hears of it, counts it, and commits to Kafka for those who watch. Not before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import pyarrow as pa

from opsledger.infra.sink.beside import Beside, BesideRows
from opsledger.infra.sink.buried import Buried, Dead
from opsledger.infra.sink.counts import Count
from opsledger.infra.sink.gather import Chunk
from opsledger.infra.sink.goal import stored_up_to
from opsledger.infra.sink.repeats import RepeatCounter, Repeats
from opsledger.infra.sink.retrier import Retrier
from opsledger.infra.sink.tails import Tails, reached
from opsledger.infra.store import Store
from opsledger.ingest.log.decode import Decoded, partition_of
from opsledger.ingest.log.group import SESSION_MS, Place
from opsledger.projections.ledger.sink_writer import Reading, SinkWriter, Written


@dataclass(frozen=True, slots=True)
class Load:
    """A chunk, judged and ready to be stored."""

    chunk: Chunk
    decoded: tuple[tuple[Decoded, Mapping[int, tuple[int, int]]], ...]
    beside: tuple[BesideRows, ...]


@dataclass(slots=True)
class Done:
    """What became of a load: how far each partition is settled now, what has to be read anew, the counts by topic."""

    settled: dict[Place, int] = field(default_factory=dict)
    again: set[Place] = field(default_factory=set)
    counts: dict[str, Count] = field(default_factory=dict)
    newest_ms: int = 0
    """The broker's time of the newest message, ms since 1970 UTC."""


class Storing:
    """Stores loads; called from one thread, but for ``let_go``.

    ``session_ms``: a member of the group that says nothing for so long loses its place.
    """

    def __init__(self, store: Store, retrier: Retrier, *, session_ms: int = SESSION_MS) -> None:
        self._store = store
        self._writer = SinkWriter(store.client, store.manifest, look_holds_s=session_ms / 2_000)
        self._repeats = RepeatCounter(store.ledger)
        self._beside = Beside(store)
        self._buried = Buried(store)
        self._tails, self._rows = Tails(store), dict[Place, int]()
        self._retrier = retrier
        self._guard = Lock()
        self._lost: set[Place] = set()
        self._busy: frozenset[Place] = frozenset()

    def let_go(self, places: frozenset[Place]) -> bool:
        """From any thread: these partitions are being taken away. True once nothing of theirs is being inserted."""
        with self._guard:
            self._lost |= places
            return not self._busy & places

    def positions(self, places: frozenset[Place], stream_of: Mapping[str, str]) -> dict[Place, int]:
        """Where to read partitions from, as the ledger tells it; from now on they are ours."""

        def ask() -> dict[Place, int]:
            streams = {stream_of[topic] for topic, _ in places if topic in stream_of}
            self._rows |= self._writer.ends(sorted(streams))
            ends = self._beside.positions() | reached(self._store, self._rows)
            return {place: ends.get(place, 0) for place in places}

        found = self._retrier.call("asking how far the ledger goes", ask)
        with self._guard:
            self._lost -= places
        ours = {place: at for place, at in found.items() if place[0] in stream_of}
        self._retrier.call("asking what is dead", lambda: self._buried.learn(ours))
        self._writer.begin({place: self._rows.get(place, 0) for place in ours}, ours)
        self._repeats.reset()
        return found

    def has_all(self, ends: Mapping[Place, int]) -> frozenset[Place]:
        """Which partitions are in the ledger up to these ends, whoever stored them."""
        return stored_up_to(self._store, ends, self._beside.positions() | reached(self._store, self._writer.ends()))

    def store(self, load: Load) -> Done:
        """Steps 4 to 6 for a load. Raises what the table of errors calls final."""
        done = Done(newest_ms=load.chunk.newest_ms)
        dead = [letter for decoded, _ in load.decoded for letter in decoded.dead]
        dead += [letter for rows in load.beside for letter in rows.dead]
        self._retrier.call("keeping dead letters", lambda: self._store.dead_letters.keep(dead))
        for decoded, spans in load.decoded:
            self._store_stream(decoded, spans, done)
        self._retrier.call("noting in the manifest what is stored", self._store.manifest.write)
        self._note_tails(load, done)
        for rows in load.beside:
            self._retrier.call(f"storing what came from topic '{rows.topic}'", lambda rows=rows: self._beside.store(rows))  # type: ignore[misc]  # the default binds the loop's value
            done.settled |= {(rows.topic, p): until for p, (_, until) in rows.spans.items()}
            done.counts[rows.topic] = rows.count()
        self._repeats.stored()
        return done

    def _note_tails(self, load: Load, done: Done) -> None:
        """Where the last that was read of a partition is no row, the ledger is told that it was read."""
        tails = {}
        for decoded, _ in load.decoded:
            for partition in {p for topic, p in done.settled if topic == decoded.topic}:
                place = (decoded.topic, partition)
                if done.settled[place] > (rows := self._rows.get(place, 0)):
                    tails[place] = (rows, done.settled[place])
        self._retrier.call("noting how far the log was read", lambda: self._tails.note(tails))

    def _store_stream(self, decoded: Decoded, spans: Mapping[int, tuple[int, int]], done: Done) -> None:
        topic = decoded.topic
        with self._guard:
            lost = {p for p in spans if (topic, p) in self._lost}
            self._busy = frozenset((topic, p) for p in spans if p not in lost)
        try:
            self._writer.forget((topic, p) for p in lost)
            rows, dead = self._buried.kept_out(decoded)
            repeats = self._retrier.call("looking for repeats", lambda: self._repeats.look(decoded.stream, rows))
            reading = Reading(decoded.stream, topic, rows, spans)
            written = self._retrier.call(f"storing events of topic '{topic}'", lambda: self._writer.write(reading))
        finally:
            with self._guard:
                self._busy = frozenset()
        done.again |= {(topic, p) for p in written.rejected}
        done.settled |= {(topic, p): until for p, (_, until) in spans.items() if p not in written.rejected}
        self._rows |= {(topic, p): at for p, at in _ends(rows).items() if p not in written.rejected}
        dead += [(partition_of(letter), letter.reason) for letter in decoded.dead]
        done.counts[topic] = _count(rows, dead, repeats, written)
        self._buried.forget(done.settled)


def _ends(rows: pa.Table) -> dict[int, int]:
    """How far the rows of each partition go."""
    found = rows.group_by("partition").aggregate([("offset", "max")]).to_pydict()
    return {p: at + 1 for p, at in zip(found["partition"], found["offset_max"], strict=True)}


def _count(rows: pa.Table, dead: Dead, repeats: Repeats, written: Written) -> Count:
    """The counts of a stream's messages; those of rejected partitions are read again and count then."""
    partitions = rows["partition"].to_numpy()
    kept = ~np.isin(partitions, list(written.rejected)) if written.rejected else np.ones(len(partitions), np.bool_)
    reasons = Counter(reason for partition, reason in dead if partition not in written.rejected)
    stored, duplicate = int(kept.sum()), int((repeats.known & kept).sum())
    return Count(
        read=stored + reasons.total(),
        accepted=stored - duplicate,
        duplicate=duplicate,
        dead=reasons.total(),
        conflict=int((repeats.other & kept).sum()),
        reasons=reasons,
    )
