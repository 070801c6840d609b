"""Carries out the sink's plan on the ledger tables: asks how far they go, stores what follows as a whole, and nothing else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from opsledger.domain.catalogue import STREAMS
from opsledger.projections.ledger.arrow_insert import Block, block_of, cut, insert_block, slim
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.manifest_keeper import ManifestKeeper
from opsledger.projections.ledger.manifest_look import extents
from opsledger.projections.ledger.plan import Batch, Insert, Offsets, Reject, Skip, State, Step, Why, plan
from opsledger.projections.ledger.sql import sql
from opsledger.projections.ledger.tables import create_table

Place = tuple[str, int]
"""(topic, partition)"""
LOOK_HOLDS_S = 5.0
MAX_LOOKS = 3
"""After so many it inserts however long the last took: a slow machine must get on, and readers take a place once anyway."""
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where there is such a clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of one stream's topic, by partition and offset, and which part of each partition they are all good rows of."""

    stream: str
    topic: str
    rows: pa.Table
    spans: Mapping[int, tuple[int, int]]
    """partition → (since, until): offsets from ``since`` up to, not including, ``until`` were read."""


@dataclass(slots=True)
class Written:
    """What became of a reading's rows; the partitions of ``rejected`` have to be read anew from the ledger's position."""

    stored: int = 0
    skipped: int = 0
    rejected: dict[int, Why] = field(default_factory=dict)


@dataclass(slots=True)
class _Known:
    expected: int
    settled: int
    tried: int | None = None


@dataclass(slots=True)
class _Planned:
    """What a look has led to: the steps by partition, and of what is to be stored the rows and the offsets."""

    at_s: float
    steps: list[tuple[int, Step]] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)
    tried: dict[int, tuple[int, int]] = field(default_factory=dict)
    rows: Counter[int] = field(default_factory=Counter)


