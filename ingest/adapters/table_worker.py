"""A process of its own that makes events of rows: started by ``table_pool``, ends when its standard input does.

Protocol, both ways: eight bytes of length, then that many bytes. First a pickled ``Setup`` comes in, then texts of
cells; each is answered by a pickled ``Rendered`` whose tables are Arrow streams.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import pyarrow as pa

from opsledger.domain.clock import FixedClock
from opsledger.ingest.border.judge import Border
from opsledger.ingest.mapping.frame import Frame
from opsledger.ingest.mapping.plan import Mapping
from opsledger.ingest.mapping.render import Rendered, Renderer

CELL_END = "\0"
"""Stands between cells; a row that holds one is dead before it comes here."""
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to know before the first rows."""

    mapping: Mapping
    columns: tuple[str, ...]
    tenant: str
    source: str


@dataclass(frozen=True, slots=True)
class Task:
    """Rows as one text, cell by cell, and the moment (UTC) that they are judged at."""

    cells: str
    size: int
    now: datetime


def task_of(rows: Sequence[Sequence[str]], now: datetime) -> Task | None:
    """The task of some rows; None where their cells cannot be told apart in one text."""
    cells = CELL_END.join([CELL_END.join(row) for row in rows])
    width = len(rows[0]) if rows else 0
    return Task(cells, len(rows), now) if rows and cells.count(CELL_END) == len(rows) * width - 1 else None


def frame_of(task: Task, width: int) -> Frame:
    """The rows of a task by the column."""
    cells = task.cells.split(CELL_END)
    return Frame(task.size, [cells[i::width] for i in range(width)])


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


def packed(rendered: Rendered) -> bytes:
    """Tables as Arrow streams, the rest pickled."""
    streams = {}
    for stream, table in rendered.tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        streams[stream] = sink.getvalue().to_pybytes()
    return pickle.dumps((streams, rendered.dead), protocol=5)


def unpacked(data: bytes) -> Rendered:
    """The opposite of ``packed``."""
    streams, dead = pickle.loads(data)  # noqa: S301  comes from a process that we started
    return Rendered({stream: pa.ipc.open_stream(pa.py_buffer(raw)).read_all() for stream, raw in streams.items()}, dead)


def serve(tasks: IO[bytes], results: IO[bytes]) -> None:
    """Answers tasks until there are no more."""
    setup: Setup = pickle.loads(receive(tasks))  # noqa: S301  comes from the process that started this one
    clock = FixedClock(datetime.min)  # noqa: DTZ901  set by every task
    plan = setup.mapping.plan(setup.columns, tenant=setup.tenant, source=setup.source)
    renderer = Renderer(plan, Border(clock))
    while True:
        task: Task = pickle.loads(receive(tasks))  # noqa: S301  as above
        clock.at = task.now
        send(results, packed(renderer.render(frame_of(task, len(setup.columns)))))


def main() -> None:
    """Serves on standard input and output; Ctrl-C is for the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(1_000_000)  # a batch is a few hundred thousand texts in lists, and holds no cycles
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the messages
    try:
        serve(sys.stdin.buffer, results)
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    main()
