"""Fixtures of the whole suite: a real Kafka, shared by all or a module's own. Taken in by conftest.py."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from opsledger.infra.kafka.local.cluster import Cluster
from tests.java_start import BRIEF_LIFE, OPTIONS
from tests.kafka_cluster import BROKER, TestKafka, place_on, run_folder, shared_broker, three_nodes
from tests.run_watch import hold_run

_held: list[int] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """The first process of the run says by a lock that the run goes on. Ctrl-C is heard, whatever started the run: a shell
    hands down that it is not, to what it runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault(OPTIONS, BRIEF_LIFE)
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        _held.append(hold_run(run_folder(session.config._tmp_path_factory)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The broker ends with the run, before the run says so."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        Cluster(run_folder(session.config._tmp_path_factory) / BROKER).down(delete=True)


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """One real broker, the same for every test of the run. Do not stop it: others use it."""
    return shared_broker(run_folder(tmp_path_factory))


@pytest.fixture
def kafka(kafka_broker: Cluster) -> TestKafka:
    """A place of the test's own on the shared broker: settings and environment with a prefix nobody else has; no topics yet."""
    return place_on(kafka_broker)


@pytest.fixture(scope="module")
def three_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three real brokers of this module's own, to be killed and started again; whoever kills one starts it again."""
    with three_nodes(tmp_path_factory.mktemp("kafka3") / "cluster") as cluster:
        yield cluster
