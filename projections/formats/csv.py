"""A result as CSV: raw numbers, localised titles with units, what the report is about in comment lines at the end."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Literal

from opsledger.projections.formats.values import clean, facts_of, plain, title_of
from opsledger.projections.metrics.model import Unit
from opsledger.projections.reports.model import Column, Result
from opsledger.projections.reports.words import TOTAL

_FORMULA = tuple("=+-@\t\r＝＋－＠|")
_SUFFIX = {Unit.MS.value: "ms", Unit.RATIO.value: "0–1", Unit.PER_HOUR.value: "/h"}


def to_csv(result: Result, *, bom: bool = False, header: Literal["titles", "names"] = "titles") -> str:
    """The result as CSV text (RFC 4180). ``bom`` puts a byte order mark first, for spreadsheets; text that a
    spreadsheet would run as a formula is led by an apostrophe."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_header(c) if header == "titles" else c.name for c in result.columns])
    for row in result.rows:
        writer.writerow([_cell(plain(value, result.period.zone)) for value in row])
    if result.totals is not None:
        writer.writerow([TOTAL.text(result.lang), *(_cell(plain(v, result.period.zone)) for v in result.totals[1:])])
    writer.writerow([])
    for line in _about(result):
        writer.writerow([line])
    return ("\ufeff" if bom else "") + out.getvalue()


def _header(column: Column) -> str:
    suffix = _SUFFIX.get(column.unit)
    return _cell(f"{column.title} [{suffix}]" if suffix else column.title)


def _cell(value: str | int | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = clean(value)
        return f"'{text}" if value.lstrip(" ").startswith(_FORMULA) else text
    return str(value) if isinstance(value, int) else f"{value:.9f}".rstrip("0")


def _about(result: Result) -> list[str]:
    lines = [f"# {result.title}"]
    lines += [f"# {title_of(name, result.lang)}: {value}" for name, value in facts_of(result).items()]
    return [
        *lines,
        *(f"# ! {clean(text)}" for text in result.footer.warnings),
        *(f"# * {clean(t)}" for t in result.footer.notes),
    ]
