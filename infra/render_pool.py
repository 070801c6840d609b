"""Writes results to files beside the making of them: drawing takes longer than counting, so it has its own processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType

from opsledger.infra.render import SUFFIXES, WIDTH_OF_A_FILE, as_bytes, render_result
from opsledger.ingest.whole_file import write_whole
from opsledger.projections.formats.values import Writer
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Column, Result, Value

_WORTH_IT = 16
"""Fewer files are written at once: a process takes a second to start."""
_MOST_PROCESSES = 4
_WAITING = 12
"""Results that may wait for a process: they are held in memory."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure as text; ``met``: whether it meets its target, None where there is none."""

    title: str
    value: str
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One file of the set, with what the index page says of its report."""

    path: Path
    title: str
    period: str
    lang: Lang
    format: str
    ok: bool
    group: str = ""
    figures: tuple[Figure, ...] = ()
    warnings: tuple[str, ...] = ()


class RenderPool:
    """Renders results to files, in processes where there are many files and processors. Use it in a ``with``."""

    def __init__(self, files: int) -> None:
        processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
        many = files >= _WORTH_IT and processes > 1
        # a fresh process, not a copy of this one: the engine's threads do not survive being copied
        self._pool = ProcessPoolExecutor(processes, get_context("spawn")) if many else None
        self._made: list[Made] = []
        self._waiting: list[Future[list[Made]]] = []

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=kind is not None)

    def submit(self, result: Result, formats: Sequence[str], folder: Path) -> None:
        """Have files written: ``folder/<language>/<report>_<period>.<suffix>``; one process draws a chart once."""
        if self._pool is None:
            self._made += write_result(result, formats, folder)
            return
        self._waiting.append(self._pool.submit(write_result, result, formats, folder))
        if len(self._waiting) > _WAITING:
            self._made += self._waiting.pop(0).result()

    def made(self) -> list[Made]:
        """The files, in the order in which they were asked for; waits until all are there."""
        self._made += [made for each in self._waiting for made in each.result()]
        self._waiting.clear()
        return self._made


def write_result(result: Result, formats: Sequence[str], folder: Path) -> list[Made]:
    """Write the files of one result."""
    figures, warnings, made = headline_of(result), result.footer.warnings, []
    for format_ in formats:
        path = folder / result.lang / f"{result.report}_{result.period.name}{SUFFIXES[format_]}"
        write_whole(path, as_bytes(render_result(result, format_, WIDTH_OF_A_FILE)))
        about = (result.title, result.period.name, result.lang, format_, result.ok, result.group)
        made.append(Made(path, *about, figures, warnings))
    return made


def headline_of(result: Result) -> tuple[Figure, ...]:
    """The headline figures of a report: its totals, or the values of its metrics."""
    at, writer = {c.name: i for i, c in enumerate(result.columns)}, Writer(result)
    found: dict[str, tuple[Column, Value, tuple[int, str]]] = {}
    if "metric" in at and "value" in at:
        for number, row in enumerate(result.rows):
            code, unit, title = (str(row[at[name]]) for name in ("metric", "unit", "indicator"))
            found[code] = (Column(code, title, unit), row[at["value"]], (number, "value"))
    elif result.totals is not None:
        found = {c.name: (c, result.totals[i], (-1, c.name)) for i, c in enumerate(result.columns)}
    wanted = [found[code] for code in result.headline if code in found]
    return tuple(Figure(column.title, writer.cell(value, column), result.met.get(place)) for column, value, place in wanted)
