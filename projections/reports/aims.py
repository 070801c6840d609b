"""Which figures of a report meet their targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from opsledger.projections.master.targets import Targets, is_met
from opsledger.projections.reports.model import Column, Value
from opsledger.projections.reports.request import Job


def met_of(
    job: Job, columns: Sequence[Column], rows: Sequence[tuple[Value, ...]], totals: tuple[Value, ...] | None
) -> Mapping[tuple[int, str], bool]:
    """(number of the row, −1 for the totals; column) → whether the figure meets the target of what the row is about.

    A row's target is that of its queue, vendor or hotline where it names one, else the target of the report's filters.
    """
    aimed = _aimed(job.targets)
    figures = [(i, c.name) for i, c in enumerate(columns) if c.name in aimed]
    if not figures:
        return {}
    names = [(i, c.name) for i, c in enumerate(columns) if c.name in job.report.dimensions]
    found: dict[tuple[int, str], bool] = {}
    known: dict[tuple[str, ...], Mapping[str, Decimal | None]] = {}
    for number, row in [*enumerate(rows), *([(-1, totals)] if totals is not None else [])]:
        place = tuple(str(row[i] or "") for i, _ in names) if number >= 0 else ()
        if place not in known:
            only = {**job.request.only, **{name: (value,) for (_, name), value in zip(names, place, strict=False)}}
            known[place] = {code: job.targets.of(code, only) for _, code in figures}
        for index, code in figures:
            value = row[index]
            met = is_met(code, value, known[place][code]) if isinstance(value, int | Decimal) else None
            if met is not None:
                found[number, code] = met
    return found


def _aimed(targets: Targets) -> set[str]:
    """The metrics that have a target anywhere."""
    return {*targets.tenant, *(code for aim in targets.queues for code in aim.values)}
