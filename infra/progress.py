"""How long work shows itself: a bar on a terminal, a plain line now and then elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[float, float | None, str], None]
"""report(done, total or None, note)"""
PLAIN_EVERY_S = 5.0


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Report]:
    """A callback that shows how far ``title`` is; ``done`` and ``total`` in the same unit, whatever it is."""
    if quiet:
        yield lambda done, total, note: None
    elif sys.stderr.isatty():
        yield from _bar(title)
    else:
        yield _lines(title)


def _bar(title: str) -> Iterator[Report]:
    from rich.console import Console  # noqa: PLC0415  loaded when a bar is shown: every command would load it
    from rich.progress import (  # noqa: PLC0415  likewise
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, note="")

        def report(done: float, total: float | None, note: str) -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield report


def _lines(title: str) -> Report:
    last = time.monotonic()

    def report(done: float, total: float | None, note: str) -> None:
        nonlocal last
        if time.monotonic() - last < PLAIN_EVERY_S:
            return
        last = time.monotonic()
        share = f"{done / total:4.0%} " if total else ""
        sys.stderr.write(f"{title}: {share}{note}\n")

    return report
