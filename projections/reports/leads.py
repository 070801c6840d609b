"""Follows the reference of a cell: to the rows of a metric, the events of a thing, the making of a line, what a check found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opsledger.domain.errors import UserError
from opsledger.projections.reports.behind import by_figure
from opsledger.projections.reports.behind_events import by_proof, by_subject
from opsledger.projections.reports.behind_line import by_line
from opsledger.projections.reports.cells import CellRef, parse_ref
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.quality.rows import by_finding
from opsledger.projections.reports.request import Job
from opsledger.projections.reports.targets import Lead

_FOLLOWED: Mapping[str, Callable[[Job, CellRef], Layout]] = {
    Lead.SUBJECT: by_subject,
    Lead.PROOF: by_proof,
    Lead.LINE: by_line,
    Lead.CHECK: by_finding,
}


def by_cell(job: Job) -> Layout:
    """What stands behind the cell that the request names. UserError where there is no such cell, or not of this tenant's."""
    ref = parse_ref(job.request.cell or "")
    if ref.tenant != job.facts.tenant:
        raise UserError(f"the figure is of tenant '{ref.tenant}', not of '{job.facts.tenant}'")
    return _FOLLOWED[ref.place[0]](job, ref) if ref.place else by_figure(job, ref)
