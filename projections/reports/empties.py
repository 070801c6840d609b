"""Finds columns without a single value: an empty column must be explained by a note on the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Column, Result, Value


def empty_columns(
    columns: Sequence[Column], rows: Sequence[Sequence[Value]], totals: Sequence[Value] | None = None
) -> tuple[Column, ...]:
    """The columns that have no value in any row nor in the totals; none where there are no rows."""
    if not rows:
        return ()
    lines = [*rows, *([totals] if totals is not None else [])]
    return tuple(c for i, c in enumerate(columns) if all(line[i] is None or line[i] == "" for line in lines))


def empties_note(columns: Iterable[Column], notes: Iterable[str], lang: Lang) -> str:
    """The note for empty columns that no other note names; empty where there are none."""
    told = [note.casefold() for note in notes]
    titles = [c.title for c in columns if not any(c.title.casefold() in note for note in told)]
    if not titles:
        return ""
    if lang == "zh":
        return f"以下各列在本期没有数据(数据源未提供,或没有可计的记录),故留空:{'、'.join(titles)}。"
    return (
        "Empty, because nothing is on record for them in this period (the source does not tell it, or nothing of the kind "
        f"happened): {', '.join(titles)}."
    )


def unexplained(result: Result) -> tuple[str, ...]:
    """The names of empty columns, of all tables of a result, that no note of the footer names: for the tests of layouts."""
    return tuple(
        column.name
        for columns, rows, totals in _tables(result)
        for column in empty_columns(columns, rows, totals)
        if not any(column.title.casefold() in note.casefold() for note in result.footer.notes)
    )


def _tables(result: Result) -> Iterator[tuple[Sequence[Column], Sequence[Sequence[Value]], Sequence[Value] | None]]:
    yield result.columns, result.rows, result.totals
    for section in result.sections:
        yield section.columns, section.rows, section.totals
