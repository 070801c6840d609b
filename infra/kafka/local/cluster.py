"""A local Kafka cluster of one or three nodes in a folder: made, started, watched, stopped; its data stays until deleted."""

from __future__ import annotations

import fcntl
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.local.artifacts import libraries
from opsledger.infra.kafka.local.disk import on_disk
from opsledger.infra.kafka.local.java import find_java
from opsledger.infra.kafka.local.node import Node
from opsledger.infra.kafka.local.plan import HOST, Plan, busy, new_plan, read_plan, write_plan
from opsledger.ingest.log.client import KafkaAdminClient, KafkaError

SIZES = (1, 3)
_READY_S = 180.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What a running cluster says of itself. ``brokers`` are ids; ``topics`` without Kafka's own."""

    brokers: tuple[int, ...]
    controller: int | None
    topics: int


class Cluster:
    """The cluster in a folder. All listeners are on loopback.

    ``brokers``, ``port``, ``settings`` and ``secure`` (protocols: SSL, …) count when it is made; then the folder says them.
    """

    def __init__(
        self,
        root: Path,
        brokers: int | None = None,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        secure: Sequence[str] = (),
    ) -> None:
        self.root = root
        self._wanted = brokers
        self._port, self._settings, self._secure = port, settings, secure
        self._nodes: dict[int, Node] = {}

    @property
    def plan(self) -> Plan:
        """Its ids and ports. UserError where no cluster was made."""
        found = read_plan(self.root)
        if found is None:
            raise UserError(f"there is no Kafka cluster in {self.root}; make one: opsledger kafka up")
        return found

    @property
    def servers(self) -> tuple[str, ...]:
        """``host:port`` of every broker."""
        return self.plan.servers

    @property
    def bootstrap(self) -> str:
        """The value for OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS."""
        return ",".join(self.servers)

    @property
    def nodes(self) -> dict[int, Node]:
        """Its nodes by id (1, 2, 3)."""
        plan = self.plan
        for node in plan.nodes:
            self._nodes.setdefault(node.id, Node(self.root, plan, node))
        return self._nodes

    def alive(self) -> tuple[int, ...]:
        """The nodes whose process runs."""
        return tuple(number for number, node in self.nodes.items() if node.alive()) if read_plan(self.root) else ()

    def up(self) -> bool:
        """Make it if need be, start what does not run, and wait until it answers; whether anything was started.

        UserError (exit code 4): no Java, no programs, a port taken, a disk that is full, a node that ends at once.
        """
        java, jars = find_java(), libraries()
        with on_disk(f"starting Kafka in {self.root}"), self._alone():
            self._make()
            down = [node for node in self.nodes.values() if not node.alive()]
            formatting = [(node, node.prepare(java, jars)) for node in down]
            for node, process in formatting:
                node.formatted(process)
            for node in down:
                node.start(java, jars)
        self.wait()
        return bool(down)

    def start(self, number: int) -> None:
        """Start one node that was stopped or killed, and wait until all that run answer."""
        self.nodes[number].start(find_java(), libraries())
        self.wait()

    def stop(self, number: int) -> None:
        """Stop one node as an operator would."""
        self.nodes[number].stop()

    def kill(self, number: int) -> None:
        """Kill one node (kill -9)."""
        self.nodes[number].kill()

    def down(self, *, delete: bool = False) -> bool:
        """Stop what runs; with ``delete`` its data goes too. Whether anything ran. Harmless when nothing does."""
        if not self.root.is_dir():
            return False
        with on_disk(f"stopping Kafka in {self.root}"), self._alone():
            running = [node for node in self.nodes.values() if node.alive()] if read_plan(self.root) else []
            _stop_all(running)
            if delete and read_plan(self.root):
                for node in self.nodes.values():
                    shutil.rmtree(node.folder, ignore_errors=True)
                (self.root / "cluster.json").unlink()
                self._nodes = {}
        return bool(running)

    def wait(self, wait_s: float = _READY_S) -> None:
        """Wait until every node that runs is a broker of the cluster. UserError when one ended or time is up."""
        expected = {number for number, node in self.nodes.items() if node.alive()}
        until = time.monotonic() + wait_s
        while True:
            self._check_alive(expected)
            if all(expected <= _seen_by(self.nodes[number]) for number in expected):
                return
            if time.monotonic() > until:
                raise UserError(f"Kafka in {self.root} does not answer after {wait_s:.0f} s; see node-1/server.log there")
            time.sleep(_POLL_S)

    def state(self) -> ClusterState:
        """What the cluster says of itself; UserError when it does not answer."""
        try:
            with _admin(self.servers) as admin:
                brokers = tuple(sorted(broker["broker_id"] for broker in admin.describe_cluster()["brokers"]))
                leader = admin.describe_metadata_quorum()["topics"][0]["partitions"][0]["leader_id"]
                topics = sum(not name.startswith("__") for name in admin.list_topics())
        except KafkaError as error:
            said = f"Kafka in {self.root} runs and does not answer: {type(error).__name__}"
            raise UserError(said, EXIT_ENVIRONMENT) from None
        return ClusterState(brokers, leader if leader >= 0 else None, topics)

    def _make(self) -> None:
        known = read_plan(self.root)
        if known is None:
            write_plan(self.root, new_plan(self._wanted or 1, port=self._port, settings=self._settings, secure=self._secure))
        elif self._wanted and self._wanted != len(known.nodes):
            raise UserError(
                f"the cluster in {self.root} has {len(known.nodes)} broker(s), not {self._wanted}; "
                "name another folder (--dir), or delete it with its data: opsledger kafka down --delete"
            )

    def _check_alive(self, expected: set[int]) -> None:
        for number in sorted(expected):
            node = self.nodes[number]
            if not node.alive():
                said = f"node {number} of Kafka in {self.root} ended: {node.last_words()} (all of it: {node.log})"
                raise UserError(said, EXIT_ENVIRONMENT)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands on one folder take turns."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "LOCK").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def _admin(servers: tuple[str, ...]) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=list(servers), bootstrap_timeout_ms=5_000, request_timeout_ms=10_000)
    try:
        yield admin
    finally:
        admin.close()


def _seen_by(node: Node) -> set[int]:
    """The brokers that a node knows as running; none while it does not answer. Each is asked itself: the others take
    some seconds to see that one was killed."""
    if not busy([node.plan.port]):  # nobody listens yet; asking would take longer
        return set()
    try:
        with _admin((f"{HOST}:{node.plan.port}",)) as admin:
            return {broker["broker_id"] for broker in admin.describe_cluster()["brokers"] if not broker.get("is_fenced")}
    except (KafkaError, OSError):
        return set()


def _stop_all(nodes: list[Node]) -> None:
    """All are asked at once: the last of three would wait in vain for the other two."""
    for node in nodes:
        node.signal(signal.SIGTERM)
    for node in nodes:
        node.stop()
