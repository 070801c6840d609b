"""A key's home is the one that every other Kafka client finds: Java's own vectors, and kafka-python's hash over anything."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as reference

from opsledger.ingest.log import partition
from opsledger.ingest.log.partition import murmur2, partitions_of

JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""From Apache Kafka's own tests (UtilsTest, testMurmur2), signed as Java prints them."""

KEYS = st.lists(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), max_size=60)


def hashes(keys: list[bytes]) -> list[int]:
    return [int(value) for value in murmur2(pa.array(keys, pa.binary()))]


def test_the_hash_of_each_known_key_is_the_one_that_java_finds() -> None:
    assert hashes(list(JAVA)) == [value % 2**32 for value in JAVA.values()]


@given(keys=KEYS)
def test_the_hash_of_any_key_is_the_one_that_kafka_python_finds(keys: list[bytes]) -> None:
    assert hashes(keys) == [reference(key) for key in keys]


@pytest.mark.parametrize("partitions", [1, 6, 7, 1000])
def test_every_key_gets_the_partition_that_the_default_partitioner_gives(partitions: int) -> None:
    keys = [f"t1/call/电话-{n}".encode() for n in range(500)] + [b"", b"/", b"t/call/"]
    wanted = [(reference(key) & 0x7FFFFFFF) % partitions for key in keys]
    assert partitions_of(pa.array(keys, pa.binary()), partitions).tolist() == wanted


def test_strings_hash_as_their_utf8_and_a_slice_as_its_rows() -> None:
    column = pa.array(["x", "t1/call/电话", "t1/call/b", ""])
    assert murmur2(column.slice(1)).tolist() == hashes(["t1/call/电话".encode(), b"t1/call/b", b""])


def test_a_seed_that_is_wrong_by_one_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "_SEED", np.uint32(0x9747B28D))
    assert hashes([b"abc"]) != [JAVA[b"abc"] % 2**32]