class SinkWriter:
    """Writes what a sink read, and has the manifest know of it, which the caller has written. One thread at a time.

    ``look_holds_s``: so long after a look our place cannot have become another's; whoever slept longer looks again.
    """

    def __init__(self, client: Client, manifest: ManifestKeeper | None = None, *, look_holds_s: float = LOOK_HOLDS_S) -> None:
        self._client, self._look_holds_s = client, look_holds_s
        self._manifest = manifest or ManifestKeeper(client)
        self._known: dict[Place, _Known] = {}

    def ends(self, streams: Iterable[str] = STREAMS) -> dict[Place, int]:
        """How far the ledger goes: (topic, partition) → next offset; read from the tables themselves."""
        found: dict[Place, int] = {}
        for place, extent in extents(self._client, streams):
            self._manifest.seen(place, extent)
            found[place] = extent.last + 1
        return found

    def begin(self, positions: Mapping[Place, int], settled: Mapping[Place, int] | None = None) -> None:
        """Reading begins at these places, to which the ledger goes; further on where what follows is known to be no row."""
        on = settled or {}
        self._known |= {place: _Known(at, max(at, on.get(place, 0))) for place, at in positions.items()}

    def forget(self, places: Iterable[Place]) -> None:
        """These partitions are others' now: nothing more is written to them."""
        for place in places:
            self._known.pop(place, None)

    def write(self, reading: Reading) -> Written:
        """Store what the ledger does not have. When an error is raised, the same reading may be given again.

        Right before each insert is a look at how far the table goes. What somebody else has written meanwhile is skipped or
        rejected; a partition for which nothing was begun is rejected.
        """
        written = Written()
        unknown = [p for p in reading.spans if (reading.topic, p) not in self._known]
        written.rejected |= dict.fromkeys(unknown, Why.MOVED)
        for part in cut(slim(reading.rows)):
            self._write(reading, part, written)
        for partition, (_, until) in reading.spans.items():
            if partition not in written.rejected:
                self._known[reading.topic, partition].settled = until
        return written

    def _write(self, reading: Reading, part: pa.Table, written: Written) -> None:
        planned = self._look(reading, part, written.rejected)
        block = _block(part, planned)
        for _ in range(MAX_LOOKS - 1):
            if block is None or _now_s() - planned.at_s < self._look_holds_s:
                break
            before, planned = planned, self._look(reading, part, written.rejected)
            if planned.kept != before.kept:
                block = _block(part, planned)
        for partition, step in planned.steps:
            _count(step, partition, written)
        if block is not None:
            self._insert(reading, block, planned)

    def _look(self, reading: Reading, part: pa.Table, rejected: Mapping[int, Why]) -> _Planned:
        planned = _Planned(_now_s())
        seen = self._seen(reading)
        for partition, start, offsets in _by_partition(part):
            if partition in rejected:
                continue
            for step in self._plan(reading, partition, offsets, seen):
                planned.steps.append((partition, step))
                if isinstance(step, Insert):
                    planned.kept.append((start + step.start, start + step.stop))
                    planned.tried[partition] = int(offsets[step.start]), int(offsets[step.stop - 1])
                    planned.rows[partition] += step.stop - step.start
        return planned

    def _plan(self, reading: Reading, partition: int, offsets: Offsets, seen: Mapping[int, int]) -> tuple[Step, ...]:
        known, (since, until) = self._known[reading.topic, partition], reading.spans[partition]
        now = seen.get(partition, 0)
        steps = plan(State(known.expected, now, known.tried), Batch(since, until, offsets, known.settled))
        if now == known.tried:  # the insert whose end was not known did take place
            known.expected, known.tried = now, None
        return steps

    def _insert(self, reading: Reading, block: Block, planned: _Planned) -> None:
        tried = planned.tried
        ranges = ",".join(f"{partition}:{first}-{last}" for partition, (first, last) in sorted(tried.items()))
        for partition, (_, last) in tried.items():
            self._known[reading.topic, partition].tried = last + 1
        try:
            with told_to_user(f"storing {block.rows} events of topic '{reading.topic}' ({ranges})"):
                insert_block(self._client, reading.stream, block, token=f"{reading.topic}/{ranges}/{_version(reading.stream)}")
        except BaseException:  # it may have been stored
            self._manifest.unsure(reading.stream)
            raise
        for partition, (_, last) in tried.items():
            self._manifest.stored((reading.topic, partition), planned.rows[partition], last)
            known = self._known[reading.topic, partition]
            known.expected, known.settled, known.tried = last + 1, max(known.settled, last + 1), None

    def _seen(self, reading: Reading) -> dict[int, int]:
        expected = [known.expected for p in reading.spans if (known := self._known.get((reading.topic, p)))]
        parameters: dict[str, Any] = {
            "stream": reading.stream,
            "topic": reading.topic,
            "from": max(min(expected, default=0) - 1, 0),
        }
        rows = self._client.query(sql("positions_seen"), parameters=parameters).result_rows
        return {int(partition): int(following) for partition, following in rows}


def _now_s() -> float:
    return time.clock_gettime(_CLOCK)


def _block(part: pa.Table, planned: _Planned) -> Block | None:
    return block_of(_chosen(part, planned.kept)) if planned.kept else None


def _count(step: Step, partition: int, written: Written) -> None:
    match step:
        case Insert(start, stop):
            written.stored += stop - start
        case Skip(start, stop):
            written.skipped += stop - start
        case Reject(why=why):
            written.rejected[partition] = why


def _by_partition(table: pa.Table) -> Iterator[tuple[int, int, Offsets]]:
    """(partition, its first row, the offsets of its rows): the rows of a partition stand together."""
    partitions, offsets = (table[name].combine_chunks().to_numpy() for name in ("partition", "offset"))
    starts = np.flatnonzero(np.concatenate([[True], partitions[1:] != partitions[:-1]]))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(partitions)], strict=True):
        yield int(partitions[start]), start, offsets[start:stop]


def _chosen(table: pa.Table, ranges: list[tuple[int, int]]) -> pa.Table:
    if sum(stop - start for start, stop in ranges) == table.num_rows:
        return table
    return pa.concat_tables([table.slice(start, stop - start) for start, stop in ranges]).combine_chunks()


@cache
def _version(stream: str) -> str:
    """Names the table as it is declared now: a token must not outlive a change of its columns."""
    return sha256(create_table(stream).encode()).hexdigest()[:12]
