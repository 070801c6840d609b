"""The figures that a statement rests on, with their evidence: ratios are the registry's own, counts come with their events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from opsledger.domain.calendar import Grain, Period, local_midnight
from opsledger.domain.events.complaint import Severity
from opsledger.domain.measures import FEW, Ask, Evidence, Measure, Measures, Need, evidence_of
from opsledger.projections.metrics.measure import DEFAULT_THRESHOLD_MS, Facts, Measured, measure
from opsledger.projections.metrics.measure import Evidence as Base
from opsledger.projections.metrics.query import utc_text
from opsledger.projections.metrics.tables import TABLES

_STREAMS = {"legs": "call", "calls": "call", "complaints": "complaint", "evaluations": "evaluation", "callbacks": "callback"}
_SETTLED_BY = {"calls": "call.surveyed", "complaints": "complaint.adjudicated", "evaluations": "evaluation.approved"}
"""Fact table → the type of the event that put a row among the counted."""
_PARAMETER = re.compile(r"\{(\w+):")


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose figures: the contract's vendor, its zone, and its first local day."""

    contract: str
    vendor: str
    zone: str
    began: date


def figures(facts: Facts, needs: Iterable[Need], desk: Desk) -> Measures:
    """Every figure that is needed. UserError where the registry cannot give one for these queues."""
    return {need: FIGURES[need.ask.name](facts, need, desk) for need in needs}


def period_of(need: Need, desk: Desk) -> Period:
    """The days of a need in the contract's zone."""
    return Period(Grain.MONTH, f"{need.first}/{need.end}", desk.zone, need.first, need.end)


@dataclass(frozen=True, slots=True)
class Taken:
    """How the registry takes a measure: which metric, by agent or of the whole desk, of the terms' queues or of all."""

    code: str
    by: str | None = None
    queues: bool = True
    threshold_ms: int = DEFAULT_THRESHOLD_MS

    def filters(self, need: Need, desk: Desk) -> dict[str, tuple[str, ...]]:
        """The rows that count."""
        return {"vendor": (desk.vendor,), **({"queue": need.queues} if self.queues and need.queues else {})}


def taken(ask: Ask, part: str = "") -> Taken | None:
    """How the registry takes a measure of the terms (of its class ``part``); None where events are counted instead."""
    if ask.name == "service_level":
        code = "kpi_service_level" if ask.param("leave_out") else "service_level"
        return Taken(code, threshold_ms=int(str(ask.param("within_ms"))))
    if ask.name == "complaints_liable":  # a complaint belongs to a vendor, not to a queue
        return Taken(f"liable_{part}", queues=False)
    return _TAKEN.get(ask.name)


_TAKEN: Mapping[str, Taken] = {
    "agents": Taken("legs_answered", by="agent"),
    "calls_answered": Taken("calls_answered"),
    "satisfaction": Taken("satisfaction", by="agent"),
    "quality_score": Taken("quality_score", by="agent", queues=False),
}


def _registry(facts: Facts, need: Need, desk: Desk, part: str = "") -> dict[str, Measure]:
    how = taken(need.ask, part)
    if how is None:
        raise KeyError(need.ask.name)
    filters, period = how.filters(need, desk), period_of(need, desk)
    found = measure(facts, how.code, period, filters, by=how.by, threshold_ms=how.threshold_ms)
    return {key: _measure(facts, each) for key, each in found.items() if key or how.by is None}


def _measure(facts: Facts, found: Measured) -> Measure:
    base = found.evidence
    event_ids = _event_ids(facts, base) if base.count <= FEW else ()
    used = dict.fromkeys(_PARAMETER.findall(base.predicate))
    evidence = Evidence(
        predicate=f"{base.table}: " + " ".join(base.predicate.split()),
        count=base.count,
        digest=base.digest,
        event_ids=tuple(sorted(event_ids, key=str)),
        positions=positions(facts, _STREAMS[base.table]),
        bound=tuple((name, _shown(base.parameters[name])) for name in sorted(used)),
    )
    return Measure(found.numerator, evidence, found.denominator)


def _event_ids(facts: Facts, base: Base) -> Sequence[Any]:
    """The events that settled the facts counted; none for tables where no single event does."""
    if base.table not in _SETTLED_BY or not base.count:
        return ()
    table = TABLES[base.table]
    rows = facts.engine.query(
        f"SELECT `{table.key[0]}` FROM {table.source} WHERE {base.predicate}", base.parameters
    ).result_rows
    asked = {
        "stream": _STREAMS[base.table],
        "tenant": facts.tenant,
        "type": _SETTLED_BY[base.table],
        "subjects": [str(subject) for (subject,) in rows],
    }
    return [event_id for (event_id,) in facts.engine.query(_sql("settling_events"), asked).result_rows]


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def positions(facts: Facts, stream: str) -> tuple[tuple[str, int], ...]:
    """How far the log of a stream was known: (topic/partition, next offset)."""
    return tuple(sorted((at, n) for at, n in facts.positions.items() if at.partition("/")[0] == stream))


