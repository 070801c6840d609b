"""What we rely on inside Kafka's client, which promises none of it: a release that changes it fails here, not at work."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kafka
import pytest
from kafka.cluster import ClusterMetadata
from kafka.consumer.fetcher import CompletedFetch, Fetcher
from kafka.consumer.subscription_state import TopicPartitionState
from kafka.coordinator.base import BaseCoordinator, MemberState
from kafka.net.compat import KafkaNetClient
from kafka.producer.producer_batch import ProducerBatch
from kafka.producer.record_accumulator import RecordAccumulator
from kafka.producer.sender import Sender
from kafka.producer.transaction_manager import TransactionManager
from kafka.protocol.consumer import FetchResponse
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch

ROOT = Path(__file__).parents[2]
DOOR = ROOT / "ingest" / "log" / "client.py"
CHECKED = "3.0.12"
"""The release that all of this was read in."""
SIGNATURES: dict[Callable[..., Any], str] = {
    Fetcher.PartitionRecords.__init__: "self fetch_offset tp records key_deserializer value_deserializer check_crcs "
    "isolation_level aborted_transactions metric_aggregator on_drain",
    Fetcher.PartitionRecords._unpack_records: "self tp records key_deserializer value_deserializer",
    Fetcher.PartitionRecords.take: "self n",
    Fetcher.PartitionRecords.drain: "self",
    Fetcher.PartitionRecords._consume_aborted_transactions_up_to: "self offset",
    Fetcher.PartitionRecords._contains_abort_marker: "self batch",
    Fetcher.PartitionRecords._is_batch_aborted: "self batch",
    Fetcher._handle_fetch_response: "self node_id fetch_offsets send_time response",
    Fetcher._parse_fetched_data: "self completed_fetch",
    MemoryRecords.next_batch: "self _min_slice _magic_offset",
    ClusterMetadata.leader_for_partition: "self partition",
    BaseCoordinator.request_rejoin: "self",
    ProducerBatch.__init__: "self tp records now",
    RecordAccumulator._tp_lock: "self tp",
    Sender._can_split: "self batch error",
    Sender.force_close: "self",
    Sender.wakeup: "self",
    TransactionManager.has_fatal_error: "self",
    TransactionManager.reset_producer_id: "self",
}
SOURCES = {
    Fetcher.PartitionRecords._unpack_records: "d91ccce28d83",
    Fetcher.PartitionRecords.take: "9558697bd767",
    Fetcher._parse_fetched_data: "3cd93b6d3b7b",
    Fetcher.fetched_records: "bf91319f1a2f",
    Fetcher._append: "341c09c715c5",
    TransactionManager.reset_producer_id: "2fb0d988b47c",
    TransactionManager.init_producer_id: "2c22ebbbcc00",
}
"""What we have written anew, or count on word by word: read what has changed, and whether ours has to."""


def parameters(of: Callable[..., Any]) -> str:
    return " ".join(inspect.signature(of).parameters)


def digest(of: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(of).encode()).hexdigest()[:12]


def inside(path: Path) -> set[str]:
    """The inner modules of the client that a file imports."""
    public = {"kafka", "kafka.errors", "kafka.admin", "kafka.structs"}
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == "kafka"} - public


def test_the_release_is_one_that_was_read() -> None:
    assert kafka.__version__ == CHECKED, "read the new release for what stands in this file, then write its number here"


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_what_is_called_or_replaced_takes_what_it_took(function: Callable[..., Any]) -> None:
    assert parameters(function) == SIGNATURES[function]


@pytest.mark.parametrize("function", SOURCES, ids=lambda function: function.__qualname__)
def test_what_was_written_anew_is_what_it_was(function: Callable[..., Any]) -> None:
    assert digest(function) == SOURCES[function]


def test_what_is_reached_for_is_there() -> None:
    assert {"topic_partition", "partition_data"} <= set(CompletedFetch._fields)
    partition = FetchResponse.FetchableTopicResponse.PartitionData
    assert {"error_code", "high_watermark", "last_stable_offset", "aborted_transactions"} <= set(partition.fields)
    assert {"_next_slice"} <= set(MemoryRecords.__slots__)
    assert {"_buffer", "_pos"} <= set(DefaultRecordBatch.__slots__)
    assert MemberState.STABLE != MemberState.REBALANCING
    assert hasattr(TopicPartitionState(), "position")
    source = inspect.getsource(kafka.KafkaConsumer)
    made = ("self._fetcher = Fetcher(", "self._subscription = ", "self._coordinator = ", "self._client = ")
    assert all(name in source for name in made)
    assert all(name in inspect.getsource(KafkaNetClient) for name in ("self._net", "self._manager"))
    assert "self._isolation_level" in inspect.getsource(Fetcher._create_fetch_requests)
    assert "self._isolation_level" in inspect.getsource(Fetcher._send_list_offsets_request)
    assert "self.PartitionRecords(" in inspect.getsource(Fetcher._parse_fetched_data)


def test_a_client_that_has_changed_is_noticed() -> None:
    """Negative control."""

    class Changed(Fetcher.PartitionRecords):  # type: ignore[misc]
        def _unpack_records(self, tp: object, records: object) -> None:
            """Another signature, another text."""

    assert parameters(Changed._unpack_records) != SIGNATURES[Fetcher.PartitionRecords._unpack_records]
    assert digest(Changed._unpack_records) != SOURCES[Fetcher.PartitionRecords._unpack_records]


def test_only_the_door_imports_what_is_inside() -> None:
    ours = [
        path for folder in ("domain", "ingest", "projections", "dashboards", "infra") for path in (ROOT / folder).rglob("*.py")
    ]
    assert {path for path in ours if inside(path)} == {DOOR}
    assert "kafka.consumer.fetcher" in inside(DOOR), "negative control: it is seen"
