"""From a rule and its figures to the lines of a statement: one settler a kind, nothing rounded before the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from opsledger.domain.kpi import Scale, points_of, worth_of
from opsledger.domain.measures import Ask, Evidence, Measure, Measures, Need
from opsledger.domain.money import rounded, to_money
from opsledger.domain.rules import AGENTS, KpiItem, KpiScore, PerEvent, Rule, Title, UnitPrice, award_ask

PLACES = 4
"""Decimal places of quantities, points and unit amounts on a line; the amount itself is made from the exact values."""
Party = Literal["vendor", "agent"]


@dataclass(frozen=True, slots=True)
class Detail:
    """How one KPI item got its points. ``figure`` is None with nothing to divide by; a ``percent`` is already times 100."""

    item: str
    title: Title
    numerator: Decimal
    denominator: Decimal
    figure: Decimal | None
    points: Decimal
    of_points: Decimal
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement: quantity × unit amount = amount, positive to the vendor. ``part`` is the class, or empty.

    ``first`` and ``last`` are the local days that it covers, ``versions`` the versions of the terms that were in force.
    ``score`` is the total of points that a KPI line is about.
    """

    rule: str
    kind: str
    title: Title
    versions: tuple[int, ...]
    first: date
    last: date
    party: Party
    party_id: str
    part: str
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    evidence: tuple[Evidence, ...] = ()
    details: tuple[Detail, ...] = ()
    score: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Local days [first, end) of a month in which one rule held unchanged; ``share`` is their part of the month."""

    rule: Rule
    queues: tuple[str, ...]
    versions: tuple[int, ...]
    first: date
    end: date
    share: Fraction

    def need(self, ask: Ask) -> Need:
        """A measure over this stretch."""
        return Need(ask, self.first, self.end, self.queues)


@dataclass(slots=True)
class Settling:
    """What settlers work with: the vendor, the figures, and the reasons for which no statement can be made."""

    vendor: str
    measures: Measures
    stops: list[str] = field(default_factory=list)

    def of(self, stretch: Stretch, ask: Ask) -> Mapping[str, Measure]:
        """The figures of a measure by class or agent. KeyError where they were not fetched: a defect of the caller."""
        return self.measures[stretch.need(ask)]


def settle(stretch: Stretch, settling: Settling) -> list[Line]:
    """The lines of one rule over one stretch."""
    return SETTLERS[type(stretch.rule)](stretch.rule, stretch, settling)


def _line(stretch: Stretch, vendor: str, quantity: Fraction | Decimal, unit: Fraction | Decimal) -> Line:
    return Line(
        rule=stretch.rule.rule,
        kind=stretch.rule.KIND,
        title=stretch.rule.title,
        versions=stretch.versions,
        first=stretch.first,
        last=date.fromordinal(stretch.end.toordinal() - 1),
        party="vendor",
        party_id=vendor,
        part="",
        quantity=rounded(quantity, PLACES),
        unit_amount=rounded(unit, PLACES),
        amount=to_money(Fraction(quantity) * Fraction(unit)),
    )


def _per_event(rule: PerEvent, stretch: Stretch, settling: Settling) -> list[Line]:
    found, lines = settling.of(stretch, rule.ask), []
    for part, amount in rule.amounts:
        line = _line(stretch, settling.vendor, found[part].numerator, amount)
        lines.append(replace(line, part=part, evidence=(found[part].evidence,)))
    return lines


def _unit_price(rule: UnitPrice, stretch: Stretch, settling: Settling) -> list[Line]:
    if rule.ask is None:
        return [_line(stretch, settling.vendor, Fraction(rule.quantity or 0) * stretch.share, rule.amount)]
    measure = settling.of(stretch, rule.ask)[""]
    line = _line(stretch, settling.vendor, measure.numerator, rule.amount)
    return [replace(line, evidence=(measure.evidence,))]


def _kpi_score(rule: KpiScore, stretch: Stretch, settling: Settling) -> list[Line]:
    return [_agent_line(rule, stretch, settling, agent) for agent in sorted(settling.of(stretch, AGENTS))]


def _agent_line(rule: KpiScore, stretch: Stretch, settling: Settling, agent: str) -> Line:
    total, details, evidence = Fraction(0), [], []
    for item in rule.items:
        measure = _figure(settling.of(stretch, item.ask), agent)
        points = _points(rule, item, measure, settling, f"{rule.rule}, {agent}, {stretch.first} to {stretch.end}")
        total += points
        details.append(_detail(item, measure, points))
        evidence += [measure.evidence] if measure else []
    extra, because = _extra(rule, stretch, settling, agent)
    worth = worth_of(_scale(rule, stretch.share), total + extra)
    line = _line(stretch, settling.vendor, worth.quantity, worth.unit)
    return replace(
        line,
        party="agent",
        party_id=agent,
        evidence=(*evidence, *because),
        details=(*details, *_award_details(extra)),
        score=rounded(total + extra, PLACES),
    )


def _figure(found: Mapping[str, Measure], agent: str) -> Measure | None:
    """The agent's own figure, or that of the whole desk."""
    return found.get(agent, found.get(""))


def _points(rule: KpiScore, item: KpiItem, measure: Measure | None, settling: Settling, where: str) -> Fraction:
    value = measure.value if measure else None
    if value is not None:
        return points_of(item.target, value, rule.steps)
    if item.if_empty is None:
        settling.stops.append(
            f"{where}: {item.title.en} ({item.title.zh}) has nothing to divide by; "
            f"the terms of item '{item.item}' may say what it gives then (if_empty)"
        )
    return Fraction(item.if_empty or 0)


def _extra(rule: KpiScore, stretch: Stretch, settling: Settling, agent: str) -> tuple[Fraction, list[Evidence]]:
    found = [(settling.of(stretch, award_ask(name)).get(agent), points) for name, points in rule.extras]
    given = [(measure, points) for measure, points in found if measure is not None]
    extra = sum((Fraction(m.numerator) * Fraction(points) for m, points in given), Fraction(0))
    return extra, [m.evidence for m, _ in given]


def _scale(rule: KpiScore, share: Fraction) -> Scale:
    return Scale(
        base=Fraction(rule.pool) / rule.pool_agents * share,
        fee=Fraction(rule.fee) * share,
        shortfall=rule.shortfall,
        bonus=rule.bonus,
        bonus_from=rule.bonus_from,
    )


def _detail(item: KpiItem, measure: Measure | None, points: Fraction) -> Detail:
    value = measure.value if measure else None
    return Detail(
        item=item.item,
        title=item.title,
        numerator=rounded(measure.numerator if measure else 0, PLACES),
        denominator=rounded(measure.denominator or 0 if measure else 0, PLACES),
        figure=None if value is None else rounded(value * 100 if item.target.percent else value, PLACES),
        points=rounded(points, PLACES),
        of_points=item.target.points,
        percent=item.target.percent,
    )


def _award_details(extra: Fraction) -> list[Detail]:
    if not extra:
        return []
    points = rounded(extra, PLACES)
    return [Detail("extras", Title("Extra points from awards", "奖励加分"), points, Decimal(1), points, points, Decimal(0))]


SETTLERS: dict[type[Rule], Callable[[Any, Stretch, Settling], list[Line]]] = {
    PerEvent: _per_event,
    UnitPrice: _unit_price,
    KpiScore: _kpi_score,
}
