"""Rows of a table, a batch at a time, with the line and the raw text of each: CSV, TSV and whatever is like them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from opsledger.domain.errors import UserError
from opsledger.ingest.chunk import Reason
from opsledger.ingest.inputs import Input
from opsledger.ingest.lines import LongLine
from opsledger.ingest.mapping.plan import AUTO, WHITESPACE, Layout

BATCH_ROWS = 4_000
"""Rows worked on together: many enough to make fixed costs small, few enough to stay in the processor's cache."""
MAX_LINE_BYTES = 1 << 20
"""A longer line is dead: its beginning, length and hash are kept."""
_CANDIDATES = (",", ";", "\t", "|")
Bad = tuple[Reason, str]


@dataclass(slots=True)
class RowBatch:
    """Rows as texts. ``bad`` says of some why they are no rows; their cells mean nothing."""

    rows: list[list[str]]
    lines: Sequence[int]
    raw: Callable[[int], bytes]
    bad: dict[int, Bad] = field(default_factory=dict)
    long: dict[int, LongLine] = field(default_factory=dict)


class LineFeed:
    """Lines for the csv module, with the number of each, and those taken since the last ``cut``."""

    def __init__(self, source: Input) -> None:
        self._blocks = source.lines(MAX_LINE_BYTES)
        self._lines: list[str] = []
        self._next = 0
        self._first = 1
        self.taken: list[str] = []
        self.long: dict[int, LongLine] = {}
        self.damaged = False
        self.problem: UserError | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while self._next >= len(self._lines):
            self._fill()
        line = self._lines[self._next]
        self._next += 1
        self.taken.append(line)
        return line

    def peek(self) -> str:
        """The next line, without taking it; empty at the end."""
        try:
            line = next(self)
        except StopIteration:
            return ""
        self._next -= 1
        self.taken.pop()
        return line

    def _fill(self) -> None:
        """The next block. Where the input breaks off, the lines before it come first; ``problem`` is raised later."""
        try:
            block = next(self._blocks)
        except UserError as error:
            self.problem = error
            raise StopIteration from None
        text = b"\n".join(block.lines).decode("utf-8", "surrogateescape")
        self.damaged = self.damaged or "\0" in text or not _is_text(text)
        self.long.update({block.first + index: long for index, long in block.long.items()})
        self._lines = [line + "\n" for line in text.split("\n")]
        self._next = 0

    def cut(self) -> tuple[int, list[str]]:
        """(number of the first line, lines) taken since the last cut."""
        first, taken = self._first, self.taken
        self._first, self.taken = first + len(taken), []
        return first, taken


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def separator(layout: Layout, line: str) -> str:
    """The character between cells; with ``auto`` the one that gives the first line most of them."""
    if layout.delimiter != AUTO:
        return layout.delimiter
    widths = {mark: len(next(_reader([line], layout, mark, strict=False), [])) for mark in _CANDIDATES}
    return max(_CANDIDATES, key=lambda mark: widths[mark])


def _reader(lines: Any, layout: Layout, mark: str, *, strict: bool = True) -> Iterator[list[str]]:
    if mark == WHITESPACE:
        return map(str.split, lines)
    return csv.reader(
        lines,
        delimiter=mark,
        quotechar=layout.quote or None,
        quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
        escapechar=layout.escape or None,
        doublequote=not layout.escape,
        strict=strict,
    )


def _check_kind(source: Input, layout: Layout) -> None:
    if source.is_spreadsheet:
        raise UserError(
            f"{source.name}: is a spreadsheet (XLSX), and the mapping says format: {layout.format}; write format: xlsx"
        )


def _check_ends(source: Input, layout: Layout, first: str) -> None:
    """Lines that end with a carriage return alone make one line of the whole file: its rows would be taken for the header."""
    line, found, _ = first.rstrip("\r\n").partition("\r")
    if found and not (layout.quote and line.count(layout.quote) % 2):
        raise UserError(
            f"{source.name}: its lines end with a carriage return and no line feed; write it anew first: "
            "tr '\\r' '\\n' < FILE > NEW"
        )