def _complaints(facts: Facts, need: Need, desk: Desk) -> dict[str, Measure]:
    return {severity: _registry(facts, need, desk, severity)[""] for severity in get_args(Severity)}


def _callbacks_bound(facts: Facts, need: Need, desk: Desk) -> dict[str, Any]:
    purposes = need.ask.param("purposes")
    day = timedelta(days=1)
    return {
        "tenant": facts.tenant,
        "vendor": desk.vendor,
        "purposes": list(purposes) if isinstance(purposes, tuple) else [],
        "zone": desk.zone,
        "asked_from": utc_text(local_midnight(need.first - day, desk.zone)),
        "asked_to": utc_text(local_midnight(need.end - day, desk.zone)),
        "cutoff": utc_text(facts.cutoff),
    }


def _missed_callbacks(facts: Facts, need: Need, desk: Desk) -> dict[str, Measure]:
    bound = _callbacks_bound(facts, need, desk)
    ids = _callback_ids(facts, bound)
    return {"": Measure(Decimal(len(ids)), _evidence(facts, "missed_callbacks", bound, "callback", ids))}


def _callback_ids(facts: Facts, bound: Mapping[str, Any]) -> list[Any]:
    return [event_id for (event_id,) in facts.engine.query(_sql("missed_callbacks"), bound).result_rows]


def _missed_reports(facts: Facts, need: Need, desk: Desk) -> dict[str, Measure]:
    by_day, report = int(str(need.ask.param("by_day"))), str(need.ask.param("report"))
    due, month = need.first.replace(day=by_day), need.first.replace(day=1) - timedelta(days=1)
    deadline = local_midnight(due + timedelta(days=1), desk.zone)
    bound = {
        "tenant": facts.tenant,
        "vendor": desk.vendor,
        "report": report,
        "period": f"{month:%Y-%m}",
        "deadline": utc_text(deadline),
    }
    asked_for = need.first <= due < need.end and desk.began <= month and deadline <= facts.cutoff
    handed_in = facts.engine.query(_sql("reports_in_time"), bound).result_rows if asked_for else [()]
    evidence = _evidence(facts, "reports_in_time", bound, "report", [])
    return {"": Measure(Decimal(0 if handed_in else 1), evidence)}


def _awards_bound(facts: Facts, need: Need, desk: Desk) -> dict[str, Any]:
    rule, months = str(need.ask.param("rule")), [f"{need.first:%Y-%m}"]
    return {"tenant": facts.tenant, "contract": desk.contract, "rule": rule, "months": months}


def _awards(facts: Facts, need: Need, desk: Desk) -> dict[str, Measure]:
    bound = _awards_bound(facts, need, desk)
    return {
        agent: Measure(Decimal(len(ids)), _evidence(facts, "awards_granted", bound, "award", ids))
        for agent, ids in _award_ids(facts, bound).items()
    }


def _award_ids(facts: Facts, bound: Mapping[str, Any]) -> dict[str, list[Any]]:
    rows = facts.engine.query(_sql("awards_granted"), bound).result_rows
    return {str(agent): list(ids) for agent, ids in rows}


def counted_events(facts: Facts, need: Need, desk: Desk, agent: str) -> tuple[str, list[str]]:
    """Stream and ids of all events that a measure counts which the registry does not take; none where one is missed."""
    if need.ask.name == "callbacks_missed":
        return "callback", list(map(str, _callback_ids(facts, _callbacks_bound(facts, need, desk))))
    if need.ask.name == "awards_granted":
        return "award", list(map(str, _award_ids(facts, _awards_bound(facts, need, desk)).get(agent, [])))
    return "report", []


def _evidence(facts: Facts, name: str, bound: Mapping[str, Any], stream: str, ids: Iterable[Any]) -> Evidence:
    plain = evidence_of(f"{name}.sql", ids, positions(facts, stream))
    shown = tuple((key, _shown(value)) for key, value in sorted(bound.items()))
    return Evidence(plain.predicate, plain.count, plain.digest, plain.event_ids, plain.positions, shown)


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")


Figure = Callable[[Facts, Need, Desk], Mapping[str, Measure]]
FIGURES: Mapping[str, Figure] = {
    "agents": _registry,
    "complaints_liable": _complaints,
    "callbacks_missed": _missed_callbacks,
    "reports_missed": _missed_reports,
    "awards_granted": _awards,
    "calls_answered": _registry,
    "service_level": _registry,
    "satisfaction": _registry,
    "quality_score": _registry,
}
"""Measure of the terms → how it is taken."""
