"""Several sinks on one ledger, over the network: they share the work, take over from each other, and store nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from opsledger.infra.store import Store, open_store
from tests.chaos.matrix.field import stands_still
from tests.chaos.test_kill_sink import CALLS, REPEATED, ROOT, kafka_log
from tests.gateways import Running, running
from tests.kafka_cluster import TestKafka
from tests.new_ledger import new_ledger
from tests.sink_scene import check_exact, content, logged

__all__ = ("kafka_log",)
pytestmark = pytest.mark.chaos
PATIENCE_S = 90


@dataclass
class Member:
    """A sink in a process of its own; ``said`` grows while it works."""

    process: subprocess.Popen[bytes]
    said: list[dict[str, Any]] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        self.said += (json.loads(text) for text in self.process.stdout if text.endswith(b"\n"))

    @property
    def accepted(self) -> int:
        return max((told.get("accepted", 0) for told in list(self.said)), default=0)

    def ended(self) -> bool:
        """Whether it came to its end by itself."""
        self.process.wait(PATIENCE_S)
        until(lambda: bool(self.said) and self.said[-1] == {"ended": True})
        return True


def until(what: Any) -> None:
    """Wait for something that will come; AssertionError where it does not."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


@dataclass
class Scene:
    """A gateway, a log, and the sinks between them."""

    gateway: Running
    kafka: TestKafka
    data: Path
    members: list[Member] = field(default_factory=list)

    def environ(self) -> dict[str, str]:
        return os.environ | dict(self.kafka.environ) | {"OPSLEDGER_CLICKHOUSE_URL": self.gateway.address()}

    def sink(self, name: str, *options: str) -> Member:
        command = [sys.executable, "-m", "tests.chaos.sink_child", str(self.data), f"name={name}", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=self.environ())
        member = Member(process)
        Thread(target=member.listen, daemon=True).start()
        self.members.append(member)
        return member


@pytest.fixture
def scene(kafka_log: TestKafka, tmp_path: Path) -> Iterator[Scene]:
    with running(new_ledger(tmp_path / "held")) as gateway:
        made = Scene(gateway, kafka_log, tmp_path / "data")
        yield made
        for member in made.members:
            member.process.kill()
            member.process.wait()


@pytest.fixture
def store(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("OPSLEDGER_CLICKHOUSE_URL", scene.gateway.address())
    with open_store(scene.data, writes=True) as opened:
        yield opened


def check(store: Store, scene: Scene) -> None:
    assert check_exact(store, scene.kafka.settings).rows == CALLS + CALLS // 20 + REPEATED
    once = "SELECT (SELECT count() FROM call_once) + (SELECT count() FROM fault_once)"
    assert store.client.command(once) == CALLS + CALLS // 20


def test_two_sinks_share_the_work_and_store_nothing_twice(scene: Scene, store: Store) -> None:
    both = [scene.sink("a"), scene.sink("b")]
    assert all(member.ended() for member in both)
    check(store, scene)


def test_a_sink_that_joins_in_the_middle_and_one_that_is_killed_leave_no_gap(scene: Scene, store: Store) -> None:
    first = scene.sink("a", "follow")
    until(lambda: first.accepted > 0)
    second = scene.sink("b", "follow")
    until(lambda: any(told.get("partitions") for told in list(second.said)))
    first.process.kill()
    until(lambda: len(content(store, scene.kafka.settings).events) + 20 >= len(logged(scene.kafka.settings)) - 20)
    second.process.send_signal(signal.SIGTERM)
    assert second.ended()
    assert scene.sink("c").ended()
    check(store, scene)


@pytest.mark.parametrize("struck", ["before-look", "after-look"])
def test_a_zombie_that_wakes_up_finds_its_place_taken_and_stores_nothing(scene: Scene, store: Store, struck: str) -> None:
    """Also one that slept after its look: it looks again."""
    zombie = scene.sink("a", f"stop={struck}:3")
    until(lambda: stopped(zombie))
    assert scene.sink("b").ended()
    zombie.process.send_signal(signal.SIGCONT)
    assert zombie.ended()
    check(store, scene)


def test_a_zombie_whose_insert_was_going_out_stores_rows_that_readers_take_once(scene: Scene, store: Store) -> None:
    """The one thing that nothing can hinder: it stays without effect."""
    zombie = scene.sink("a", "stop=before-insert:3")
    until(lambda: stopped(zombie))
    assert scene.sink("b").ended()
    zombie.process.send_signal(signal.SIGCONT)
    assert zombie.ended()
    found = content(store, scene.kafka.settings)
    assert set(found.events) | set(found.dead) == logged(scene.kafka.settings)
    once = "SELECT (SELECT count() FROM call_once) + (SELECT count() FROM fault_once)"
    assert store.client.command(once) == CALLS + CALLS // 20


def test_a_zombie_that_does_not_look_is_noticed(scene: Scene, store: Store) -> None:
    """Negative control: who goes by what it believes stores rows a second time."""
    zombie = scene.sink("a", "blind", "stop=before-dead:4")
    until(lambda: stopped(zombie))
    assert scene.sink("b").ended()
    zombie.process.send_signal(signal.SIGCONT)
    zombie.process.wait(PATIENCE_S)
    with pytest.raises(AssertionError, match="stored more than once"):
        check(store, scene)


def test_two_sinks_under_one_name_do_not_both_go_on(scene: Scene) -> None:
    first = scene.sink("a", "follow")
    until(lambda: first.accepted > 0)
    scene.sink("a", "follow")
    assert first.process.wait(PATIENCE_S) == 2
    until(lambda: "--name" in first.said[-1].get("problem", ""))


def stopped(member: Member) -> bool:
    assert member.process.poll() is None, f"it did not stand still but ended: {member.said[-3:]}"
    return stands_still(member.process.pid)
