"""A local Kafka: started, stopped, killed; what is kept, and what a user is told when it cannot be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, EXIT_USAGE, UserError
from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.local.plan import HOST, new_plan, write_plan
from opsledger.infra.kafka.topic_make import init_topics
from tests.kafka_cluster import place_on

pytestmark = pytest.mark.local_kafka
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker of this module's own; a test that stops it starts it again."""
    cluster = Cluster(tmp_path_factory.mktemp("own") / "卡夫卡 é 🗂", 1)
    cluster.up()
    yield cluster
    cluster.down(delete=True)


def opsledger(*arguments: str | Path, **environ: str) -> tuple[str, int]:
    command = [sys.executable, "-m", "opsledger.infra.cli", "kafka", *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **environ}, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr, done.returncode


def stopped(root: Path) -> Cluster:
    """A cluster that was made and ran once, as its files tell; none of it runs."""
    write_plan(root, new_plan(1))
    cluster = Cluster(root)
    cluster.nodes[1].folder.mkdir()
    for name in ("LOCK", "formatted"):
        (cluster.nodes[1].folder / name).touch()
    return cluster


def listening(cluster: Cluster) -> list[str]:
    """The addresses of the cluster's nodes that take connections."""
    found = []
    for port in (port for node in cluster.plan.nodes for port in node.ports):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                found.append(f"{HOST}:{port}")
    return found


def test_up_again_changes_nothing_and_says_so(own: Cluster) -> None:
    pids = [node.pid for node in own.nodes.values()]
    out, code = opsledger("up", "--dir", own.root)
    assert (code, "was up already" in out, f"OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS={own.bootstrap}" in out) == (0, True, True)
    assert [node.pid for node in own.nodes.values()] == pids


def test_a_node_killed_from_outside_is_seen_and_two_that_start_it_at_once_start_it_once(own: Cluster) -> None:
    pid = own.nodes[1].pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert own.nodes[1].ended(30)
    out, code = opsledger("status", "--dir", own.root)
    assert (code, "not running" in out) == (EXIT_INCOMPLETE, True)
    command = [sys.executable, "-m", "opsledger.infra.cli", "kafka", "up", "--dir", str(own.root)]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)
    ]
    said = sorted("was up already" in process.communicate()[0] for process in started)
    assert [process.returncode for process in started] == [0, 0]
    assert said == [False, True]
    assert own.nodes[1].pid not in (None, pid)


def test_status_shows_nodes_ports_and_the_line_to_export(own: Cluster) -> None:
    out, code = opsledger("status", "--dir", own.root)
    assert code == 0
    for part in (f"running, pid {own.nodes[1].pid}", own.bootstrap, "controller  1", "topics      ", "export OPSLEDGER_KAFKA"):
        assert part in out, out


def test_it_listens_on_loopback_only(own: Cluster) -> None:
    settings = (own.nodes[1].folder / "node.properties").read_text()
    addresses = [line.split("=", 1)[1] for line in settings.splitlines() if "listeners=" in line]
    assert len(addresses) == 2
    for address in ",".join(addresses).split(","):
        assert address.split("://")[1].startswith(f"{HOST}:")
    assert len(listening(own)) == 2


def test_what_was_written_is_still_there_after_down_and_up(own: Cluster) -> None:
    place = place_on(own)
    init_topics(place.settings, 1)
    topic = place.settings.topics.of("call")
    with KafkaProducer(**place.settings.client) as producer:
        producer.send(topic, b"kept").get(30)
    before = own.plan
    assert opsledger("down", "--dir", own.root)[1] == 0
    assert (own.alive(), listening(own)) == ((), [])
    assert opsledger("up", "--dir", own.root)[1] == 0
    assert own.plan == before
    with KafkaConsumer(topic, auto_offset_reset="earliest", consumer_timeout_ms=30_000, **place.settings.client) as consumer:
        assert next(iter(consumer)).value == b"kept"


def test_another_program_that_has_the_old_process_number_is_never_touched(tmp_path: Path) -> None:
    cluster = stopped(tmp_path)
    with subprocess.Popen(["sleep", "600"]) as other:
        (cluster.nodes[1].folder / "pid").write_text(str(other.pid))
        assert (cluster.alive(), cluster.nodes[1].pid, cluster.down()) == ((), None, False)
        cluster.kill(1)
        assert other.poll() is None
        other.kill()


def test_a_kept_port_that_another_program_took_is_told(tmp_path: Path) -> None:
    cluster = stopped(tmp_path)
    port = cluster.plan.nodes[0].port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((HOST, port))
        other.listen()
        out, code = opsledger("up", "--dir", tmp_path)
        assert (code, f"port {port} of node 1 is in use" in out) == (EXIT_ENVIRONMENT, True)


def test_another_number_of_brokers_than_it_was_made_with_is_refused(own: Cluster) -> None:
    out, code = opsledger("up", "--brokers", "3", "--dir", own.root)
    assert (code, "has 1 broker(s), not 3" in out) == (EXIT_USAGE, True)


def test_down_where_nothing_runs_is_no_error(tmp_path: Path) -> None:
    for _ in range(2):
        out, code = opsledger("down", "--dir", tmp_path / "none")
        assert (code, "was not running" in out) == (0, True)
    assert not (tmp_path / "none").exists()


def test_down_never_deletes_what_is_not_a_clusters(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert opsledger("down", "--delete", "--dir", tmp_path)[1] == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_status_where_no_cluster_was_made_says_how_to_make_one(tmp_path: Path) -> None:
    out, code = opsledger("status", "--dir", tmp_path / "none")
    assert (code, "opsledger kafka up" in out) == (EXIT_USAGE, True)


def test_a_first_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        out, code = opsledger("up", "--port", str(port), "--dir", tmp_path / "k")
    assert (code, f"port {port} is in use" in out) == (EXIT_ENVIRONMENT, True)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out, code = opsledger("up", "--dir", tmp_path / "file" / "kafka")
    assert (code, "starting Kafka in" in out) == (EXIT_ENVIRONMENT, True)


def test_a_folder_that_kafka_would_take_for_two_is_told(tmp_path: Path) -> None:
    out, code = opsledger("up", "--dir", tmp_path / "a,b")
    assert (code, "no folder with a comma" in out) == (EXIT_USAGE, True)


def test_a_damaged_plan_is_told(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text("{")
    for command in ("up", "status", "down"):
        out, code = opsledger(command, "--dir", tmp_path)
        assert (code, "is damaged" in out) == (EXIT_ENVIRONMENT, True)


def test_a_node_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 1, settings={"log.dirs": "/proc/none"})
    with pytest.raises(UserError) as told:
        cluster.up()
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert "/proc/none" in str(told.value)
    assert cluster.alive() == ()


def test_a_wrong_setting_of_a_node_is_told(tmp_path: Path) -> None:
    write_plan(tmp_path, new_plan(1, settings={"num.io.threads": "many"}))
    with pytest.raises(UserError, match=r"num\.io\.threads"):
        Cluster(tmp_path).up()


def test_without_java_or_programs_a_start_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    out, code = opsledger("up", "--dir", tmp_path / "k", KAFKA_HOME=str(tmp_path))
    assert (code, "KAFKA_HOME is" in out) == (EXIT_ENVIRONMENT, True)
    assert not (tmp_path / "k").exists()
