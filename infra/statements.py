"""Wires a statement for the formats: settled from the facts, with what its reader must know."""

from __future__ import annotations

from opsledger.domain.statement import Statement
from opsledger.projections.audit.statements import settle_month
from opsledger.projections.formats.statement import Sheet
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.settlement import cautions

run_statement = settle_month
"""The draft statement of a contract's month, as the facts stand; see ``settle_month``."""


def sheet_of(made: Statement, facts: Facts) -> Sheet:
    """A statement with what its reader must know: what is not over, not stored, or came late."""
    return Sheet(made, facts.tenant, facts.cutoff, facts.positions, cautions(facts, made))
