"""A table as lines of text: columns padded to their widths, long cells going on on the next line; quick for long tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

_GAP = "  "
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text: its title, width in cells, whether it holds figures (set to the right)."""

    title: str
    width: int
    right: bool


def table_lines(
    columns: Sequence[TextColumn],
    rows: Sequence[Sequence[str]],
    *,
    has_totals: bool,
    color_of: Callable[[str], str] | None = None,
) -> Iterator[str]:
    """Header, a line, rows, and the totals (the last row) behind an empty line. ``color_of`` gives the ANSI code of a cell,
    '' for none; without it nothing is coloured."""
    head = [folded(c.title, c.width) for c in columns]
    most = max(map(len, head), default=0)
    yield from _padded(columns, [[""] * (most - len(lines)) + lines for lines in head], bold=color_of is not None)
    yield " " + "─" * (sum(c.width for c in columns) + len(_GAP) * (len(columns) - 1))
    for number, row in enumerate(rows):
        is_total = has_totals and number == len(rows) - 1
        if is_total:
            yield ""
        cells = [folded(text, c.width) for text, c in zip(row, columns, strict=True)]
        colors = {i: code for i, text in enumerate(row) if (code := color_of(text))} if color_of else {}
        yield from _padded(columns, cells, colors, bold=is_total and color_of is not None)


def _padded(
    columns: Sequence[TextColumn],
    cells: Sequence[Sequence[str]],
    colors: Mapping[int, str] | None = None,
    *,
    bold: bool = False,
) -> Iterator[str]:
    for n in range(max(map(len, cells), default=0)):
        parts = []
        for i, (column, lines) in enumerate(zip(columns, cells, strict=True)):
            text = lines[n] if n < len(lines) else ""
            space = " " * (column.width - cell_len(text))
            padded = space + text if column.right else text + space
            parts.append(f"{colors[i]}{padded}{_PLAIN}" if colors and i in colors and text else padded)
        line = " " + _GAP.join(parts).rstrip()
        yield f"{_BOLD}{line}{_PLAIN}" if bold else line


def folded(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` cells: broken between words, and within a word that is longer."""
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
            continue
        pieces = chop_cells(word, width) if cell_len(word) > width else [word]
        lines = [*(lines if lines[-1] else lines[:-1]), *pieces]
    return lines