class TextRows:
    """The rows of a text table. Blank lines are no rows."""

    def __init__(self, source: Input, layout: Layout, batch_rows: int = BATCH_ROWS) -> None:
        _check_kind(source, layout)
        self._feed = LineFeed(source)
        self._layout, self._size = layout, batch_rows
        first = self._feed.peek()
        _check_ends(source, layout, self._feed.long[1].head.decode("utf-8", "replace") if 1 in self._feed.long else first)
        self._mark = separator(layout, first)
        self._reader = _reader(self._feed, layout, self._mark)

    def header(self, row: int) -> list[str] | None:
        """The cells of a row of the file (from 1), taken together with those before it; None where the file ends first."""
        cells: list[str] | None = []
        try:
            for _ in range(row):
                cells = next(self._reader, None)
        except csv.Error as error:
            raise UserError(f"line {self._feed.cut()[0]}: the header row cannot be read: {error}") from None
        self._feed.cut()
        return cells

    def batches(self) -> Iterator[RowBatch]:
        """All further rows. UserError, after the rows before it, where the input breaks off."""
        while True:
            rows: list[list[str]] = []
            error = ""
            try:
                rows.extend(islice(self._reader, self._size))
            except csv.Error as problem:
                error = str(problem)
            first, taken = self._feed.cut()
            if taken:
                yield self._batch(rows, error, first, taken)
            elif self._feed.problem:
                raise self._feed.problem
            else:
                return

    def _batch(self, rows: list[list[str]], error: str, first: int, taken: list[str]) -> RowBatch:
        """One line a row is the rule; blank lines, quotes over several lines and errors need a second look."""
        feed = self._feed
        last = first + len(taken)
        long = {line: found for line, found in feed.long.items() if line < last}
        feed.long = {line: found for line, found in feed.long.items() if line >= last}
        if error or long or len(rows) != len(taken) or not all(rows):
            batch = self._looked_at(rows, error, first, taken, long)
        else:
            batch = RowBatch(rows, range(first, last), lambda i: _bytes(taken[i : i + 1]))
        if feed.damaged:
            batch.bad.update({i: why for i, row in enumerate(batch.rows) if (why := _damage(row))})
        return batch

    def _looked_at(
        self, rows: list[list[str]], error: str, first: int, taken: list[str], long: dict[int, LongLine]
    ) -> RowBatch:
        spans = _spans(_reader(iter(lines := _Counting(taken)), self._layout, self._mark), lines)
        keep = [i for i, row in enumerate(rows) if row or first + spans[i] in long]
        starts = [*spans, len(taken)]
        ends = [starts[i + 1] for i in keep]
        found, begins = [rows[i] for i in keep], [spans[i] for i in keep]
        bad: dict[int, Bad] = {}
        if error:
            begin = starts[len(rows)] if len(rows) < len(spans) else len(taken)
            bad[len(found)] = (Reason.MALFORMED, _said(error, first + begin))
            found, begins, ends = [*found, []], [*begins, begin], [*ends, len(taken)]
        too_long = {
            i: long[line]
            for i, (a, b) in enumerate(zip(begins, ends, strict=True))
            for line in range(first + a, first + b)
            if line in long
        }
        lines_of = [first + a for a in begins]
        return RowBatch(found, lines_of, lambda i: _bytes(taken[begins[i] : ends[i]]), bad, too_long)


class _Counting:
    """Lines that know how many of them were taken."""

    def __init__(self, lines: list[str]) -> None:
        self._lines, self.count = lines, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += 1
            yield line


def _spans(reader: Iterator[list[str]], lines: _Counting) -> list[int]:
    """The index of the line at which each row starts, the broken one at the end included."""
    starts: list[int] = []
    while True:
        start = lines.count
        try:
            row = next(reader, None)
        except csv.Error:
            return [*starts, start]
        if row is None:
            return starts
        starts.append(start)


def _said(error: str, line: int) -> str:
    if error == "unexpected end of data":
        return f"the file ends inside a quoted cell of the row that starts in line {line}: it was cut short"
    return f"is not a row: {error}"


def _damage(row: list[str]) -> Bad | None:
    for index, cell in enumerate(row, 1):
        if "\0" in cell:
            return Reason.NOT_TEXT, f"cell {index} holds a zero byte"
        if not _is_text(cell):
            return Reason.NOT_TEXT, f"cell {index} holds bytes that the file's encoding does not know"
    return None


def _bytes(lines: list[str]) -> bytes:
    return "".join(lines).removesuffix("\n").encode("utf-8", "surrogateescape")


def rows_again(raws: Sequence[bytes], layout: Layout, width: int) -> RowBatch:
    """Rows kept one by one, each its raw text; ``width`` is the number of columns that they should have."""
    rows: list[list[str]] = []
    bad: dict[int, Bad] = {}
    for index, raw in enumerate(raws):
        text = raw.decode("utf-8", "surrogateescape")
        try:
            rows.append(_one_row(text, layout, width))
        except csv.Error as error:
            rows.append([])
            bad[index] = (Reason.MALFORMED, f"is not a row: {error}")
    bad.update({i: why for i, row in enumerate(rows) if (why := _damage(row))})
    return RowBatch(rows, range(1, len(rows) + 1), lambda i: raws[i], bad)


def _one_row(text: str, layout: Layout, width: int) -> list[str]:
    marks = [","] if layout.format == "xlsx" else _CANDIDATES if layout.delimiter == AUTO else [layout.delimiter]
    lines = [line + "\n" for line in text.split("\n")]
    found = [list(_reader(lines, layout, mark)) for mark in marks]
    return next((rows[0] for rows in found if len(rows) == 1 and len(rows[0]) == width), found[0][0] if found[0] else [])
