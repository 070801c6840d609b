"""From messages of a stream's topic to rows of its ledger table, each in its place; what cannot be a row is a dead letter.

Judged is against the broker's time of each message, never against the clock of the machine that reads: what was accepted once
is accepted by every later reading.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.clock import Clock
from opsledger.domain.dead_letters import DeadLetter, dead_letter_id
from opsledger.domain.fields import MAX_FUTURE_S
from opsledger.domain.upcast import UPCASTERS, Upcaster
from opsledger.ingest.border.bulk import Bulk, NotPlain, micros_of_texts
from opsledger.ingest.border.columns import schema_of
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Reason
from opsledger.ingest.lines import KEPT_BYTES
from opsledger.ingest.log.binary import event_in
from opsledger.ingest.log.fetched import BACKFILL, RECORDED_AT, Fetched, Headers
from opsledger.ingest.log.partition import away_from_home, partitions_of

FORMAT = "kafka"
"""Format of the dead letters of a topic: ``file`` is the topic, ``source`` ``kafka:<partition>``, ``line`` the offset."""
SKEW_S = 300
"""So far the clocks of a source and of the brokers may be apart, beside the five minutes that the border grants."""
_MICROS = pa.timestamp("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHAT: Mapping[Reason, str] = {
    Reason.NO_KEY: "the message has no key; it has to be tenant/stream/subject",
    Reason.WRONG_KEY: "the message's key is not tenant/stream/subject of its event",
    Reason.OUT_OF_TIME: "time: is more than 10 minutes after the log took the message",
}

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One topic's messages: rows of its stream (ledger columns and ``record``; by partition and offset), and dead letters."""

    topic: str
    stream: str
    read: int
    rows: pa.Table
    dead: Sequence[DeadLetter]


@dataclass(slots=True)
class _Messages:
    """The messages of several partitions in columns; ``at`` is microseconds since 1970, UTC."""

    topic: str
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    partitions: list[Ints] = field(default_factory=list)
    offsets: list[Ints] = field(default_factory=list)
    at: list[Ints] = field(default_factory=list)
    headers: dict[int, Headers] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, fetched: Fetched) -> None:
        start, size = len(self.values), len(fetched)
        self.keys += fetched.keys
        self.values += fetched.values
        self.partitions.append(np.full(size, fetched.partition, np.int64))
        self.offsets.append(np.asarray(fetched.offsets, np.int64))
        self.at.append(np.asarray(fetched.at, np.int64) * 1000)
        for index, pairs in fetched.headers.items():
            self.headers[start + index] = pairs
        for index, why in fetched.broken.items():
            self.broken[start + index] = why


class _Latest:
    """A border's clock that stands where the newest message at hand stands."""

    def __init__(self) -> None:
        self.at = _EPOCH

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at


class Decoder:
    """Judges messages. ``partitions``: topic → number of its partitions. ``clock`` dates the dead letters.

    Decisions are let through: only our relay and commands may write to the log, and what is in it was decided.
    """

    def __init__(
        self,
        partitions: Mapping[str, int],
        clock: Clock,
        *,
        upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    ) -> None:
        self._partitions = partitions
        self._clock = clock
        self._latest = _Latest()
        self._bulk = Bulk(Border(self._latest, decisions=True, upcasters=upcasters))

    def take(self, stream: str, fetched: Sequence[Fetched]) -> Decoded:
        """Rows and dead letters of messages of one topic; every message is one or the other."""
        batch = _Messages(fetched[0].topic)
        for each in sorted(fetched, key=lambda f: (f.partition, f.following)):
            batch.add(each)
        judged = _Judged(batch, stream, self._partitions[batch.topic], self._clock.now())
        judged.bury_unreadable()
        judged.read_headers()
        alive = judged.without_tombstones()
        self._latest.at = _EPOCH + timedelta(microseconds=int(judged.at.max(initial=0))) + timedelta(seconds=SKEW_S)
        taken = self._bulk.take([batch.values[i] or b"" for i in alive], alive)
        for index, refusal in taken.refused:
            judged.bury(alive[index], refusal.reason, refusal.detail)
        for other, table in taken.tables.items():
            if other != stream:
                judged.bury_strays(other, table)
        rows = judged.placed(taken.tables.get(stream))
        if rows.num_rows + len(judged.dead) != len(batch.values):
            raise RuntimeError(f"{len(batch.values)} messages became {rows.num_rows} rows and {len(judged.dead)} dead letters")
        return Decoded(batch.topic, stream, len(batch.values), rows, [judged.dead[i] for i in sorted(judged.dead)])


