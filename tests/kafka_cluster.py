"""A real Kafka for tests: one broker for the whole run, shared by all workers; three of their own for those that kill.

Whoever needs the broker first starts it. It ends with the run, also when the run is stopped or killed: see run_watch.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings, needed

BROKER = "kafka"


@dataclass(frozen=True, slots=True)
class TestKafka:
    """A place on a real cluster that is one test's alone: by the prefix of its topics (and of its groups)."""

    __test__ = False

    cluster: Cluster
    prefix: str

    @property
    def environ(self) -> Mapping[str, str]:
        """What a process of the product needs in its environment to use it."""
        return {"OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS": self.cluster.bootstrap, "OPSLEDGER_KAFKA_PREFIX": self.prefix}

    @property
    def settings(self) -> KafkaSettings:
        """The same, read as the product reads it."""
        return needed(kafka_settings(self.environ))


def place_on(cluster: Cluster) -> TestKafka:
    """A place that nobody else uses."""
    return TestKafka(cluster, f"t{uuid.uuid4().hex[:12]}")


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this run of pytest, the same for all its workers."""
    base = factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def shared_broker(run: Path) -> Cluster:
    """The run's only single broker, started by the first that asks."""
    cluster = Cluster(run / BROKER, 1)
    with alone(run / "kafka.starting"):
        cluster.up()
    return cluster


@contextmanager
def three_nodes(root: Path) -> Iterator[Cluster]:
    """Three brokers for one module; gone with their data afterwards."""
    cluster = Cluster(root, 3)
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down(delete=True)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Within, no other worker of the run is where this one is."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
