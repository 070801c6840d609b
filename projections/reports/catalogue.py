"""Every report of the suite, found by its code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.domain.errors import UserError, nearest
from opsledger.projections.reports.model import Report
from opsledger.projections.reports.suite import business, complaints, money, people, service, special, traffic, trust, work

_GROUPS = (traffic, business, complaints, work, service, people, money, special, trust)
_SUITE = tuple(report for group in _GROUPS for report in group.REPORTS)

REPORTS: Mapping[str, Report] = MappingProxyType({r.code: r for r in _SUITE})
"""Code → report, in the order of ``report list``."""

IDENTITY = ("entries", "answered", "left_queue", "waiting")
"""The first equals the sum of the others (spec: law 2); ``left_queue`` is every way of leaving unanswered."""
TROUBLES = ("open_calls", "contradictory_calls")
"""What a report about calls says about their records."""


def report(code: str) -> Report:
    """The report of a code; UserError with the nearest valid code where there is none."""
    try:
        return REPORTS[code]
    except KeyError:
        raise UserError(f"'{code}' is not a report{nearest(code, tuple(REPORTS))}") from None
