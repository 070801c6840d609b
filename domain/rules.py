"""The rules of a contract as values: what each kind holds, whatever document it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opsledger.domain.kpi import Bonus, Shortfall, Steps, Target
from opsledger.domain.measures import Ask


@dataclass(frozen=True, slots=True)
class Title:
    """A name in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class PerEvent:
    """Money for each event of a class; ``amounts`` are (class, signed unit amount), class '' where there is one only."""

    rule: str
    title: Title
    ask: Ask
    amounts: tuple[tuple[str, Decimal], ...]

    KIND = "per_event"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """Money for each unit: a fixed ``quantity`` each month (by days where it holds for a part), or what is counted."""

    rule: str
    title: Title
    amount: Decimal
    quantity: Decimal | None = None
    ask: Ask | None = None

    KIND = "unit_price"


@dataclass(frozen=True, slots=True)
class KpiItem:
    """One figure that is scored. ``if_empty``: the points for an empty figure; None = the statement stops."""

    item: str
    title: Title
    ask: Ask
    target: Target
    if_empty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class KpiScore:
    """Points of every agent, and their worth; ``extras`` are (award rule, points for each award granted)."""

    rule: str
    title: Title
    items: tuple[KpiItem, ...]
    pool: Decimal
    pool_agents: int
    fee: Decimal
    shortfall: Shortfall
    bonus: Bonus = Bonus.EXCESS
    bonus_from: Decimal = Decimal(100)
    steps: Steps = Steps.PROPORTIONAL
    extras: tuple[tuple[str, Decimal], ...] = ()

    KIND = "kpi_score"


Rule = PerEvent | UnitPrice | KpiScore
AGENTS = Ask("agents")
"""Who of the vendor served in a stretch: the keys of its measures are the agents whom a KPI rule scores."""


def award_ask(award_rule: str) -> Ask:
    """Awards of one rule that were granted and not revoked, by agent."""
    return Ask("awards_granted", (("rule", award_rule),))


def asks_of(rule: Rule) -> tuple[Ask, ...]:
    """All that a rule wants to know."""
    if isinstance(rule, KpiScore):
        return (AGENTS, *(item.ask for item in rule.items), *(award_ask(name) for name, _ in rule.extras))
    return () if rule.ask is None else (rule.ask,)
