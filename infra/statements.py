"""Wires a statement: the contract from the log, the figures from the facts, the settling from the domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from opsledger.domain.calendar import Grain, parse_period, zone_of
from opsledger.domain.clock import FixedClock
from opsledger.domain.decisions.contract import RULES, ContractState
from opsledger.domain.errors import UserError, nearest
from opsledger.domain.rules import Title
from opsledger.domain.statement import Statement, month_of, needs, statement
from opsledger.ingest.border.convert import to_event
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.projections.audit.contracts import contract_payloads, contracts
from opsledger.projections.audit.figures import Desk, figures
from opsledger.projections.facts.tables import STREAMS as FACT_STREAMS
from opsledger.projections.formats.statement import Sheet
from opsledger.projections.metrics.measure import Facts, measure
from opsledger.projections.reports.lateness import arrivals

DEADLINES = timedelta(days=31)
"""The last deadline of a month's terms lies within so long after its end. Once that is over the present moment decides
nothing more, and stays out of the evidence: the same facts and terms then give the same statement, to the byte."""
_ANY_TIME = datetime(2290, 1, 1, tzinfo=UTC)
"""What is in the log has passed the border: whether it was in the future is not asked again."""


_STREAMS = tuple(dict.fromkeys((*FACT_STREAMS, "award", "report")))
"""What a statement's figures are made from."""


def run_statement(client: Client, facts: Facts, contract: str, month: str) -> Statement:
    """The draft statement of a contract's month (``2026-01``), as the facts stand.

    Raises UserError: no such contract, not in force in that month, or a figure that the terms need is empty.
    """
    state = contract_of(client, facts, contract)
    wanted = needs(state, month)
    zone = month_of(state, month).zone
    began = min(version.effective_from for version in state.versions).astimezone(zone_of(zone)).date()
    desk = Desk(contract, state.vendor, zone, began)
    latest = month_of(state, month).stop + DEADLINES
    judged = replace(facts, cutoff=min(facts.cutoff, latest))
    return statement(state, month, figures(judged, wanted, desk))


def sheet_of(made: Statement, facts: Facts) -> Sheet:
    """A statement with what its reader must know: what is not over, not stored, or came late."""
    period = parse_period(Grain.MONTH, made.month, made.zone)
    open_calls = measure(facts, "open_calls", period, {"vendor": (made.vendor,)}).get("")
    came = arrivals(facts, period, _STREAMS)
    counts = {
        "dead letters are open: their records count in no line": (facts.dead_letters, "条死信未处理,未计入任何一行"),
        "events came late": (came.late, "条事件迟到"),
        "events came later by a backfill": (came.backfilled, "条事件由补录导入"),
        "calls of the vendor are still open": (int(open_calls.numerator) if open_calls else 0, "通外包公司的通话未结束"),
    }
    found = [Title(f"{count:,} {en}", f"{count:,} {zh}") for en, (count, zh) in counts.items() if count]
    if facts.cutoff < period.stop:
        found.insert(0, Title("the month is not over yet", "该月尚未结束"))
    return Sheet(made, facts.tenant, facts.cutoff, facts.positions, tuple(found))


def contract_of(client: Client, facts: Facts, contract: str) -> ContractState:
    """A contract as the log has it: what a command decided counts here once the relay has carried it."""
    border = Border(FixedClock(_ANY_TIME), decisions=True)
    state = RULES.empty
    for payload in contract_payloads(client, facts.tenant, contract):
        wire = border.take(payload)
        if isinstance(wire, Refusal):
            raise UserError(f"contract '{contract}': an event of the ledger cannot be read: {wire.detail}")
        state = RULES.evolve(state, to_event(wire))
    if not state.versions:
        known = contracts(client, facts.tenant)
        hint = nearest(contract, known) if known else "; no contract has been signed: see `opsledger decide --help`"
        raise UserError(f"tenant '{facts.tenant}' has no contract '{contract}'{hint}")
    return state
