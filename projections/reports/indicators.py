"""The layout with a row per metric: value, its parts, and the target or the change against the period before."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from opsledger.projections.master.targets import is_met
from opsledger.projections.metrics.measure import Parts
from opsledger.projections.metrics.model import Metric
from opsledger.projections.metrics.registry import GROUPS
from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import (
    Layout,
    fits,
    identity_breaches,
    overall,
    troubles,
    without_rings,
    without_states,
)
from opsledger.projections.reports.model import Value
from opsledger.projections.reports.reasons import reasons
from opsledger.projections.reports.request import Job


def by_metric(job: Job) -> Layout:
    """A row per metric: its value, parts, target or change against the period before."""
    fit = [m for m in job.metrics if fits(m, job)]
    now = overall(job, fit, job.request.period)
    before = overall(job, fit, job.before) if job.before is not None else {}
    names = ["group", "metric", "indicator", "value", "unit", "numerator", "denominator"]
    names += ["target", "met", *(["previous", "change", "change_rate"] if job.before is not None else [])]
    notes = (*without_rings(job, now), *without_states(job, now), *reasons(fit, now, job.request.lang))
    lines = [_line(job, m, now.get(m.code), before.get(m.code)) for m in job.metrics]
    unfit = words.unfit_note([m for m in job.metrics if m not in fit], job.request.only, job.request.lang)
    return Layout(
        columns=tuple(words.field_column(n, job.request.lang) for n in [*names, "definition"]),
        rows=tuple(lines),
        warnings=troubles(job, now),
        notes=(unfit, *notes),
        breaches=(*identity_breaches(now), *identity_breaches(before)),
        met=_met(names, lines),
    )


def _met(names: Sequence[str], lines: Sequence[tuple[Value, ...]]) -> dict[tuple[int, str], bool]:
    met = names.index("met")
    return {(number, "value"): found for number, line in enumerate(lines) if isinstance(found := line[met], bool)}


def _line(job: Job, metric: Metric, now: Parts | None, before: Parts | None) -> tuple[Value, ...]:
    lang, threshold = job.request.lang, job.request.threshold_ms
    column = words.metric_column(metric, job.asked, threshold, lang)
    value = now.value(metric) if now else None
    group = next(label for label, members in GROUPS.values() if any(m.code == metric.code for m in members))
    ratio = metric.denominator is not None and now is not None
    parts: tuple[Value, ...] = (now.numerator if ratio and now else None, now.denominator if ratio and now else None)
    head = (group.text(lang), metric.code, column.title, value, metric.unit.value, *parts)
    change = () if job.before is None else _change(value, before.value(metric) if before else None)
    return (*head, *_target(job, metric, value), *change, column.definition)


def _change(value: Decimal | int | None, before: Decimal | int | None) -> tuple[Value, ...]:
    if value is None or before is None:
        return before, None, None
    rate = Decimal(value - before) / Decimal(before) if before else None
    return before, value - before, rate


def _target(job: Job, metric: Metric, value: Decimal | int | None) -> tuple[Value, ...]:
    target = job.targets.of(metric.code, job.request.only)
    return target, is_met(metric.code, value, target)
