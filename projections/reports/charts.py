"""The data of a report's charts; drawing them is the business of the formats."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Parts, ask, parts_of
from opsledger.projections.metrics.model import Metric
from opsledger.projections.reports import words
from opsledger.projections.reports.codes import CODES, named
from opsledger.projections.reports.model import Chart, ChartKind, ChartPlan
from opsledger.projections.reports.request import Job

MOST_BARS = 15
"""A chart of bars shows this many; the table beside it has all."""
Record = dict[str, str | int | float | None]


def charts_of(job: Job) -> tuple[Chart, ...]:
    """The charts of a report that have something to show."""
    made = (_MAKERS[plan.kind](job, plan) for plan in job.report.charts)
    return tuple(chart for chart in made if chart is not None and chart.data)


def _service(job: Job, plan: ChartPlan) -> Chart | None:
    fallback = Every.HOUR if job.request.period.grain is Grain.DAY else Every.DAY
    cut = job.cut or Cut(job.request.period, fallback)
    metrics = [job.metric(code) for code in plan.metrics]
    found = _by_interval(job, metrics, cut)
    if not found:
        return None
    one_day = len(job.request.period.days) == 1
    records: list[Record] = []
    for interval in cut.intervals:
        parts = found.get(interval.number) or [Parts(0, None if m.denominator is None else 0) for m in metrics]
        values = {m.code: _number(p.value(m)) for m, p in zip(metrics, parts, strict=True)}
        title = interval.short(cut.every, job.request.lang, one_day=one_day)
        records.append({"interval": title, "number": interval.number, **values})
    target = job.targets.of("service_level", job.request.only)
    return Chart(
        plan.kind, plan.label.text(job.request.lang), _labels(job, metrics, "interval"), tuple(records), _number(target)
    )


def _by_interval(job: Job, metrics: Sequence[Metric], cut: Cut) -> dict[int, list[Parts]]:
    question = job.question(metrics, (), cut)
    rows = ask(job.facts, question, job.request.threshold_ms)
    return {int(key[0]): parts_of(metrics, job.asked, question.cells, sums) for key, sums in rows}


def _heat(job: Job, plan: ChartPlan) -> Chart | None:
    if job.request.period.grain is Grain.DAY:
        return None
    metrics = [job.metric(code) for code in plan.metrics]
    cut = Cut(job.request.period, Every.WEEKDAY_HOUR)
    found = _by_interval(job, metrics, cut)
    records: list[Record] = []
    for interval in sorted(cut.intervals, key=lambda i: i.code):
        weekday, hour = interval.title(cut.every, job.request.lang, one_day=False).split()
        value = found[interval.number][0].value(metrics[0]) if interval.number in found else 0
        records.append({"weekday": weekday, "order": int(interval.code[0]), "hour": hour[:2], "value": _number(value)})
    if not found:
        return None
    return Chart(plan.kind, plan.label.text(job.request.lang), _labels(job, metrics, "value"), tuple(records))


def _bars(job: Job, plan: ChartPlan) -> Chart | None:
    metrics = [job.metric(code) for code in plan.metrics]
    question = job.question(metrics, (plan.dimension,))
    rows = ask(job.facts, question, job.request.threshold_ms)
    found = [(str(key[0]), parts_of(metrics, job.asked, question.cells, sums)[0].value(metrics[0])) for key, sums in rows]
    largest = sorted(((n, v) for n, v in found if v), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    none = words.NONE.text(job.request.lang)
    records: list[Record] = [
        {"name": name or none, "value": _number(value), "number": i} for i, (name, value) in enumerate(largest)
    ]
    return Chart(plan.kind, plan.label.text(job.request.lang), _labels(job, metrics, "value"), tuple(records))


def _named(job: Job, plan: ChartPlan, code: str) -> str:
    return named(CODES, plan.dimension, code, job.request.lang)


def _labels(job: Job, metrics: Sequence[Metric], first: str) -> dict[str, str]:
    found = {m.code: words.fill(m.label, job.request.threshold_ms, job.request.lang) for m in metrics}
    return {first: found[metrics[0].code], **found}


def _number(value: Decimal | int | None) -> float | None:
    return None if value is None else float(value)


_MAKERS = {ChartKind.SERVICE: _service, ChartKind.HEAT: _heat, ChartKind.BARS: _bars}
