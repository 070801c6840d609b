"""Where the cases play: three brokers, one gateway, one log and its ledger; and the processes that are hurt there."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from opsledger.infra.gateway.found import PASSWORD_VARIABLE
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.manifest import OnLoss
from opsledger.infra.server import URL_VARIABLE
from opsledger.infra.store import Store, open_store
from tests import gateways
from tests.chaos.matrix.judge import Judgement, Told, id_of, judge
from tests.chaos.test_kill_sink import FAULT
from tests.kafka_cluster import TestKafka, place_on
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import line, tables
from tests.sink_scene import drained, produce

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 240
PASSWORD = "of-the-matrix"
PARTITIONS = 3


def until(what: Callable[[], object], why: str) -> None:
    """Wait for something that will come; AssertionError where it does not."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, f"it did not come: {why}"
        time.sleep(0.05)


def stands_still(process: int) -> bool:
    """Whether a process is stopped (SIGSTOP), each of its threads."""
    found = [path.read_text(encoding="ascii", errors="replace") for path in Path(f"/proc/{process}/task").glob("*/stat")]
    return {stat.rpartition(")")[2].split()[0] for stat in found} == {"T"}


@dataclass
class Child:
    """A command at work; ``said`` and ``text`` grow meanwhile."""

    process: subprocess.Popen[str]
    said: list[dict[str, Any]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    listener: Thread | None = None

    def listen(self) -> None:
        assert self.process.stdout is not None
        for row in self.process.stdout:
            self.text.append(row)
            if row.startswith("{") and row.endswith("}\n"):
                self.said.append(json.loads(row))

    def most(self, name: str) -> int:
        """The highest figure that it told."""
        return max((told[name] for told in list(self.said) if name in told), default=0)

    def end(self) -> int:
        """Wait for its end; the exit code (minus a signal)."""
        code = self.process.wait(PATIENCE_S)
        if self.listener:
            self.listener.join(PATIENCE_S)
        return code

    def killed(self) -> None:
        """AssertionError unless it dies by kill -9."""
        code = self.end()
        assert code == -signal.SIGKILL, f"it was not killed but ended with {code}: {''.join(self.text[-5:])}"

    def stop(self) -> int:
        """Ask it to end; the exit code."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return self.end()

    def stopped(self) -> bool:
        """Whether it stands still with all its threads (SIGSTOP). AssertionError where it has come to its end."""
        assert self.process.poll() is None, f"it did not stand still but ended: {''.join(self.text[-5:])}"
        return stands_still(self.process.pid)

    def address(self) -> str:
        """Of a server: where it listens, as soon as it does."""
        until(lambda: self.process.poll() is not None or self._found(), "a server that says where it is")
        found = self._found()
        assert found, "".join(self.text)
        return found

    def _found(self) -> str:
        matches = [re.search(r"serving (http://\S+)/events", row) for row in list(self.text)]
        return next((match[1] for match in matches if match), "")


class Field:
    """Holds everything; use it in ``field_on``. ``told`` is what all sources so far were told."""

    def __init__(self, kafka: TestKafka, root: Path, chance: random.Random) -> None:
        self.kafka, self.root, self.chance = kafka, root, chance
        self.told, self.rows_again, self._cases = Told(), 0, 0
        self.children: list[Child] = []
        make_topics(kafka.settings, partitions=PARTITIONS, copies=3)
        self.gateway = self._gateway(0)
        self.port = int(urlsplit(self.gateway.found.url).port or 0)
        self._open: dict[str, Store] = {}

    @property
    def settings(self) -> KafkaSettings:
        return self.kafka.settings

    def _gateway(self, port: int) -> gateways.Running:
        return gateways.start(self.root / "held", "--port", str(port), **{PASSWORD_VARIABLE: PASSWORD})

    def gateway_again(self) -> None:
        """Start the gateway at the address that it had."""
        self._close_gateway()
        self.gateway = self._gateway(self.port)

    def _close_gateway(self) -> None:
        if self.gateway.process.poll() is None:
            self.gateway.stop()
        if self.gateway.process.stdout:
            self.gateway.process.stdout.close()

    def close(self) -> None:
        """End all that runs, whatever state it is in."""
        for child in self.children:
            child.process.kill()
            child.end()
        for store in self._open.values():
            with suppress(Exception):  # the gateway may be away
                store.close()
        self._close_gateway()

    def environ(self, database: str = "default") -> dict[str, str]:
        """What a command needs to find log and ledger; '' for a ledger in a data directory."""
        url = {URL_VARIABLE: f"http://default:{PASSWORD}@127.0.0.1:{self.port}/{database}"} if database else {}
        return {**self.kafka.environ, **url}

    def start(self, options: Sequence[str], *command: str, database: str = "default") -> Child:
        """Start a command, hurt as the options say."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")}
        words = [sys.executable, "-m", "tests.chaos.matrix.child", *options, "--", *command]
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env={**given, **self.environ(database)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        child = Child(process)
        child.listener = Thread(target=child.listen, daemon=True)
        child.listener.start()
        self.children.append(child)
        return child

    def name(self) -> str:
        """A name that no other case has: of events, files and folders."""
        self._cases += 1
        return f"case{self._cases}"

    def lines(self, name: str, count: int) -> list[bytes]:
        """Events of a case: contacts that queue and mostly give up, and faults."""
        made = [line(f"{name}-c{n}", at_s=n) for n in range(count)]
        for n in range(0, count, 2):
            left = {"queue": "q1", "reason": "abandoned"}
            made.append(line(f"{name}-l{n}", subject=f"{name}-c{n}", type_="call.left_queue", at_s=n + 20, data=left))
        return made + [line(f"{name}-f{n}", type_="fault.raised", data=FAULT) for n in range(0, count, 10)]

    def feed(self, lines: Sequence[bytes]) -> None:
        """Append events from two producers, the second a part of them again, and messages that are none between them."""
        call = self.settings.topics.of("call")
        with open_log(self.settings) as one, open_log(self.settings) as other:
            for start in range(0, len(lines), 150):
                some = lines[start : start + 150]
                one.append(tables(some))
                other.append(tables(self.chance.sample(some, len(some) // 5 or 1)))
                garbage = {"topic": call, "key": b"x", "value": b"\x00garbage", "partition": self.chance.randrange(PARTITIONS)}
                produce(self.settings, [garbage, {**garbage, "value": None}])
        self.told.events |= ids_of(lines)

    def store(self, database: str = "default") -> Store:
        """The ledger over the network, open until the field is closed: its tables are looked for once."""
        if database not in self._open:
            with environment(self.environ(database)):
                self._open[database] = open_store(self.root / "nothing", writes=True, on_loss=OnLoss.TELL)  # the judge says it
        return self._open[database]

    def drain(self, name: str = "drain", database: str = "default") -> None:
        """A sink that is well reads the log to its end."""
        drained(self.store(database), self.settings, name=name)

    def judge(self, database: str = "default") -> Judgement:
        """What the judge says of log and ledger now."""
        return judge(self.store(database), self.settings, self.told)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """The environment of this process, changed for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def ids_of(lines: Sequence[bytes]) -> set[UUID]:
    """The ids of events' lines."""
    return {id_ for each in lines if (id_ := id_of(each))}


@contextmanager
def field_on(kafka_cluster: Any, root: Path, seed: int) -> Iterator[Field]:
    """A field on a cluster; everything but the cluster ends with it."""
    made = Field(place_on(kafka_cluster), root, random.Random(seed))
    try:
        yield made
    finally:
        made.close()
