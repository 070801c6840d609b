"""The two shapes of a queue_log: lines of text parted by '|', or a table exported from its database, told by the first line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters.queue_log_lines import Entry, Refused, checked, moment_us, text_entry
from opsledger.ingest.chunk import Reason

Reader = Callable[[str], Entry | None]
"""A line's entry, None where the line is no record (a ruler, a count of rows). Raises Refused."""

_SAYS: dict[str, tuple[str, ...]] = {
    "time": ("time", "epoch", "timestamp", "eventdate", "time_id", "created"),
    "call": ("callid", "call_id", "uniqueid"),
    "queue": ("queuename", "queue", "qname"),
    "agent": ("agent", "qagent"),
    "event": ("event", "verb", "qevent"),
}
_DATA = re.compile(r"(?:data|arg|info)(\d*)", re.ASCII)
_DELIMITERS = ",;\t|"
_NO_ROW = re.compile(r"[-+|\s]*|\(\d+ (?:rows?|行记录|行)\)", re.ASCII)
_START = re.compile(r"\d{1,10}(?:\.\d+)?\|")


def is_header(line: str) -> bool:
    """Whether a first line names columns instead of telling an event."""
    words = {word.strip().strip('"').lower() for word in re.split(r"[,;\t|]", line)}
    return not _START.match(line) and len(words & {name for names in _SAYS.values() for name in names}) >= 2


def reader_of(first: str, zone: ZoneInfo | None) -> Reader:
    """The reader of a log whose first line is given; UserError for a table that lacks a column."""
    return table_reader(first, zone) if is_header(first) else text_entry


def table_reader(header: str, zone: ZoneInfo | None) -> Reader:
    """The reader of a table's rows, by the names in its header: time, callid, queuename, agent, event, data…

    Only ``zone`` tells what a time without an offset means.
    """
    delimiter = max(_DELIMITERS, key=header.count)
    names = [name.strip().lower() for name in _cells(header, delimiter)]
    places = {column: _place(column, names) for column in _SAYS}
    data = sorted((int(found[1] or 0), i) for i, name in enumerate(names) if (found := _DATA.fullmatch(name)))
    return _Table(delimiter, len(names), places, [i for _, i in data], zone).entry


def _place(column: str, names: Sequence[str]) -> int:
    valid = _SAYS[column]
    for name in valid:
        if name in names:
            return names.index(name)
    close = get_close_matches(valid[0], names, n=1)
    hint = f"; is '{close[0]}' meant for it?" if close else ""
    wanted = "time, callid, queuename, agent, event, data1 …"
    raise UserError(f"the table has no column '{valid[0]}'{hint or '.'} A table of a queue_log has the columns {wanted}")


def _cells(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        raise Refused(Reason.MALFORMED, "a quoted field is not closed, or goes on after its quotes") from None


class _Table:
    def __init__(self, delimiter: str, width: int, places: dict[str, int], data: list[int], zone: ZoneInfo | None) -> None:
        self._delimiter, self._width, self._places, self._data, self._zone = delimiter, width, places, data, zone

    def entry(self, line: str) -> Entry | None:
        """One row's entry."""
        if self._delimiter == "|" and _NO_ROW.fullmatch(line):
            return None
        cells = _cells(line, self._delimiter)
        if len(cells) != self._width:
            raise Refused(Reason.MALFORMED, f"the row has {len(cells)} columns, the header {self._width}")
        cells = [cell.strip() for cell in cells]
        at = self._places
        data = ["" if cells[i] in ("NULL", "\\N") else cells[i] for i in self._data]
        if len(data) == 1:
            data = data[0].split("|")
        names = [cells[at["call"]], cells[at["queue"]], cells[at["agent"]]]
        return checked(moment_us(cells[at["time"]], self._zone), names, cells[at["event"]], data)
