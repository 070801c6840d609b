"""A result as JSON, for programs: raw numbers, machine names, definitions beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from opsledger.projections.formats.values import Grid, clean, grids_of, plain, used_names
from opsledger.projections.reports.model import Result, Value


def to_json(result: Result) -> str:
    """The result as one JSON object: title, period (and its limits), zone, parameters, columns, rows, totals, sections,
    names, footer.

    A row is an object from column name to raw value (in the column's unit); times carry the zone's offset. Ids stay ids:
    ``names`` says what they are called, column → id → name. ``met`` says which figures meet their targets:
    number of the row (or ``totals``) → column → true or false.
    """
    return json.dumps(to_plain(result), ensure_ascii=False, indent=2)


def to_plain(result: Result) -> dict[str, object]:
    """The JSON object as Python values."""
    first, *sections = grids_of(result)
    zone = result.period.zone
    return {
        "report": result.report,
        "title": clean(result.title),
        "period": result.period.name,
        "start": _time(result.period.start, zone),
        "end": _time(result.period.stop, zone),
        "zone": zone,
        "parameters": {name: _whole(value) for name, value in result.parameters.items()},
        **_table(first, zone),
        "met": _met(result.met),
        "sections": [{"title": clean(grid.title), **_table(grid, zone)} for grid in sections],
        "names": _whole_names(used_names(result)),
        "footer": _footer(result),
    }


def _table(grid: Grid, zone: str) -> dict[str, object]:
    names = [c.name for c in grid.columns]

    def line(row: tuple[Value, ...]) -> dict[str, object]:
        return {name: _plain(value, zone) for name, value in zip(names, row, strict=True)}

    return {
        "columns": [{"name": c.name, "title": c.title, "unit": str(c.unit), "definition": c.definition} for c in grid.columns],
        "rows": [line(row) for row in grid.rows],
        "totals": None if grid.totals is None else line(grid.totals),
    }


def _plain(value: Value, zone: str) -> object:
    found = plain(value, zone)
    return _whole(found) if isinstance(found, str) else found


def _whole(text: str) -> str:
    """The same text where UTF-8 can hold it: a lone surrogate would stop the file."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _whole_names(names: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {column: {_whole(id_): name for id_, name in known.items()} for column, known in names.items()}


def _met(met: Mapping[tuple[int, str], bool]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for (row, column), told in sorted(met.items()):
        found.setdefault("totals" if row < 0 else str(row), {})[column] = told
    return found


def _footer(result: Result) -> dict[str, object]:
    footer, zone = result.footer, result.period.zone
    return {
        "cutoff": _time(footer.cutoff, zone),
        "log_positions": dict(sorted(footer.positions.items())),
        "facts_made": _time(footer.refreshed_at, zone),
        "as_known_at": _time(footer.as_known_at, zone),
        "closed": footer.closed,
        "warnings": [_whole(text) for text in footer.warnings],
        "notes": [_whole(text) for text in footer.notes],
        "laws_hold": footer.laws_hold,
    }


def _time(moment: datetime | None, zone: str) -> str | None:
    return None if moment is None else moment.astimezone(ZoneInfo(zone)).isoformat()
