"""A result as JSON, for programs: raw numbers, machine names, definitions beside them."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from opsledger.projections.formats.values import plain
from opsledger.projections.reports.model import Result


def to_json(result: Result) -> str:
    """The result as one JSON object: title, period (and its limits), zone, parameters, columns, rows, totals, footer.

    A row is an object from column name to raw value (in the column's unit); times carry the zone's offset.
    """
    return json.dumps(to_plain(result), ensure_ascii=False, indent=2)


def to_plain(result: Result) -> dict[str, object]:
    """The JSON object as Python values."""
    names = [c.name for c in result.columns]
    zone = result.period.zone
    rows = [dict(zip(names, (plain(v, zone) for v in row), strict=True)) for row in result.rows]
    totals = None if result.totals is None else dict(zip(names, (plain(v, zone) for v in result.totals), strict=True))
    return {
        "report": result.report,
        "title": result.title,
        "period": result.period.name,
        "start": _time(result.period.start, zone),
        "end": _time(result.period.stop, zone),
        "zone": zone,
        "parameters": dict(result.parameters),
        "columns": [{"name": c.name, "title": c.title, "unit": c.unit, "definition": c.definition} for c in result.columns],
        "rows": rows,
        "totals": totals,
        "footer": _footer(result),
    }


def _footer(result: Result) -> dict[str, object]:
    footer, zone = result.footer, result.period.zone
    return {
        "cutoff": _time(footer.cutoff, zone),
        "log_positions": dict(sorted(footer.positions.items())),
        "facts_made": _time(footer.refreshed_at, zone),
        "as_known_at": _time(footer.as_known_at, zone),
        "closed": footer.closed,
        "warnings": list(footer.warnings),
        "notes": list(footer.notes),
        "laws_hold": footer.laws_hold,
    }


def _time(moment: datetime | None, zone: str) -> str | None:
    return None if moment is None else moment.astimezone(ZoneInfo(zone)).isoformat()
