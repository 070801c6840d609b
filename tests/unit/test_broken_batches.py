"""Batches that cannot be read: each of their places is handed out with a reason, and reading goes on behind them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.protocol.consumer import FetchResponse
from kafka.protocol.consumer.offsets import IsolationLevel
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c

from opsledger.ingest.log.unpack import Run, Runs

HEAD = DefaultRecordBatch.HEADER_STRUCT.size
ATTRIBUTES = DefaultRecordBatch.ATTRIBUTES_OFFSET
PLACE = TopicPartition("x.call", 0)
Aborted = FetchResponse.FetchableTopicResponse.PartitionData.AbortedTransaction


def batch(base: int, count: int = 3, *, codec: int = 0, producer: int = -1, attributes: int = 0) -> bytes:
    """A whole batch of records; ``attributes``: bits set on top, sworn to by the checksum."""
    transactional = producer >= 0
    builder = DefaultRecordBatchBuilder(
        2, codec, transactional, producer, 0 if transactional else -1, 0 if transactional else -1, 1 << 20
    )
    for n in range(count):
        assert builder.append(n, 1_000 + n, b"k", b"v%d" % (base + n), [])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base)
    bits = struct.unpack_from(">h", raw, ATTRIBUTES)[0] | attributes
    struct.pack_into(">h", raw, ATTRIBUTES, bits)
    return sworn(raw)


def sworn(raw: bytearray) -> bytes:
    struct.pack_into(">I", raw, DefaultRecordBatch.CRC_OFFSET, calc_crc32c(memoryview(raw)[ATTRIBUTES:]))
    return bytes(raw)


def marker(base: int, producer: int, *, commit: bool) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, True, producer, 0, 0, 1 << 20)
    builder.append(0, 1_000, struct.pack(">hh", 0, int(commit)), struct.pack(">hi", 0, 0), [])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base)
    struct.pack_into(">h", raw, ATTRIBUTES, struct.unpack_from(">h", raw, ATTRIBUTES)[0] | DefaultRecordBatch.CONTROL_MASK)
    return sworn(raw)


def reader(data: bytes, since: int, aborted: Sequence[tuple[int, int]] = (), *, of: type = Runs) -> Fetcher.PartitionRecords:
    told = [Aborted(producer_id=producer, first_offset=first) for producer, first in aborted]
    return of(since, PLACE, MemoryRecords(data), isolation_level=IsolationLevel.READ_COMMITTED, aborted_transactions=told)


def taken(data: bytes, since: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> tuple[list[Run], int]:
    """All runs of fetched bytes, and where the client goes on."""
    part = reader(data, since, aborted)
    runs = part.take(1_000)
    assert not part, "what has come to its end is empty, or the client asks on for ever"
    return runs, part.next_fetch_offset


def good(runs: list[Run]) -> list[int]:
    return [offset for run in runs for index, offset in enumerate(run.offsets) if index not in run.broken]


def dead(runs: list[Run]) -> dict[int, str]:
    return {offset: run.broken[index] for run in runs for index, offset in enumerate(run.offsets) if index in run.broken}


def counted(raw: bytes, count: int, *, last: int) -> bytes:
    """A batch that says it has so many records, the last of them so far behind the first."""
    said = bytearray(raw)
    struct.pack_into(">i", said, ATTRIBUTES + 2, last)
    struct.pack_into(">i", said, HEAD - 4, count)
    return sworn(said)


BROKEN = {
    "an unknown codec": (batch(3, attributes=7), "Kafka has no codec 7"),
    "no gzip": (batch(3, attributes=1), "BadGzipFile: Not a gzipped file"),
    "no snappy": (batch(3, attributes=2), "Uncompress"),
    "no lz4": (batch(3, attributes=3), "RuntimeError"),
    "no zstd": (batch(3, attributes=4), "ZstdError"),
    "a wrong checksum": (bytes(bytearray(batch(3)[:-1]) + b"?"), "its checksum is wrong"),
    "more records than bytes": (counted(batch(3), 2**31 - 1, last=2), "cannot be 2147483647 records"),
    "broken records": (sworn(bytearray(batch(3)[:HEAD]) + b"\xff" * (len(batch(3)) - HEAD)), "CorruptRecordError"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_read_is_dead_place_by_place_and_what_follows_is_read(kind: str) -> None:
    raw, why = BROKEN[kind]
    runs, following = taken(batch(0) + raw + batch(6))
    assert (good(runs), list(dead(runs)), following) == ([0, 1, 2, 6, 7, 8], [3, 4, 5], 9)
    assert all("the batch at offsets 3 to 5 cannot be read" in said and why in said for said in dead(runs).values())
    values = next(run.values for run in runs if run.broken)
    assert values == [raw, b"", b""], "the first has the batch, to be looked at"


@pytest.mark.parametrize("kind", BROKEN)
def test_alone_at_the_end_of_what_was_fetched_it_is_dead_too(kind: str) -> None:
    raw, _ = BROKEN[kind]
    runs, following = taken(raw, 3)
    assert (good(runs), list(dead(runs)), following) == ([], [3, 4, 5], 6)


def test_reading_that_begins_in_the_middle_of_one_gives_its_rest() -> None:
    runs, following = taken(BROKEN["no lz4"][0] + batch(6), 4)
    assert (good(runs), list(dead(runs)), following) == ([6, 7, 8], [4, 5], 9)


def test_a_head_that_is_not_sworn_to_is_not_believed() -> None:
    """A broken batch that says it has a billion records gives up no more than what lies before the next batch."""
    raw = bytearray(batch(3))
    struct.pack_into(">i", raw, ATTRIBUTES + 2, 10**9)
    runs, following = taken(batch(0) + bytes(raw) + batch(6))
    assert (good(runs), list(dead(runs)), following) == ([0, 1, 2, 6, 7, 8], [3, 4, 5], 9)
    runs, following = taken(batch(0) + bytes(raw))
    assert (list(dead(runs)), following) == ([3], 4), "without a next one it gives up a single place, and asks again"


SIZE = {codec: len(batch(0, codec=codec)) for codec in range(5)}


@settings(max_examples=500, deadline=None)
@given(codec=st.integers(0, 4), which=st.integers(0, 2), place=st.integers(0, 200), byte=st.integers(0, 255))
def test_whatever_byte_is_wrong_no_place_is_passed_over(codec: int, which: int, place: int, byte: int) -> None:
    """Each place before where reading goes on was handed out once, good or dead; those that are good are what they were.

    But for the first offset, which is under no checksum: there only a leap is noticed.
    """
    data = bytearray(b"".join(batch(base, codec=codec) for base in (0, 3, 6)))
    place %= SIZE[codec]
    data[which * SIZE[codec] + place] = byte
    part = reader(bytes(data), 0)
    runs = part.take(1_000)
    assert part.next_fetch_offset <= 9 or place == 7, "no leap"
    assert [offset for run in runs for offset in run.offsets] == list(range(part.next_fetch_offset)) or place == 7
    for run in runs:
        for index, offset in enumerate(run.offsets):
            assert index in run.broken or place == 7 or run.values[index] == b"v%d" % offset


def test_a_reader_that_fails_is_empty_afterwards() -> None:
    """The client asks what it holds until it is empty: of one that had failed for ever, which no signal ended."""

    class Failing(Runs):
        def _unpack_records(self, *_: object) -> object:  # type: ignore[override]
            raise MemoryError
            yield

    part = reader(batch(0), 0, of=Failing)
    with pytest.raises(MemoryError):
        part.take(10)
    assert not part
    control = reader(batch(0), 0, of=type("Control", (Fetcher.PartitionRecords,), {"_unpack_records": Failing._unpack_records}))
    with pytest.raises(MemoryError):
        control.take(10)
    assert (bool(control), control.take(10)) == (True, []), "negative control: the client's own is neither empty nor at an end"


def test_what_was_taken_back_is_left_out_and_the_marks_are_no_records() -> None:
    data = (
        batch(0, producer=7)
        + batch(3, producer=8)
        + marker(6, 7, commit=False)
        + marker(7, 8, commit=True)
        + batch(8, producer=7)
    )
    runs, following = taken(data + marker(11, 7, commit=True), 0, [(7, 0)])
    assert (good(runs), dead(runs), following) == ([3, 4, 5, 8, 9, 10], {}, 12)
    assert [run.until for run in runs] == [3, 6, 7, 8, 11, 12]


def test_without_the_brokers_list_nothing_is_left_out() -> None:
    """Negative control: that a transaction was taken back is told by the broker, ahead of the records."""
    runs, _ = taken(batch(0, producer=7) + marker(3, 7, commit=False), 0, [])
    assert good(runs) == [0, 1, 2]


def test_a_broken_batch_of_a_transaction_that_was_taken_back_is_no_loss() -> None:
    raw = bytearray(batch(0, producer=7, attributes=7))
    runs, following = taken(bytes(raw) + marker(3, 7, commit=False) + batch(4), 0, [(7, 0)])
    assert (good(runs), dead(runs), following) == ([4, 5, 6], {}, 7)
