"""statement 结算单: contract, month and figures in; lines, total and digest out. Pure: the same input gives the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from opsledger.domain.calendar import Grain, Period, parse_period, zone_of
from opsledger.domain.decisions.contract import ContractState, Version
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.domain.measures import Measures, Need
from opsledger.domain.money import total as total_of
from opsledger.domain.rules import KpiScore, Title, asks_of
from opsledger.domain.settling import Line, Settling, Stretch, settle
from opsledger.domain.terms import Terms, read_terms

RULES_VERSION = 1
"""The version of this program's settling rules; a change that can alter an amount raises it."""


class StatementStoppedError(UserError):
    """A figure that the terms need is empty and they do not say what it gives then; nothing was settled."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A draft until its period is closed. ``total`` is positive where the tenant pays the vendor.

    ``digest`` is SHA-256 (hex) over the lines as canonical JSON. ``notes`` are for whoever reads it.
    """

    contract: str
    vendor: str
    title: Title
    month: str
    zone: str
    currency: str
    lines: tuple[Line, ...]
    total: Decimal
    digest: str
    notes: tuple[Title, ...] = ()
    rules_version: int = RULES_VERSION


def needs(contract: ContractState, month: str) -> tuple[Need, ...]:
    """All figures that a month's statement wants, each once."""
    return tuple(dict.fromkeys(s.need(ask) for s in stretches(contract, month) for ask in asks_of(s.rule)))


def statement(contract: ContractState, month: str, measures: Measures) -> Statement:
    """Settle a month (``2026-01``, of the contract's zone) under the terms in force on each day.

    Raises UserError where the contract is not in force in that month, StatementStoppedError where a figure is empty.
    """
    spans = stretches(contract, month)
    settling = Settling(contract.vendor, measures)
    lines = tuple(line for span in spans for line in settle(span, settling))
    if settling.stops:
        raise StatementStoppedError("\n".join(("no statement is made:", *settling.stops)), EXIT_INCOMPLETE)
    terms = _terms(contract.versions[spans[-1].versions[-1] - 1])
    return Statement(
        contract=contract.contract,
        vendor=contract.vendor,
        title=terms.title,
        month=month,
        zone=terms.zone,
        currency=terms.currency,
        lines=lines,
        total=total_of(line.amount for line in lines),
        digest=digest_of_lines(lines),
        notes=tuple(_notes(spans, measures)),
    )


def month_of(contract: ContractState, month: str) -> Period:
    """A calendar month in the zone of the contract."""
    if not contract.versions:
        raise UserError("this contract was never signed")
    return parse_period(Grain.MONTH, month, _terms(contract.versions[0]).zone)


def stretches(contract: ContractState, month: str) -> tuple[Stretch, ...]:
    """The rules of a month in the order of the terms, each with the days on which it held unchanged."""
    period = month_of(contract, month)
    days = [(day, version) for day in period.days if (version := in_force(contract, day)) is not None]
    if not days:
        first = contract.versions[0].effective_from.astimezone(zone_of(period.zone)).date()
        ended = "" if contract.ended_at is None else f" and ended {contract.ended_at.astimezone(zone_of(period.zone)).date()}"
        raise UserError(f"contract '{contract.contract}' is not in force in {month}: it began {first}{ended}")
    names = dict.fromkeys(rule.rule for _, version in days for rule in _terms(version).rules)
    return tuple(stretch for name in names for stretch in _runs(name, days, len(period.days)))


def in_force(contract: ContractState, day: date) -> Version | None:
    """The terms of a local day: those that began last on or before it. The day on which a contract ends still counts."""
    zone = zone_of(_terms(contract.versions[0]).zone)
    if contract.ended_at is not None and day > contract.ended_at.astimezone(zone).date():
        return None
    begun = [v for v in contract.versions if v.effective_from.astimezone(zone).date() <= day]
    return max(begun, key=lambda v: (v.effective_from.astimezone(zone).date(), v.number), default=None)


def _runs(name: str, days: list[tuple[date, Version]], month_days: int) -> Iterator[Stretch]:
    """Days in a row on which the rule of that name was the same, whatever else of the terms changed."""
    held = [(day, version.number, _held(version, name)) for day, version in days]
    for (rule, queues), group in groupby(held, key=lambda each: each[2]):
        run = list(group)
        if rule is not None:
            versions = tuple(dict.fromkeys(number for _, number, _ in run))
            end = date.fromordinal(run[-1][0].toordinal() + 1)
            yield Stretch(rule, queues, versions, run[0][0], end, Fraction(len(run), month_days))


def _held(version: Version, name: str) -> Any:
    terms = _terms(version)
    return next((rule for rule in terms.rules if rule.rule == name), None), terms.queues


def _terms(version: Version) -> Terms:
    return _read(json.dumps(version.terms, sort_keys=True))


@cache
def _read(document: str) -> Terms:
    return read_terms(json.loads(document))


def _notes(spans: tuple[Stretch, ...], measures: Measures) -> Iterator[Title]:
    for span in spans:
        if isinstance(span.rule, KpiScore):
            served, paid = len(measures[span.need(asks_of(span.rule)[0])]), span.rule.pool_agents
            if served != paid:
                yield Title(
                    f"{span.rule.rule}: the pool is meant for {paid} agents; {served} served",
                    f"{span.rule.rule}:奖金池按 {paid} 名座席设定,实际服务 {served} 名",
                )


def digest_of_lines(lines: tuple[Line, ...]) -> str:
    """SHA-256 (hex) over the lines as canonical JSON."""
    return hashlib.sha256(canonical([asdict(line) for line in lines])).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with sorted names and no spaces; decimals, days, times and ids as text: one value has one form."""
    return json.dumps(value, default=_text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _text(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
