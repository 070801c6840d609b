"""What a run of tests has started ends with it, the broker first of all: when it passes, fails, is stopped, is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from opsledger.infra.kafka.local.plan import busy, read_plan
from tests.kafka_cluster import BROKER
from tests.sink_scene import until

pytestmark = [pytest.mark.chaos, pytest.mark.local_kafka]

ROOT = Path(__file__).parents[2]
CONFTEST = (
    "from tests.kafka_fixtures import kafka, kafka_broker, pytest_sessionfinish, pytest_sessionstart, three_brokers\n"
    "__all__ = ('kafka', 'kafka_broker', 'pytest_sessionfinish', 'pytest_sessionstart', 'three_brokers')\n"
)
TESTS = """
import os, subprocess, sys, time
from pathlib import Path
from tests.run_watch import folder_of_run

def test_asks(kafka):
    place = Path(__file__).parent
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    (place / "folder").write_text(str(folder_of_run("test")) if {stay} else "")
    unmarked = {{name: value for name, value in os.environ.items() if name != "RUN_OF_TESTS"}}
    for name, environ in (("child", os.environ), ("unmarked", unmarked)) if {stay} else ():
        child = subprocess.Popen(sleep, env=environ, start_new_session=True)
        (place / name).write_text(str(child.pid))
    with (place / "ports").open("a") as file:
        file.write(" ".join(str(port) for port in kafka.cluster.plan.nodes[0].ports) + "\\n")
    while {stay} and not (place / "go").exists():
        time.sleep(0.1)
    assert {passes}
"""


def start(folder: Path, *, stay: bool, passes: bool, workers: int = 0) -> subprocess.Popen[bytes]:
    (folder / "conftest.py").write_text(CONFTEST)
    for number in range(max(workers, 1)):
        (folder / f"test_{number}.py").write_text(TESTS.format(stay=stay, passes=passes))
    side_by_side = ["-n", str(workers), "--dist", "loadfile"] if workers else []
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *side_by_side]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {"PYTHONPATH": str(ROOT)}
    said = (folder / "said").open("wb")
    return subprocess.Popen(
        [*words, "--basetemp", str(folder / "run"), "--rootdir", str(folder), str(folder)],
        cwd=folder, env=environ, stdout=said, stderr=subprocess.STDOUT,
    )  # fmt: skip


def ports(folder: Path, wait_s: float = 120) -> list[int]:
    until = time.monotonic() + wait_s
    while not ((folder / "ports").exists() and (folder / "ports").read_text().endswith("\n")):
        assert time.monotonic() < until, (folder / "said").read_text()
        time.sleep(0.1)
    return sorted({int(port) for port in (folder / "ports").read_text().split()})


def free(held: list[int], wait_s: float = 60) -> bool:
    until = time.monotonic() + wait_s
    while busy(held):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_it_is_shared_by_all_workers_and_gone_when_the_run_is_over_also_after_a_failure(tmp_path: Path) -> None:
    code = start(tmp_path, stay=False, passes=False, workers=2).wait(300)
    assert code == 1, (tmp_path / "said").read_text()
    assert len((tmp_path / "ports").read_text().splitlines()) == 2
    assert len(ports(tmp_path)) == 2
    assert busy(ports(tmp_path)) == []
    assert read_plan(tmp_path / "run" / BROKER) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_run_is_stopped_or_killed(tmp_path: Path, number: signal.Signals) -> None:
    """A worker that loses its run ends no fixture. What does not have the run's mark is the control: it stays."""
    run = start(tmp_path, stay=True, passes=True, workers=1)
    held = ports(tmp_path)
    child, unmarked = (psutil.Process(int((tmp_path / name).read_text())) for name in ("child", "unmarked"))
    workers, folder = psutil.Process(run.pid).children(), Path((tmp_path / "folder").read_text())
    try:
        assert set(busy(held)) == set(held)
        assert folder.is_dir()
        run.send_signal(number)
        run.wait(120)
        assert psutil.wait_procs([child, *workers], 60)[1] == []
        assert free(held)
        until(lambda: not folder.exists())
        assert unmarked.is_running()
    finally:
        unmarked.kill()


def test_where_there_is_no_kafka_to_be_had_tests_fail_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    os.environ["KAFKA_HOME"] = str(tmp_path / "none")
    try:
        code = start(tmp_path, stay=False, passes=True).wait(120)
    finally:
        del os.environ["KAFKA_HOME"]
    assert (code, "KAFKA_HOME is" in (tmp_path / "said").read_text()) == (1, True)
