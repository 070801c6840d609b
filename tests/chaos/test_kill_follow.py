"""kill -9 at any point of a following, the file growing and rotated meanwhile: nothing is lost, nothing counts twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_kill_import import ROOT, content, opened, records
from tests.chaos.test_kill_kafka_import import check_complete
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics

pytestmark = pytest.mark.chaos
POINTS = ("before-append:2", "after-append:1", "after-append:3", "before-save:2", "after-save:2")


class Scene:
    """A file that grows, and processes that follow it."""

    def __init__(self, folder: Path, log: str = "", environ: Mapping[str, str] | None = None) -> None:
        self.file, self.state, self.data = folder / "in.jsonl", folder / "state", folder / "data"
        self._log, self._environ = log or str(self.data), {**os.environ, **(environ or {})}

    def grow(self, lines: list[bytes]) -> None:
        with self.file.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)

    def rotate(self) -> None:
        for number in range(9, 0, -1):
            if (older := self.file.with_name(f"in.jsonl.{number}")).exists():
                older.rename(self.file.with_name(f"in.jsonl.{number + 1}"))
        self.file.rename(self.file.with_name("in.jsonl.1"))

    def follow(self, *options: str, kill_after_s: float | None = None) -> dict[str, Any]:
        """Follow until nothing is new, or until it is killed; the last thing said."""
        command = [sys.executable, "-m", "tests.chaos.follow_child", str(self.file), str(self.state), self._log, *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=self._environ)
        assert process.stdout is not None
        said = [process.stdout.readline()]  # "opened": from here on the time runs
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            process.kill()
        said += process.stdout.readlines()
        process.wait()
        last: dict[str, Any] = json.loads([text for text in said if text.endswith(b"\n")][-1])
        return last


def check_ledger(scene: Scene, lines: list[bytes], last: dict[str, Any]) -> None:
    """Every line is an event or dead, each event id once; read = accepted + duplicate + dead = the lines written."""
    with opened(scene.data) as store:
        found = content(store)
    stored, dead = {payload for _, payload in found.events}, {raw for raw, _ in found.letters}
    assert stored | dead == set(lines), f"{len(set(lines) - stored - dead)} lines are lost"
    assert len(found.events) == found.rows
    assert last["read"] == last["accepted"] + last["duplicate"] + last["dead"] == len(lines)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return records(5)


@pytest.mark.parametrize("seed", [1])
def test_killed_again_and_again_while_the_file_grows_and_is_rotated_nothing_is_lost(
    lines: list[bytes], tmp_path: Path, seed: int
) -> None:
    chance, scene, at = random.Random(seed), Scene(tmp_path), 0
    print(f"seed {seed}")
    for _ in range(4):
        step = len(lines) // 4
        scene.grow(lines[at : at + step // 2])
        scene.follow(kill_after_s=chance.uniform(0.0, 1.0))
        scene.grow(lines[at + step // 2 : at + step])
        at += step
        scene.rotate()
    scene.grow(lines[at:] or [lines[0]])
    last = scene.follow()
    check_ledger(scene, lines if lines[at:] else [*lines, lines[0]], last)


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_its_steps_nothing_is_lost(point: str, lines: list[bytes], tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.grow(lines)
    assert "done" not in scene.follow(f"kill={point}"), "the child came to its end and was not killed"
    check_ledger(scene, lines, scene.follow())


def test_saving_the_place_before_the_lines_are_stored_loses_lines(lines: list[bytes], tmp_path: Path) -> None:
    """Negative control: the check sees it."""
    scene = Scene(tmp_path)
    scene.grow(lines)
    scene.follow("hasty", "kill=before-append:2")
    with pytest.raises(AssertionError, match="lines are lost"):
        check_ledger(scene, lines, scene.follow())


@pytest.mark.parametrize("point", ["after-append:2", "before-save:2"])
def test_into_kafka_killed_between_its_steps_nothing_is_lost(
    point: str, lines: list[bytes], tmp_path: Path, kafka: TestKafka
) -> None:
    make_topics(kafka.settings, partitions=3)
    scene = Scene(tmp_path, "kafka", kafka.environ)
    scene.grow(lines)
    assert "done" not in scene.follow(f"kill={point}")
    last = scene.follow()
    assert last["read"] == last["accepted"] + last["dead"] == len(lines)
    check_complete(kafka, lines)
