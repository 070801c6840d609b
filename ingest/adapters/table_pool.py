"""Rows to worker processes and their events back, in order: for tables large enough to be worth starting them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import IO

from opsledger.ingest.adapters.table_worker import Setup, Task, receive, send, task_of, unpacked
from opsledger.ingest.mapping.render import Rendered

MAX_WORKERS = 2
"""More would wait for the one process that stores."""
_COMMAND = ("-P", "-c", "from opsledger.ingest.adapters.table_worker import main; main()")


def usable_workers() -> int:
    """Worker processes that help on this machine: none with one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if cores < 2 else min(cores, MAX_WORKERS)


class WorkerPool:
    """Some worker processes, each fed by a thread. A worker that dies costs nothing: its rows are made here."""

    def __init__(self, setup: Setup, size: int, instead: Callable[[Sequence[Sequence[str]]], Rendered]) -> None:
        self._setup = pickle.dumps(setup, protocol=5)
        self._instead = instead
        self._local = threading.local()
        self._here = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="table-worker")

    def submit(self, rows: Sequence[Sequence[str]], now: datetime) -> Future[Rendered]:
        """The events of these rows, some time."""
        return self._threads.submit(self._made, rows, now)

    def close(self) -> None:
        """Ends the workers, whatever they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        self._threads.shutdown(wait=True)
        for process in self._processes:
            process.wait()
            for stream in _streams(process):
                _close(stream)

    def _made(self, rows: Sequence[Sequence[str]], now: datetime) -> Rendered:
        task = task_of(rows, now)
        if task is not None:
            try:
                return unpacked(self._answer(task))
            except (OSError, EOFError):
                self._local.process = None  # this thread starts another one for its next task
        with self._here:
            return self._instead(rows)

    def _answer(self, task: Task) -> bytes:
        process = getattr(self._local, "process", None)
        if process is None:
            process = self._local.process = self._started()
        into, out = _streams(process)
        send(into, pickle.dumps(task, protocol=5))
        return receive(out)

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, *_COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        send(_streams(process)[0], self._setup)
        return process


def _streams(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise OSError("the worker has no pipes")
    return process.stdin, process.stdout


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return  # what was still to be sent to a worker that is gone