class _Judged:
    """Messages on their way: where each stood, what became of it."""

    def __init__(self, batch: _Messages, stream: str, partitions: int, now: datetime) -> None:
        self._batch, self._stream, self._count, self._now = batch, stream, partitions, now
        self._partition = np.concatenate(batch.partitions)
        self._offset = np.concatenate(batch.offsets)
        self.at: Ints = np.concatenate(batch.at)
        self._backfill = np.zeros(len(self.at), np.bool_)
        self.dead: dict[int, DeadLetter] = {}

    def bury(self, index: int, reason: Reason, detail: str) -> None:
        """A message is dead; the first reason counts."""
        place = (self._batch.topic, int(self._partition[index]), int(self._offset[index]))
        message = (self._batch.keys[index], self._batch.values[index])
        self.dead.setdefault(index, letter_of(place, message, reason, detail, self._now))

    def without_tombstones(self) -> list[int]:
        """The messages that are still alive; those without a value are buried."""
        values = self._batch.values
        for index in [i for i, value in enumerate(values) if value is None] if None in values else ():
            self.bury(index, Reason.TOMBSTONE, "the message has no value; nothing can be taken out of the log")
        return [i for i in range(len(values)) if i not in self.dead] if self.dead else list(range(len(values)))

    def bury_unreadable(self) -> None:
        """Messages of batches that could not be decoded."""
        for index, why in self._batch.broken.items():
            self.bury(index, Reason.UNREADABLE, why)

    def bury_strays(self, stream: str, table: pa.Table) -> None:
        """Events of another stream."""
        for index in table["record"].to_pylist():
            self.bury(index, Reason.WRONG_TOPIC, f"an event of stream '{stream}' in the topic of '{self._stream}'")

    def read_headers(self) -> None:
        """Events whose attributes stand in headers are made whole; then what a copied history says of itself: that it comes
        late on purpose, and when another log took it."""
        for index, pairs in self._batch.headers.items():
            self._make_whole(index, pairs)
        marked = {index: dict(pairs) for index, pairs in self._batch.headers.items()}
        self._backfill[[i for i, pairs in marked.items() if pairs.get(BACKFILL) == b"1"]] = True
        told = {i: (pairs[RECORDED_AT] or b"").decode("latin-1") for i, pairs in marked.items() if RECORDED_AT in pairs}
        try:
            moments = micros_of_texts(list(told.values()))
            self._record(dict(zip(told, moments.tolist(), strict=True)))
        except NotPlain:
            self._record(dict(self._readable(told)))

    def _make_whole(self, index: int, headers: Headers) -> None:
        value = self._batch.values[index]
        item = event_in(headers, value) if value is not None else None
        if item is not None:
            self._batch.values[index] = item.value
            if item.refusal:
                self.bury(index, item.refusal.reason, item.refusal.detail)

    def _readable(self, told: Mapping[int, str]) -> Iterator[tuple[int, int]]:
        for index, text in told.items():
            try:
                yield index, int(micros_of_texts([text])[0])
            except NotPlain:
                self.bury(index, Reason.BAD_HEADER, f"{RECORDED_AT}: '{text[:60]}' is no time like 2026-01-05T09:00:00Z")

    def _record(self, moments: Mapping[int, int]) -> None:
        for index, micros in moments.items():
            if micros > self.at[index] + SKEW_S * 1_000_000:
                self.bury(index, Reason.BAD_HEADER, f"{RECORDED_AT}: is later than the time at which the message was taken")
            else:
                self.at[index] = micros

    def placed(self, table: pa.Table | None) -> pa.Table:
        """The good rows with their places; what the message around an event makes impossible is buried."""
        if table is None:
            table = schema_of(self._stream).empty_table()
        record = table["record"].to_numpy()
        bad = np.zeros(len(record), np.bool_)
        for reason, mask in self._faults(table, record):
            for index in record[mask & ~bad].tolist():
                self.bury(index, reason, _WHAT.get(reason) or self._away(index))
            bad |= mask
        if bad.any():
            keep = pa.array(~bad)
            table, record = table.filter(keep), record[~bad]
        return self._with_place(table, record)

    def _away(self, index: int) -> str:
        key = self._batch.keys[index] or b""
        home = int(partitions_of(pa.array([key], pa.binary()), self._count)[0])
        return away_from_home(key, int(self._partition[index]), home, self._count)

    def _faults(self, table: pa.Table, record: Ints) -> Iterator[tuple[Reason, NDArray[np.bool_]]]:
        found = pa.array([self._batch.keys[i] for i in record.tolist()], pa.binary())
        yield Reason.NO_KEY, _mask(pc.is_null(found))
        key = _keys(table, self._stream)
        yield Reason.WRONG_KEY, _mask(pc.fill_null(pc.not_equal(found, key), fill_value=False))
        yield Reason.WRONG_PARTITION, partitions_of(key, self._count) != self._partition[record]
        happened = table["occurred_at"].combine_chunks().view(pa.int64()).to_numpy()
        yield Reason.OUT_OF_TIME, happened > self.at[record] + (MAX_FUTURE_S + SKEW_S) * 1_000_000

    def _with_place(self, table: pa.Table, record: Ints) -> pa.Table:
        zeros = pa.array(np.zeros(len(record), np.int32))
        columns: dict[str, Any] = {
            "topic": pa.DictionaryArray.from_arrays(zeros, pa.array([self._batch.topic], pa.string())),
            "partition": pa.array(self._partition[record].astype(np.uint16)),
            "offset": pa.array(self._offset[record].astype(np.uint64)),
            "recorded_at": pa.array(self.at[record]).view(_MICROS),
            "backfill": pa.array(self._backfill[record]),
        }
        for name, column in columns.items():
            table = table.append_column(name, column)
        return table


