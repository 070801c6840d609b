"""The data of a report's charts; drawing them is the business of the formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from opsledger.domain.calendar import Grain
from opsledger.projections.master.names import NO_NAMES, Names
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Parts, Row, ask, parts_of
from opsledger.projections.metrics.model import Lang, Metric
from opsledger.projections.metrics.query import Question
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import words
from opsledger.projections.reports.codes import CODES, named
from opsledger.projections.reports.model import Chart, ChartKind, ChartPlan
from opsledger.projections.reports.request import Job

MOST_BARS = 15
"""A chart of bars shows this many; the table beside it has all."""
BANDS_MS = tuple(s * 1000 for s in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300))
"""Upper limits of the bands of a distribution; the threshold is one more, and the last band has none."""
WAIT = "wait_ms"
Record = dict[str, str | int | float | None]


def charts_of(job: Job, names: Names = NO_NAMES) -> tuple[Chart, ...]:
    """The charts of a report that have something to show; what a report is narrowed by and a chart's facts do not know
    leaves that chart out. ``names`` are what ids are called."""
    plans = [plan for plan in job.report.charts if _fits(job, plan)]
    made = (_MAKERS[plan.kind](job, plan, names) for plan in plans)
    return tuple(chart for chart in made if chart is not None and chart.data)


def _fits(job: Job, plan: ChartPlan) -> bool:
    wanted = {*job.request.only, *([plan.dimension] if plan.dimension else [])}
    tables = {table for code in plan.metrics for table in job.metric(code).tables}
    return all(name in TABLES[table].dimensions for table in tables for name in wanted)


def _metrics(job: Job, plan: ChartPlan) -> list[Metric]:
    return [job.metric(code) for code in plan.metrics]


def _chart(
    job: Job, plan: ChartPlan, labels: dict[str, str], records: Sequence[Record], target: Decimal | None = None
) -> Chart:
    unit = str(job.metric(plan.metrics[0]).unit)
    return Chart(plan.kind, plan.label.text(job.request.lang), {**labels, "unit": unit}, tuple(records), _number(target))


def _per_interval(job: Job, metrics: Sequence[Metric]) -> list[Record]:
    """A record an interval: per day, of one day per hour; what has no figure is None. Empty where nothing happened."""
    cut = _time(job)
    found = _by_interval(job, metrics, cut)
    if not found:
        return []
    one_day = len(job.request.period.days) == 1
    records: list[Record] = []
    for interval in cut.intervals:
        parts = found.get(interval.number) or [Parts(0, None if m.denominator is None else 0) for m in metrics]
        values = {m.code: _number(p.value(m)) for m, p in zip(metrics, parts, strict=True)}
        title = interval.short(cut.every, job.request.lang, one_day=one_day)
        records.append({"interval": title, "number": interval.number, **values})
    return records


def _time(job: Job) -> Cut:
    one_day = job.request.period.grain is Grain.DAY
    if (
        job.cut is not None
        and job.cut.every in (Every.DAY, Every.HOUR, Every.HALF_HOUR)
        and (one_day or job.cut.every is Every.DAY)
    ):
        return job.cut
    return Cut(job.request.period, Every.HOUR if one_day else Every.DAY)


def _service(job: Job, plan: ChartPlan, _: Names) -> Chart | None:
    metrics = _metrics(job, plan)
    target = job.targets.of("service_level", job.request.only)
    return _chart(job, plan, _labels(job, metrics, "interval"), _per_interval(job, metrics), target)


def _trend(job: Job, plan: ChartPlan, _: Names) -> Chart | None:
    metric = job.metric(plan.metrics[0])
    records = _per_interval(job, [metric])
    if all(record[metric.code] is None for record in records):
        return None
    values = [{**record, "value": record[metric.code]} for record in records]
    labels = _labels(job, [metric], "value") | {
        "better": metric.better.value,
        "target": words.FIELDS["target"].text(job.request.lang),
    }
    return _chart(job, plan, labels, values, job.targets.of(metric.code, job.request.only))


def _by_interval(job: Job, metrics: Sequence[Metric], cut: Cut) -> dict[int, list[Parts]]:
    question = job.question(metrics, (), cut)
    return {int(key[0]): parts_of(metrics, job.asked, question.cells, sums) for key, sums in _ask(job, question)}


def _ask(job: Job, question: Question) -> list[Row]:
    return ask(job.facts, question, job.request.threshold_ms)


def _heat(job: Job, plan: ChartPlan, _: Names) -> Chart | None:
    if job.request.period.grain is Grain.DAY:
        return None
    metrics = _metrics(job, plan)
    cut = Cut(job.request.period, Every.WEEKDAY_HALF_HOUR)
    found = _by_interval(job, metrics, cut)
    records: list[Record] = []
    for interval in sorted(cut.intervals, key=lambda i: i.code):
        weekday, clock = interval.title(cut.every, job.request.lang, one_day=False).split()
        value = found[interval.number][0].value(metrics[0]) if interval.number in found else 0
        records.append({"weekday": weekday, "order": int(interval.code[0]), "hour": clock, "value": _number(value)})
    return _chart(job, plan, _labels(job, metrics, "value"), records) if found else None


def _bars(job: Job, plan: ChartPlan, names: Names) -> Chart | None:
    metrics = _metrics(job, plan)
    question = job.question(metrics, (plan.dimension,))
    rows = _ask(job, question)
    found = [(str(key[0]), parts_of(metrics, job.asked, question.cells, sums)[0].value(metrics[0])) for key, sums in rows]
    largest = sorted(((n, v) for n, v in found if v), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    records: list[Record] = [
        {"name": _called(plan.dimension, code, names, job.request.lang), "value": _number(value), "number": i}
        for i, (code, value) in enumerate(largest)
    ]
    return _chart(job, plan, _labels(job, metrics, "value"), records)


def _called(dimension: str, code: str, names: Names, lang: Lang) -> str:
    if not code:
        return words.NONE.text(lang)
    name = names.of(dimension, code)
    return name if name != code else named(CODES, dimension, code, lang)


def _distribution(job: Job, plan: ChartPlan, _: Names) -> Chart | None:
    metrics, lang = _metrics(job, plan), job.request.lang
    limits = sorted({*BANDS_MS, job.request.threshold_ms} - {0})
    bands = list(zip([None, *limits], [*limits, None], strict=True))
    parts = [_within(m, low, high) for low, high in bands for m in metrics]
    question = job.question(parts)
    ((_key, sums),) = _ask(job, question) or [((), (0,) * len(question.cells))]
    counted = iter(parts_of(parts, job.asked, question.cells, sums))
    records: list[Record] = []
    for number, (low, high) in enumerate(bands):
        counts = {m.code: int(next(counted).numerator or 0) for m in metrics}
        in_time = high is not None and high <= job.request.threshold_ms
        records.append({"band": _band(low, high), "number": number, "in_time": int(in_time), **counts})
    if not any(record[m.code] for record in records for m in metrics):
        return None
    labels = _labels(job, metrics, "band") | {"threshold": words.threshold_text(job.request.threshold_ms, lang)}
    return _chart(job, plan, labels, records)


def _within(metric: Metric, low: int | None, high: int | None) -> Metric:
    """The rows of a metric whose wait lies in (low, high]: its own amount, narrowed, so that no formula is written twice."""
    limits = [f"{WAIT} > {low}"] if low is not None else []
    limits += [f"{WAIT} <= {high}"] if high is not None else []
    where = " AND ".join(part for part in (f"({metric.numerator.where})" if metric.numerator.where else "", *limits) if part)
    return replace(metric, numerator=replace(metric.numerator, where=where), denominator=None)


def _band(low: int | None, high: int | None) -> str:
    """``0–5``, ``5–10``, ``> 300``: seconds."""
    if high is None:
        return f"> {(low or 0) / 1000:g}"
    return f"{(low or 0) / 1000:g}–{high / 1000:g}"


def _labels(job: Job, metrics: Sequence[Metric], first: str) -> dict[str, str]:
    found = {m.code: words.fill(m.label, job.request.threshold_ms, job.request.lang) for m in metrics}
    return {first: found[metrics[0].code], **found}


def _number(value: Decimal | int | None) -> float | None:
    return None if value is None else float(value)


_MAKERS = {
    ChartKind.SERVICE: _service,
    ChartKind.HEAT: _heat,
    ChartKind.BARS: _bars,
    ChartKind.TREND: _trend,
    ChartKind.DISTRIBUTION: _distribution,
}
