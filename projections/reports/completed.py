"""What a report carries besides its first table: further tables below it, and totals that the registry counts by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from opsledger.projections.metrics.measure import Parts
from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import Layout, fits, overall
from opsledger.projections.reports.listing import MAX_ROWS, parameters, value_of
from opsledger.projections.reports.model import Column, Listing, Section, Value
from opsledger.projections.reports.request import Job

Rows = tuple[tuple[Value, ...], ...]


def completed(job: Job, layout: Layout) -> Layout:
    """The layout with the report's further tables; where a column is a metric's, with its total and the first law checked."""
    listings = [listing for _, listing in job.report.below]
    if job.report.listing is not None:
        listings.append(job.report.listing)
    wanted = dict.fromkeys(code for listing in listings for code in listing.counted.values())
    metrics = [metric for metric in map(job.metric, wanted) if fits(metric, job)]
    whole = overall(job, metrics, job.request.period) if metrics else {}
    if job.report.listing is not None and job.report.listing.counted:
        layout = _proved(job.report.listing, layout, whole)
    for title, listing in job.report.below:
        layout = _with_section(job, layout, words.fill(title, 0, job.request.lang), listing, whole)
    return layout


def _proved(listing: Listing, layout: Layout, whole: Mapping[str, Parts]) -> Layout:
    totals = _totals(listing, whole, layout.totals)
    return replace(layout, totals=totals, breaches=(*layout.breaches, *_breaches(listing, layout.rows, whole)))


def _with_section(job: Job, layout: Layout, title: str, listing: Listing, whole: Mapping[str, Parts]) -> Layout:
    lang = job.request.lang
    columns = tuple(Column(name, words.fill(label, 0, lang), str(unit)) for name, (unit, label) in listing.columns.items())
    found = job.facts.engine.query(listing.text, parameters=parameters(job)).result_rows
    if not found:
        return layout
    rows = tuple(tuple(map(value_of, row)) for row in found[:MAX_ROWS])
    cut = (words.counted("cut", MAX_ROWS, lang),) if len(found) > MAX_ROWS else ()
    totals = _totals(listing, whole, None) if listing.counted else None
    return replace(
        layout,
        sections=(*layout.sections, Section(title, columns, rows, totals)),
        warnings=(*layout.warnings, *cut),
        breaches=layout.breaches if cut else (*layout.breaches, *_breaches(listing, rows, whole)),
    )


def _totals(listing: Listing, whole: Mapping[str, Parts], known: tuple[Value, ...] | None) -> tuple[Value, ...]:
    before = known or (None,) * len(listing.columns)
    found = []
    for name, value in zip(listing.columns, before, strict=True):
        parts = whole.get(listing.counted.get(name, ""))
        found.append(value if parts is None else parts.numerator)
    return tuple(found)


def _breaches(listing: Listing, rows: Rows, whole: Mapping[str, Parts]) -> tuple[tuple[int, str], ...]:
    """Law 1: the rows add up to what the registry counts without them; a sum over several currencies is not judged."""
    found = []
    for place, name in enumerate(listing.columns):
        parts = whole.get(listing.counted.get(name, ""))
        if parts is None or parts.numerator is None:
            continue
        added = sum((Decimal(str(row[place])) for row in rows if row[place] is not None), Decimal(0))
        if added != parts.numerator:
            found.append((1, f"{name}: the rows add up to {added:f}, {listing.counted[name]} is {parts.numerator:f}"))
    return tuple(found)
