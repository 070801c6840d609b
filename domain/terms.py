"""The terms of a contract: a document is read into rules here, and refused with the place of what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from opsledger.domain.calendar import zone_of
from opsledger.domain.documents import Part
from opsledger.domain.errors import UserError, nearest
from opsledger.domain.events.callback import Purpose
from opsledger.domain.events.complaint import Severity
from opsledger.domain.kpi import FULL_SCORE, Bonus, Shortfall, Steps, Target
from opsledger.domain.measures import Ask
from opsledger.domain.rules import KpiItem, KpiScore, PerEvent, Rule, Title, UnitPrice

FORMAT = 1
"""The version of the document's shape; a document says which one it is written in."""
MAX_RULES = 100
LATER_KINDS = ("actual_loss", "award", "base_challenge", "escalating", "graded_time", "percentage", "tiered_price")
"""Kinds that this version does not settle: a document that holds one is refused, not half carried out."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that can be carried out. No ``queues`` = every queue that the vendor staffs."""

    title: Title
    currency: str
    zone: str
    queues: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A measure that terms may name: its parameters, its classes, and whether it is a ratio (in percent)."""

    params: Callable[[Part], tuple[tuple[str, Any], ...]] = lambda _part: ()
    classes: tuple[str, ...] = ()
    ratio: bool = False
    percent: bool = False
    full_if_empty: bool = False


def _within(part: Part) -> tuple[tuple[str, Any], ...]:
    leave_out = part.texts("leave_out", ("queue_abandons",))
    return (("leave_out", leave_out), ("within_ms", part.whole("within_ms", low=1, high=3_600_000)))


def _report(part: Part) -> tuple[tuple[str, Any], ...]:
    return (("by_day", part.whole("by_day", low=1, high=28)), ("report", part.text("report")))


def _purposes(part: Part) -> tuple[tuple[str, Any], ...]:
    part.need("purposes")
    return (("purposes", part.texts("purposes", get_args(Purpose))),)


MEASURES: dict[str, Asked] = {
    "complaints_liable": Asked(classes=get_args(Severity)),
    "callbacks_missed": Asked(_purposes),
    "reports_missed": Asked(_report),
    "calls_answered": Asked(),
    "service_level": Asked(_within, ratio=True, percent=True),
    "satisfaction": Asked(ratio=True, percent=True, full_if_empty=True),
    "quality_score": Asked(ratio=True),
}
"""What a rule may be measured by. Ratios are the registry's own metrics; counts come with the events counted."""


def read_terms(document: Mapping[str, Any]) -> Terms:
    """The rules of a terms document. Raises DocumentError (a UserError) with the place of what is wrong."""
    part = Part(document)
    if (version := part.whole("terms")) != FORMAT:
        raise part.wrong("terms", f"this program reads terms of format {FORMAT}, not {version}")
    title, currency = _title(part), part.text("currency")
    if not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        raise part.wrong("currency", f"'{currency}' is not an ISO 4217 code such as CNY")
    zone = _zone(part)
    queues, places = part.texts("queues"), part.parts("rules")
    part.done()
    if len(places) > MAX_RULES:
        raise part.wrong("rules", f"{len(places)} rules; at most {MAX_RULES} are read")
    return Terms(title, currency, zone, queues, _unique(places, [_rule(place) for place in places]))


def _zone(part: Part) -> str:
    zone = part.text("zone")
    try:
        zone_of(zone)
    except UserError as error:
        raise part.wrong("zone", str(error)) from error
    return zone


def _title(part: Part) -> Title:
    both = part.part("title")
    title = Title(both.text("en"), both.text("zh"))
    both.done()
    return title


def _unique(places: list[Part], rules: list[Rule]) -> tuple[Rule, ...]:
    seen: set[str] = set()
    for place, rule in zip(places, rules, strict=True):
        if rule.rule in seen:
            raise place.wrong("rule", f"two rules are named '{rule.rule}'")
        seen.add(rule.rule)
    return tuple(rules)


def _rule(part: Part) -> Rule:
    name, kind = part.text("rule"), part.text("kind")
    if kind in LATER_KINDS:
        raise part.wrong("kind", f"'{kind}' cannot be settled by this version; it settles {', '.join(KINDS)}")
    if kind not in KINDS:
        raise part.wrong("kind", f"unknown kind '{kind}'{nearest(kind, (*KINDS, *LATER_KINDS))}")
    rule = KINDS[kind](part, name, _title(part))
    part.done()
    return rule


def _ask(part: Part) -> tuple[Ask, Asked]:
    """A measure: its name alone, or an object with ``name`` and parameters."""
    written = part.need("measure")
    inner = Part({"name": written}, (*part.path, "measure")) if isinstance(written, str) else part.part("measure")
    name = inner.choice("name", tuple(MEASURES))
    asked = MEASURES[name]
    ask = Ask(name, asked.params(inner))
    inner.done()
    return ask, asked


