"""The layout with a row per fact: call detail, complaint by complaint, penalty by penalty."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from opsledger.projections.metrics.measure import teams_of
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import Layout, overall, troubles
from opsledger.projections.reports.model import Column, Listing, Value
from opsledger.projections.reports.request import Job

MAX_ROWS = 200_000
"""The most rows of a list; a longer one is cut and says so."""


def by_fact(job: Job) -> Layout:
    """The rows of the report's own SELECT, in its order."""
    lang, listing = job.request.lang, job.report.listing
    if listing is None:
        raise TypeError(f"{job.report.code} has the shape of a list and no listing")
    columns = tuple(Column(name, words.fill(label, 0, lang), str(unit)) for name, (unit, label) in listing.columns.items())
    found = job.facts.engine.query(text_of(listing.file), parameters=_parameters(job)).result_rows
    rows = tuple(tuple(map(value_of, row)) for row in found[:MAX_ROWS])
    cut = (words.counted("cut", MAX_ROWS, lang),) if len(found) > MAX_ROWS else ()
    whole = overall(job, (), job.request.period)
    return Layout(columns, rows, _totals(listing, rows), (*cut, *troubles(job, whole)))


def _parameters(job: Job) -> Parameters:
    period, only = job.request.period, job.request.only
    teams = teams_of(job.facts, period) if "team" in only else {}
    return {
        "tenant": job.facts.tenant,
        "start": utc_text(period.start),
        "stop": utc_text(period.stop),
        "cutoff": utc_text(job.facts.cutoff),
        "limit": MAX_ROWS + 1,
        "team_agents": list(teams),
        "team_names": list(teams.values()),
        **{f"only_{name}": list(only.get(name, ())) for name in job.report.filters},
    }


def value_of(value: Any) -> Value:
    """A value of the engine as a report holds it: times aware, nothing for an empty text, a list as one text."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None if value == "" else value


def _totals(listing: Listing, rows: tuple[tuple[Value, ...], ...]) -> tuple[Value, ...] | None:
    if not listing.added:
        return None
    return tuple(
        sum((Decimal(str(row[i])) for row in rows if row[i] is not None), Decimal(0)) if name in listing.added else None
        for i, name in enumerate(listing.columns)
    )


@cache
def text_of(file: str) -> str:
    """A SELECT that lies beside the suite."""
    return (Path(__file__).parent / "suite" / file).read_text("utf-8")
