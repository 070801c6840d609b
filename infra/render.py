"""One result, the form that was asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.json import to_json
from opsledger.projections.formats.terminal import to_terminal
from opsledger.projections.reports.model import Result

FORMATS = ("table", "csv", "json", "html")
WIDTH_OF_A_FILE = 200


def render_result(result: Result, format_: str, width: int, *, color: bool = False) -> str:
    """A report's result as text of one of ``FORMATS``."""
    if format_ == "table":
        return to_terminal(result, width, color=color)
    return {"csv": to_csv, "json": to_json, "html": to_html}[format_](result)


def width_of(out: Path | None) -> int:
    """Columns that a table may use: the terminal's, or plenty in a file."""
    return WIDTH_OF_A_FILE if out else shutil.get_terminal_size((140, 40)).columns