def letter_of(
    place: tuple[str, int, int], message: tuple[bytes | None, bytes | None], reason: Reason, detail: str, now: datetime
) -> DeadLetter:
    """The dead letter of a message: its (topic, partition, offset), its (key, value), why, and when it was found dead (UTC)."""
    (topic, partition, offset), (key, value) = place, message
    raw, source = value or b"", f"{FORMAT}:{partition}"
    digest = hashlib.sha256(raw).hexdigest()
    return DeadLetter(
        id=dead_letter_id(tenant="", source=source, file=topic, line=offset, sha256=digest),
        tenant=_tenant(key),
        source=source,
        format=FORMAT,
        file=topic,
        line=offset,
        mapping="",
        reason=str(reason),
        detail=detail,
        raw=raw[:KEPT_BYTES],
        length=len(raw),
        sha256=digest,
        first_seen=now,
    )


def partition_of(letter: DeadLetter) -> int:
    """The partition that a dead letter of a topic came from."""
    return int(letter.source.rpartition(":")[2])


def _keys(table: pa.Table, stream: str) -> pa.Array:
    tenant, subject = (table[name].combine_chunks().cast(pa.string()) for name in ("tenant", "subject"))
    return pc.binary_join_element_wise(tenant, stream, subject, "/").cast(pa.binary())


def _mask(values: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _tenant(key: bytes | None) -> str:
    """Whose the message says that it is, where its key has the right form; the letter is found under it."""
    parts = (key or b"").split(b"/", 2)
    if len(parts) < 3 or parts[1].decode("latin-1") not in STREAMS or not 0 < len(parts[0]) <= 256:
        return ""
    return parts[0].decode("utf-8", "replace")
