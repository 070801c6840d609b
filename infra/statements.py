"""Wires a statement for the formats: settled from the facts, with what its reader must know."""

from __future__ import annotations

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.statement import Statement, month_of
from opsledger.projections.audit.statements import contract_of, settle_month
from opsledger.projections.formats.statement import Sheet
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report
from opsledger.projections.reports.settlement import cautions

run_statement = settle_month
"""The draft statement of a contract's month, as the facts stand; see ``settle_month``."""


def sheet_of(made: Statement, facts: Facts) -> Sheet:
    """A statement with what its reader must know: what is not over, not stored, or came late."""
    return Sheet(made, facts.tenant, facts.cutoff, facts.positions, cautions(facts, made))


def statement_report(facts: Facts, contract: str, month: str, lang: Lang) -> Result:
    """The statement as the report ``vendor_statement`` of one contract, in the contract's own zone: the same tables, checked
    by the same law. UserError as ``settle_month``."""
    zone = month_of(contract_of(facts, contract), month).zone
    period = parse_period(Grain.MONTH, month, zone)
    return run_report(facts, Request("vendor_statement", period, only={"contract": (contract,)}, lang=lang))
