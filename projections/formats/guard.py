"""Lines of CSV whose text no spreadsheet runs as a formula, at whatever it splits them: commas, semicolons, tabs, bars."""

from __future__ import annotations

import re
from collections.abc import Sequence

from opsledger.projections.formats.values import clean

_BEGINS = tuple("=+-@\t\r＝＋－＠|")
_PASSED_OVER = ' "'
_AFTER = re.compile(r"([,;|][\s,;|\"]*)(?=[=+\-@＝＋－＠])")
_HARMLESS = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_ .:/#@=+-]*")
_WITH_QUOTES = re.compile(r"[;|\t\r\n\"]|^\s|\s$|,\s|\s,")
_QUOTED = re.compile(r"[,;|\t\r\n\"]|^\s|\s$")


def guarded(text: str) -> str:
    """Clean text of a cell: an apostrophe leads what would be run as a formula, at its beginning and behind each sign at
    which a spreadsheet may split it. (The quotes around a cell do not help: they count only where a cell begins.)"""
    if _HARMLESS.fullmatch(text):  # most are: with no sign to split at there is one beginning
        return text
    found = clean(text)
    if text.lstrip(_PASSED_OVER).startswith(_BEGINS) or found.lstrip(_PASSED_OVER).startswith(_BEGINS):
        found = f"'{found}"
    return _AFTER.sub(r"\1'", found)


def line_of(cells: Sequence[str]) -> str:
    """A line of cells that are guarded, or numbers; in quotes where any separator or quote is in one (RFC 4180)."""
    joined = ",".join(cells)
    if joined and joined.count(",") == len(cells) - 1 and not _WITH_QUOTES.search(joined):
        return f"{joined}\r\n"
    fields = [f'"{cell.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(cell) else cell for cell in cells]
    return ('""' if fields == [""] else ",".join(fields)) + "\r\n"


def note_of(text: str) -> str:
    """A line that tells of the table: readers pass it over by the ``#`` at its beginning, so it is never in quotes, and has
    none in it, which would begin a cell behind a comma."""
    return f"# {guarded(clean(text).replace(chr(34), chr(39)))}\r\n"
