"""What a run of the tests has started ends with the run, whatever ends that: Ctrl-C, SIGTERM to make, kill -9.

A worker that loses its run ends at once, without any fixture's end; so a process of its own waits for the end of the run
and ends every process that has the run's mark in its environment. Brokers are among them: they live away from who starts them.
It takes away the folders that they leave outside of pytest's own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from opsledger.infra.kafka.local.cluster import Cluster

MARK = "RUN_OF_TESTS"
"""The variable that all processes of a run have; no OPSLEDGER_…, for tests take those out of what they start."""
_LOCK = "run.lock"
_PAUSE_S = 0.05


def folder_of_run(what: str) -> Path:
    """A new folder outside of pytest's own, which is closed to others; it ends with the run, whatever ends that."""
    return Path(tempfile.mkdtemp(prefix=f"opsledger-{what}-{os.environ.get(MARK, '')}-"))


def hold_run(run: Path) -> int:
    """Lock the run's file for the life of this process, the first of the run; mark what it starts, and have that watched."""
    os.environ[MARK] = uuid.uuid4().hex
    file = os.open(run / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    command = [sys.executable, "-m", "tests.run_watch", str(run)]
    subprocess.Popen(command, start_new_session=True, cwd=Path(__file__).parents[1], **quiet)
    return file


def _watch(run: Path) -> None:
    with (run / _LOCK).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # had when the run is over
        while left := list(_marked(os.environ[MARK])):
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(_PAUSE_S)
        for plan in run.rglob("cluster.json"):
            Cluster(plan.parent).down(delete=True)
        for folder in Path(tempfile.gettempdir()).glob(f"opsledger-*-{os.environ[MARK]}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process


if __name__ == "__main__":
    _watch(Path(sys.argv[1]))
