"""A batch read whole gives what the client's own reader gives, record by record."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from opsledger.ingest.log.unpack import Run, joined, run_of

HEADERS = st.lists(st.tuples(st.text(max_size=5), st.one_of(st.none(), st.binary(max_size=200))), max_size=3)
BYTES = st.one_of(st.none(), st.binary(max_size=40), st.binary(min_size=120, max_size=300), st.just(b"x" * 20_000))
RECORD = st.tuples(BYTES, BYTES, st.integers(0, 2**45), HEADERS)


def made(records: list[tuple[bytes | None, bytes | None, int, list[tuple[str, bytes | None]]]], codec: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 24)
    for offset, (key, value, at, headers) in enumerate(records):
        assert builder.append(offset, at, key, value, headers)
    return bytes(builder.build())


def by_client(raw: bytes) -> Run:
    each = list(DefaultRecordBatch(raw))
    headers = {i: r.headers for i, r in enumerate(each) if r.headers}
    return Run([r.offset for r in each], [r.key for r in each], [r.value for r in each], [r.timestamp for r in each], headers)


@settings(max_examples=300, deadline=None)
@given(records=st.lists(RECORD, min_size=1, max_size=12), codec=st.sampled_from([0, 1, 3, 4]))
def test_a_batch_read_whole_is_what_the_client_reads(
    records: list[tuple[bytes, bytes, int, list[tuple[str, bytes]]]], codec: int
) -> None:
    raw = made(records, codec)
    assert run_of(DefaultRecordBatch(raw)) == by_client(raw)


def test_the_brokers_time_counts_where_the_topic_says_so() -> None:
    raw = bytearray(made([(b"k", b"v", 1_000, []), (b"k", b"w", 2_000, [])]))
    struct.pack_into(">h", raw, DefaultRecordBatch.ATTRIBUTES_OFFSET, DefaultRecordBatch.TIMESTAMP_TYPE_MASK)
    assert run_of(DefaultRecordBatch(bytes(raw))).at == by_client(bytes(raw)).at == [2_000, 2_000]


def test_what_marks_the_end_of_a_transaction_is_no_record() -> None:
    raw = bytearray(made([(b"k", b"v", 1, [])]))
    struct.pack_into(">h", raw, DefaultRecordBatch.ATTRIBUTES_OFFSET, DefaultRecordBatch.CONTROL_MASK)
    assert run_of(DefaultRecordBatch(bytes(raw))).offsets == []


@settings(max_examples=300, deadline=None)
@given(place=st.integers(DefaultRecordBatch.HEADER_STRUCT.size, 120), byte=st.integers(0, 255))
def test_a_broken_batch_is_told_and_never_hangs(place: int, byte: int) -> None:
    """What slips through gives records of the same number; the checksum, which is the client's, finds the rest."""
    raw = bytearray(made([(b"key", b"value" * 4, n, [("h", b"x")]) for n in range(3)]))
    raw[place % len(raw)] = byte
    with suppress(CorruptRecordError):
        assert len(run_of(DefaultRecordBatch(bytes(raw))).offsets) in (0, 3)


def test_a_batch_that_was_cut_is_told() -> None:
    raw = made([(b"key", b"value", n, []) for n in range(3)])
    with pytest.raises(CorruptRecordError):
        run_of(DefaultRecordBatch(raw[:-3]))


def test_reading_that_begins_inside_a_batch_leaves_out_what_comes_before() -> None:
    run = run_of(DefaultRecordBatch(made([(b"k", b"%d" % n, n, [("h", b"1")] if n == 3 else []) for n in range(5)])))
    assert run.since(0) is run
    part = run.since(2)
    assert (part.offsets, part.values, part.headers) == ([2, 3, 4], [b"2", b"3", b"4"], {1: [("h", b"1")]})
    assert run.since(9).offsets == []


def test_runs_are_joined_with_their_headers_in_place() -> None:
    one = Run([1, 2], [None, b"a"], [b"1", b"2"], [5, 6], {1: [("x", None)]})
    other = Run([4], [b"b"], [b"4"], [7], {0: [("y", b"z")]})
    assert joined([one, other]) == Run(
        [1, 2, 4], [None, b"a", b"b"], [b"1", b"2", b"4"], [5, 6, 7], {1: [("x", None)], 2: [("y", b"z")]}
    )
