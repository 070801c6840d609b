"""The layout with a row per fact: call detail, complaint by complaint, penalty by penalty."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from opsledger.projections.metrics.measure import teams_of
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import Layout, identity_breaches, overall, troubles
from opsledger.projections.reports.model import Column, Listing, Value
from opsledger.projections.reports.request import Job

_EVERY = 2**62
MAX_ROWS = 200_000
"""The most rows of a list; a longer one is cut and says so."""


def by_fact(job: Job) -> Layout:
    """The rows of the report's own SELECT, in its order."""
    lang, listing = job.request.lang, job.report.listing
    if listing is None:
        raise TypeError(f"{job.report.code} has the shape of a list and no listing")
    columns = tuple(Column(name, words.fill(label, 0, lang), str(unit)) for name, (unit, label) in listing.columns.items())
    found = job.facts.engine.query(listing.text, parameters=parameters(job)).result_rows
    rows = tuple(tuple(map(value_of, row)) for row in found[:MAX_ROWS])
    cut = (words.counted("cut", MAX_ROWS, lang),) if len(found) > MAX_ROWS else ()
    count, totals = _counted(job, listing)
    breaches = () if cut else _breaches(listing, rows, count, totals)
    whole = overall(job, (), job.request.period)
    return Layout(
        columns,
        rows,
        totals if listing.added else None,
        (*cut, *troubles(job, whole)),
        breaches=(*((1, breach) for breach in breaches), *identity_breaches(whole)),
    )


def _counted(job: Job, listing: Listing) -> tuple[int, tuple[Value, ...]]:
    """How many rows there are and what they add up to, counted by the engine and not from the rows that are shown."""
    sums = [f"CAST(sum(`{name}`), 'Nullable(Decimal(38, 4))')" for name in listing.added]
    sql = f"SELECT {', '.join(['count()', *sums])} FROM (\n{listing.text}\n)"
    ((count, *added),) = job.facts.engine.query(sql, parameters={**parameters(job), "limit": _EVERY}).result_rows
    found = dict(zip(listing.added, added, strict=True))
    return int(count), tuple(Decimal(found[name] or 0) if name in found else None for name in listing.columns)


def _breaches(listing: Listing, rows: tuple[tuple[Value, ...], ...], count: int, totals: tuple[Value, ...]) -> list[str]:
    """The first law for a list: the rows shown are all there are, and add up to what was counted without them."""
    found = [] if len(rows) == count else [f"{len(rows)} rows are shown, {count} were counted"]
    for index, name in enumerate(listing.columns):
        added = sum((Decimal(str(row[index])) for row in rows if name in listing.added and row[index] is not None), Decimal(0))
        if name in listing.added and added != totals[index]:
            found.append(f"{name}: the rows add up to {added:f}, the total is {totals[index]:f}")
    return found


def parameters(job: Job) -> Parameters:
    """What the server binds into a list's SELECT: tenant, period, cutoff, filters, teams."""
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
