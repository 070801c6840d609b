"""A real Kafka for tests: one broker for the whole run, shared by all workers; three of their own for those that kill.

Whoever needs the broker first starts it. It ends with the run, also when the run is stopped or killed: a small process
beside it waits for the end of the run and takes the cluster down.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings, needed

RUN_LOCK = "run.lock"
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
        watched(run, cluster.root)
    return cluster


@contextmanager
def three_nodes(run: Path, root: Path) -> Iterator[Cluster]:
    """Three brokers for one module; gone with their data afterwards."""
    cluster = Cluster(root, 3)
    watched(run, root)
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down(delete=True)


def hold_run(run: Path) -> int:
    """Lock the run's file for the life of this process (the first of the run); the watchers wait for its end."""
    file = os.open(run / RUN_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def watched(run: Path, root: Path) -> None:
    """See to it that a cluster ends with the run, whatever ends that."""
    mark = root.with_name(root.name + ".watched")
    if mark.exists():
        return
    subprocess.Popen(
        [sys.executable, "-m", "tests.kafka_cluster", str(run / RUN_LOCK), str(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=Path(__file__).parents[1],
    )
    mark.touch()


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Within, no other worker of the run is where this one is."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _watch(run_lock: Path, root: Path) -> None:
    with run_lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # had when the run is over
        Cluster(root).down(delete=True)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), Path(sys.argv[2]))
