"""A process of its own that makes events of rows (see ``ingest.workers``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsledger.domain.clock import FixedClock
from opsledger.ingest.border.judge import Border
from opsledger.ingest.mapping.frame import Frame
from opsledger.ingest.mapping.plan import Mapping
from opsledger.ingest.mapping.render import Rendered, Renderer
from opsledger.ingest.workers import serve, tables_in, tables_out

CELL_END = "\0"
"""Stands between cells; a row that holds one is dead before it comes here."""


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


def read(answer: Any) -> Rendered:
    """What a worker made of a task."""
    streams, dead = answer
    return Rendered(tables_in(streams), dead)


def answering(setup: Setup) -> Callable[[Task], object]:
    """Makes the answers to tasks."""
    clock = FixedClock(datetime.min)  # noqa: DTZ901  set by every task
    plan = setup.mapping.plan(setup.columns, tenant=setup.tenant, source=setup.source)
    renderer = Renderer(plan, Border(clock))

    def answer(task: Task) -> object:
        clock.at = task.now
        rendered = renderer.render(frame_of(task, len(setup.columns)))
        return tables_out(rendered.tables), rendered.dead

    return answer


def main() -> None:
    """Serves on standard input and output."""
    serve(answering)
