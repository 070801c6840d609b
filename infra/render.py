"""One result, the form that was asked for."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.json import to_json
from opsledger.projections.reports.model import Result

FORMATS = ("table", "csv", "json", "html", "xlsx", "pdf")
BINARY = ("xlsx", "pdf")
"""Formats that are bytes, not text."""
PICTURED = ("html", "xlsx", "pdf")
"""Formats that show charts: ask for them (``Request.charts``) where one of these is made."""
SUFFIXES: Mapping[str, str] = {
    "html": ".html",
    "csv": ".csv",
    "json": ".json",
    "table": ".txt",
    "xlsx": ".xlsx",
    "pdf": ".pdf",
}
MEDIA: Mapping[str, str] = {
    "table": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
WIDTH_OF_A_FILE = 200


def render_result(result: Result, format_: str, width: int, *, color: bool = False, bom: bool = False) -> str | bytes:
    """A report's result as one of ``FORMATS``: text, or bytes for ``BINARY``. ``bom`` puts a byte order mark first (CSV)."""
    if format_ == "json":
        return to_json(result)
    if format_ == "csv":
        return to_csv(result, bom=bom)
    if format_ == "table":
        from opsledger.projections.formats.terminal import to_terminal  # noqa: PLC0415  loaded when asked for: slow to load

        return to_terminal(result, width, color=color)
    return _page(result, format_)


def _page(result: Result, format_: str) -> str | bytes:
    """The forms whose makers are slow to load, each loaded when it is asked for."""
    if format_ == "html":
        from opsledger.projections.formats.html import to_html  # noqa: PLC0415

        return to_html(result)
    if format_ == "xlsx":
        from opsledger.projections.formats.xlsx import to_xlsx  # noqa: PLC0415

        return to_xlsx(result)
    from opsledger.projections.formats.pdf import to_pdf  # noqa: PLC0415

    return to_pdf(result)


def as_bytes(made: str | bytes) -> bytes:
    """What is written to a file or sent."""
    return made if isinstance(made, bytes) else made.encode()


def width_of(out: Path | None) -> int:
    """Columns that a table may use: the terminal's, or plenty in a file."""
    return WIDTH_OF_A_FILE if out else shutil.get_terminal_size((140, 40)).columns
