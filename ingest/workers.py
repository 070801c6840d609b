"""Worker processes that share the making of events with the process that stores: fed in order, answered in order.

Protocol, both ways: eight bytes of length, then that many bytes. The first message is a pickled set-up, each further one a
pickled task, answered by whatever the worker's module packs. A worker ends when its standard input does.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any, Generic, TypeVar

import pyarrow as pa

MAX_WORKERS = 2
"""More would wait for the one process that stores."""
_LENGTH = struct.Struct("<Q")

Job = TypeVar("Job")
Made = TypeVar("Made")
Done = TypeVar("Done")


def usable_workers() -> int:
    """Worker processes that help on this machine: none with one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if cores < 2 else min(cores, MAX_WORKERS)


@dataclass(frozen=True, slots=True)
class Trade(Generic[Job, Made]):
    """What a kind of worker does: its module (with a ``main``), how a job is told, how its answer is read, and how the
    job is done without a worker. ``task`` gives None for a job that cannot be told."""

    module: str
    setup: object
    task: Callable[[Job], object | None]
    read: Callable[[Any], Made]
    instead: Callable[[Job], Made]


class WorkerPool(Generic[Job, Made]):
    """Some worker processes, each fed by a thread. A worker that dies costs nothing: its job is done here."""

    def __init__(self, trade: Trade[Job, Made], size: int) -> None:
        self._trade = trade
        self._setup = pickle.dumps(trade.setup, protocol=5)
        self._local = threading.local()
        self._here = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="worker")

    def submit(self, job: Job) -> Future[Made]:
        """What comes of a job, some time."""
        return self._threads.submit(self._made, job)

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

    def _made(self, job: Job) -> Made:
        task = self._trade.task(job)
        if task is not None:
            try:
                return self._trade.read(pickle.loads(self._answer(task)))  # noqa: S301  of a process that we started
            except (OSError, EOFError):
                self._local.process = None  # this thread starts another one for its next job
        with self._here:
            return self._trade.instead(job)

    def _answer(self, task: object) -> bytes:
        process = getattr(self._local, "process", None)
        if process is None:
            process = self._local.process = self._started()
        into, out = _streams(process)
        send(into, pickle.dumps(task, protocol=5))
        return receive(out)

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-P", "-c", f"from {self._trade.module} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        send(_streams(process)[0], self._setup)
        return process


class Belt(Generic[Job, Made, Done]):
    """Jobs in, results out in the same order: done here at first, by workers once there prove to be many.

    ``warm`` jobs are done here before workers are started, so that a small input never waits for them.
    """

    def __init__(self, trade: Trade[Job, Made], finish: Callable[[Job, Made], Done], workers: int, warm: int) -> None:
        self._trade, self._finish, self._workers, self._warm = trade, finish, workers, warm
        self._pool: WorkerPool[Job, Made] | None = None
        self._waiting: deque[tuple[Job, Future[Made]]] = deque()

    def put(self, job: Job) -> Iterator[Done]:
        """Takes a job; gives the results that are ready and must not wait any longer."""
        self._warm -= 1
        if self._warm >= 0 or not self._workers:
            yield self._finish(job, self._trade.instead(job))
            return
        self._pool = self._pool or WorkerPool(self._trade, self._workers)
        self._waiting.append((job, self._pool.submit(job)))
        while len(self._waiting) > self._workers + 1:
            yield self._next()

    def rest(self) -> Iterator[Done]:
        """The results of all that was taken."""
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        """Ends the workers."""
        if self._pool is not None:
            self._pool.close()

    def _next(self) -> Done:
        job, made = self._waiting.popleft()
        return self._finish(job, made.result())


def _streams(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise OSError("the worker has no pipes")
    return process.stdin, process.stdout


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return  # what was still to be sent to a worker that is gone


def send(stream: IO[bytes], data: bytes) -> None:
    """One message out."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """One message in. EOFError where the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    size = _LENGTH.unpack(head)[0]
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def tables_out(tables: dict[str, pa.Table]) -> dict[str, bytes]:
    """Tables as Arrow streams, for an answer."""
    streams = {}
    for stream, table in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        streams[stream] = sink.getvalue().to_pybytes()
    return streams


def tables_in(streams: dict[str, bytes]) -> dict[str, pa.Table]:
    """The opposite of ``tables_out``."""
    return {stream: pa.ipc.open_stream(pa.py_buffer(raw)).read_all() for stream, raw in streams.items()}


def serve(answering: Callable[[Any], Callable[[Any], object]]) -> None:
    """A worker's life: ``answering`` makes, of the set-up, what answers a task. Ctrl-C is for the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(1_000_000)  # a batch is a few hundred thousand texts in lists, and holds no cycles
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the messages
    tasks = sys.stdin.buffer
    try:
        answer = answering(pickle.loads(receive(tasks)))  # noqa: S301  comes from the process that started this one
        while True:
            send(results, pickle.dumps(answer(pickle.loads(receive(tasks))), protocol=5))  # noqa: S301  as above
    except (EOFError, BrokenPipeError):
        os._exit(0)
