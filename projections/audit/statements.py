"""Statements out of the ledger: the contract from its events, figures from the registry, settled by the domain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce

from opsledger.domain.calendar import zone_of
from opsledger.domain.decisions.contract import RULES, ContractState
from opsledger.domain.errors import UserError, nearest
from opsledger.domain.measures import Measures
from opsledger.domain.statement import Statement, in_force, month_of, needs, statement
from opsledger.projections.audit.contracts import contract_events, contracts
from opsledger.projections.audit.figures import Desk, figures
from opsledger.projections.metrics.measure import Facts

DEADLINES = timedelta(days=31)
"""The last deadline of a month's terms lies within so long after its end. Once that is over the present moment decides
nothing more, and stays out of the evidence: the same facts and terms then give the same statement, to the byte."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A statement with all that it was made from: the contract, its figures, the facts as they were judged, whose they are."""

    statement: Statement
    contract: ContractState
    measures: Measures
    facts: Facts
    desk: Desk


def settle_month(facts: Facts, contract: str, month: str) -> Statement:
    """The draft statement of a contract's month (``2026-01``), as the facts stand.

    Raises UserError: no such contract, not in force in that month, or a figure that the terms need is empty.
    """
    return settled_month(facts, contract, month).statement


def settled_month(facts: Facts, contract: str, month: str) -> Settled:
    """As ``settle_month``, with what the statement was made from."""
    state = contract_of(facts, contract)
    wanted = needs(state, month)
    zone = month_of(state, month).zone
    began = min(version.effective_from for version in state.versions).astimezone(zone_of(zone)).date()
    desk = Desk(contract, state.vendor, zone, began)
    latest = month_of(state, month).stop + DEADLINES
    judged = replace(facts, cutoff=min(facts.cutoff, latest))
    measures = figures(judged, wanted, desk)
    return Settled(statement(state, month, measures), state, measures, judged, desk)


def contract_of(facts: Facts, contract: str) -> ContractState:
    """A contract as the log has it: what a command decided counts here once the relay has carried it."""
    state = reduce(RULES.evolve, contract_events(facts, contract), RULES.empty)
    if not state.versions:
        known = contracts(facts)
        hint = nearest(contract, known) if known else "; no contract has been signed: see `opsledger decide --help`"
        raise UserError(f"tenant '{facts.tenant}' has no contract '{contract}'{hint}")
    return state


def contracts_of_month(facts: Facts, month: str) -> tuple[ContractState, ...]:
    """The contracts in force on some day of a month (``2026-01``, of their own zone), by name."""
    states = (contract_of(facts, name) for name in contracts(facts))
    return tuple(state for state in states if any(in_force(state, day) for day in month_of(state, month).days))
