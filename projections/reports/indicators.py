"""The layout with a row per metric: value, its parts, and the target or the change against the period before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from opsledger.domain.calendar import Period
from opsledger.projections.metrics.measure import Parts, Sum, ask, parts_of
from opsledger.projections.metrics.model import Better, Metric
from opsledger.projections.metrics.registry import GROUPS
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import words
from opsledger.projections.reports.layouts import Layout, identity_breaches, identity_metrics, no_states
from opsledger.projections.reports.model import Value
from opsledger.projections.reports.request import Job


def by_metric(job: Job) -> Layout:
    """A row per metric: its value, parts, target or change against the period before."""
    fit = [m for m in job.metrics if _fits(m, job)]
    now, totals = _measured(job, [*fit, *identity_metrics(job)], job.request.period)
    before, _ = _measured(job, fit, job.request.period.previous()) if job.report.previous else ({}, ())
    names = ["group", "metric", "indicator", "value", "unit", "numerator", "denominator"]
    names += ["previous", "change", "change_rate"] if job.report.previous else ["target", "met"]
    lines = [_line(job, m, now.get(m.code), before.get(m.code)) for m in job.metrics]
    unfit = words.unfit_note([m for m in job.metrics if m not in fit], job.request.only, job.request.lang)
    return Layout(
        columns=tuple(words.field_column(n, job.request.lang) for n in [*names, "definition"]),
        rows=tuple(lines),
        notes=(unfit, *no_states(job, now)),
        breaches=tuple(identity_breaches(job, fit, totals)),
    )


def _fits(metric: Metric, job: Job) -> bool:
    return all(name in TABLES[table].dimensions for table in metric.tables for name in job.request.only)


def _measured(job: Job, metrics: Sequence[Metric], period: Period) -> tuple[dict[str, Parts], tuple[Sum, ...]]:
    question = replace(job.question(metrics), period=period)
    ((_, sums),) = ask(job.facts, question, job.request.threshold_ms)
    found = parts_of(metrics, job.asked, question.cells, sums)
    return {m.code: p for m, p in zip(metrics, found, strict=True)}, sums


def _line(job: Job, metric: Metric, now: Parts | None, before: Parts | None) -> tuple[Value, ...]:
    lang, threshold = job.request.lang, job.request.threshold_ms
    column = words.metric_column(metric, job.asked, threshold, lang)
    value = now.value(metric) if now else None
    group = next(label for label, members in GROUPS.values() if metric in members)
    ratio = metric.denominator is not None and now is not None
    parts: tuple[Value, ...] = (now.numerator if ratio and now else None, now.denominator if ratio and now else None)
    head = (group.text(lang), metric.code, column.title, value, metric.unit.value, *parts)
    tail = _change(value, before.value(metric) if before else None) if job.report.previous else _target(job, metric, value)
    return (*head, *tail, column.definition)


def _change(value: Decimal | int | None, before: Decimal | int | None) -> tuple[Value, ...]:
    if value is None or before is None:
        return before, None, None
    rate = Decimal(value - before) / Decimal(before) if before else None
    return before, value - before, rate


def _target(job: Job, metric: Metric, value: Decimal | int | None) -> tuple[Value, ...]:
    target = job.request.targets.get(metric.code)
    if target is None or value is None or metric.better is Better.NONE:
        return target, None
    return target, value >= target if metric.better is Better.HIGHER else value <= target