def _per_event(part: Part, name: str, title: Title) -> PerEvent:
    ask, asked = _ask(part)
    if asked.ratio:
        raise part.wrong("measure", f"'{ask.name}' is a ratio; per_event needs something that is counted")
    sign = -1 if part.choice("effect", ("deduct", "pay"), "deduct") == "deduct" else 1
    if not asked.classes:
        return PerEvent(name, title, ask, (("", sign * part.number("amount")),))
    amounts = part.part("amounts")
    pairs = tuple((each, sign * amounts.number(each)) for each in asked.classes)
    amounts.done()
    return PerEvent(name, title, ask, pairs)


def _unit_price(part: Part, name: str, title: Title) -> UnitPrice:
    sign = -1 if part.choice("effect", ("deduct", "pay"), "pay") == "deduct" else 1
    amount = sign * part.number("amount")
    if part.has("quantity") == part.has("measure"):
        raise part.wrong("", "a unit_price needs either a 'quantity' or a 'measure'")
    if part.has("quantity"):
        return UnitPrice(name, title, amount, quantity=part.number("quantity"))
    ask, asked = _ask(part)
    if asked.ratio or asked.classes:
        raise part.wrong("measure", f"'{ask.name}' is not one count; unit_price needs one")
    return UnitPrice(name, title, amount, ask=ask)


def _kpi_score(part: Part, name: str, title: Title) -> KpiScore:
    items = tuple(_item(each) for each in part.parts("items"))
    if sum(item.target.points for item in items) != FULL_SCORE:
        raise part.wrong("items", f"their points have to add up to {FULL_SCORE}")
    if len({item.item for item in items}) < len(items):
        raise part.wrong("items", "two items have the same name")
    pool = part.part("pool")
    amount, agents = pool.number("amount"), pool.whole("agents", low=1)
    pool.done()
    shortfall = _shortfall(part.part("shortfall"))
    bonus_from = part.number("bonus_from", Decimal(FULL_SCORE))
    if bonus_from <= shortfall.limit:
        raise part.wrong("shortfall", f"a total cannot earn a bonus (from {bonus_from}) and a deduction at once")
    return KpiScore(
        rule=name,
        title=title,
        items=items,
        pool=amount,
        pool_agents=agents,
        fee=part.number("fee"),
        shortfall=shortfall,
        bonus=Bonus(part.choice("bonus", tuple(Bonus), Bonus.EXCESS)),
        bonus_from=bonus_from,
        steps=Steps(part.choice("steps", tuple(Steps), Steps.PROPORTIONAL)),
        extras=_extras(part),
    )


def _extras(part: Part) -> tuple[tuple[str, Decimal], ...]:
    if not part.has("extras"):
        return ()
    extras = part.part("extras")
    return tuple((rule, extras.number(rule)) for rule in sorted(extras.values))


def _shortfall(part: Part) -> Shortfall:
    if part.has("at_or_below") == part.has("below"):
        raise part.wrong("", "a shortfall begins either 'at_or_below' or 'below' a total")
    inclusive = part.has("at_or_below")
    limit = part.number("at_or_below" if inclusive else "below", high=FULL_SCORE)
    rate = None if part.need("take") == "proportional" else part.percent("take")
    part.done()
    return Shortfall(limit, inclusive, rate)


def _item(part: Part) -> KpiItem:
    name, title = part.text("item"), _title(part)
    ask, asked = _ask(part)
    if not asked.ratio:
        raise part.wrong("measure", f"'{ask.name}' is a count; a KPI item needs a ratio")
    target = part.percent("target") if asked.percent else part.number("target", high=FULL_SCORE)
    points, loss = part.number("points", high=FULL_SCORE), part.number("loss", high=FULL_SCORE)
    empty = _if_empty(part, points, full=asked.full_if_empty)
    part.done()
    return KpiItem(name, title, ask, Target(points, target, loss, asked.percent), empty)


def _if_empty(part: Part, points: Decimal, *, full: bool) -> Decimal | None:
    """Points where there is nothing to divide by: ``full``, ``stop`` (no statement is made) or a number of points."""
    if not part.has("if_empty"):
        return points if full else None
    written = part.need("if_empty")
    if written in ("full", "stop"):
        return points if written == "full" else None
    return part.number("if_empty", high=int(points))


KINDS: dict[str, Callable[[Part, str, Title], Rule]] = {
    "per_event": _per_event,
    "unit_price": _unit_price,
    "kpi_score": _kpi_score,
}
"""Rule kind → its reader. A new kind needs a reader here, a value in ``domain.rules`` and a settler in ``domain.settling``."""
