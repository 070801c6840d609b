"""The layout of the bulletin 简报: headline figures on one page, then the five best and the five worst by a stated rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from opsledger.domain.calendar import Grain, Period
from opsledger.projections.metrics.measure import ask, parts_of
from opsledger.projections.metrics.model import Better, Label, Metric, Unit
from opsledger.projections.reports import words
from opsledger.projections.reports.indicators import by_metric
from opsledger.projections.reports.layouts import Layout, fits
from opsledger.projections.reports.model import Column, Section, Value
from opsledger.projections.reports.request import Job

MOST = 5
"""How many stand in a list of the best, and of the worst; nobody stands in both."""
Figure = Decimal | int | None
Figures = Mapping[str, Sequence[Figure]]
"""Name → the figures of a ranking's metrics."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a ranking is made: by ``metric``, among those with at least so much of ``sample``; ``beside`` is shown as well."""

    dimension: str
    metric: str
    sample: str
    least: Mapping[Grain, int]
    beside: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The metrics of the list's columns."""
        return (self.metric, self.sample, *self.beside)


def _least(day: int, week: int, month: int) -> Mapping[Grain, int]:
    return {Grain.DAY: day, Grain.WEEK: week, Grain.MONTH: month}


RULES: Mapping[str, tuple[Rule, ...]] = {
    "agent": (
        Rule("agent", "satisfaction", "surveys_given", _least(5, 10, 20), ("legs_answered", "avg_handle")),
        Rule("agent", "quality_score", "evaluations_approved", _least(2, 2, 3), ("legs_answered", "avg_handle")),
        Rule("agent", "avg_handle", "legs_answered", _least(5, 15, 30), ("transfer_rate",)),
    ),
    "queue": (Rule("queue", "service_level", "entries", _least(10, 30, 100), ("answer_rate", "abandon_rate", "asa")),),
}
"""By dimension, the rules in the order in which they are tried: the first that can rank two or more is taken."""
_TITLES: Mapping[str, tuple[Label, Label]] = {
    "agent": (Label("Agents: the {n} best", "座席前 {n} 名"), Label("Agents: the {n} that need help", "座席后 {n} 名")),
    "queue": (Label("Queues: the {n} best", "技能组前 {n} 名"), Label("Queues: the {n} that need help", "技能组后 {n} 名")),
}
_RULE = Label(
    "{what} are ranked by {metric} ({order}) among those with at least {least} of: {sample}; equal ones by the larger number.",
    "{what}按“{metric}”排名({order}),仅限“{sample}”不少于 {least} 者;相同者以数量多者为先。",
)
_NONE = Label(
    "No ranking of {what}: fewer than two have enough on record in this period.",
    "{what}未排名:本期样本足够者不足两个。",
)
_WHAT: Mapping[str, Label] = {"agent": Label("Agents", "座席"), "queue": Label("Queues", "技能组")}
_ORDER: Mapping[Better, Label] = {
    Better.HIGHER: Label("the highest first", "由高到低"),
    Better.LOWER: Label("the lowest first", "由低到高"),
}
_RANK = Label("place", "名次")


def bulletin(job: Job) -> Layout:
    """The headline figures with target and change, then a list of the best and one of the worst, of agents and of queues."""
    page = by_metric(job)
    sections: list[Section] = []
    notes: list[str] = []
    for dimension in RULES:
        found, note = _ranked(job, dimension)
        sections += found
        notes.append(note)
    return replace(page, sections=tuple(sections), notes=(*page.notes, *notes))


def _ranked(job: Job, dimension: str) -> tuple[list[Section], str]:
    """Both lists of a dimension, with the sentence that says how they were made."""
    lang = job.request.lang
    for rule in RULES[dimension]:
        metrics = [job.metric(code) for code in rule.codes]
        if not all(fits(metric, job) for metric in metrics):
            continue
        figures = _figures(job, rule, metrics, job.request.period)
        order = _order(rule, metrics[0], figures, rule.least[_span(job.request.period)])
        if len(order) > 1:
            return _sections(job, rule, metrics, figures, order), _note(job, rule, metrics)
    return [], _NONE.text(lang).replace("{what}", _WHAT[dimension].text(lang))


def _span(period: Period) -> Grain:
    """The grain whose minimum sample holds for a period."""
    return Grain(period.grain)


def _figures(job: Job, rule: Rule, metrics: Sequence[Metric], period: Period) -> Figures:
    question = replace(job.question(metrics, (rule.dimension,)), period=period)
    rows = ask(job.facts, question, job.request.threshold_ms)
    return {
        str(key[0]): [p.value(m) for p, m in zip(parts_of(metrics, job.asked, question.cells, sums), metrics, strict=True)]
        for key, sums in rows
        if key[0]
    }


def _order(rule: Rule, metric: Metric, figures: Figures, least: int) -> list[str]:
    """Those with a large enough sample, the best first."""
    sign = -1 if metric.better is Better.HIGHER else 1
    ranked = [(sign * value, -sample, name) for name, (value, sample, *_) in figures.items() if _enough(value, sample, least)]  # type: ignore[operator]  # _enough: neither is None
    return [name for *_, name in sorted(ranked)]


def _enough(value: Figure, sample: Figure, least: int) -> bool:
    return value is not None and sample is not None and sample >= least


def _sections(job: Job, rule: Rule, metrics: Sequence[Metric], figures: Figures, order: Sequence[str]) -> list[Section]:
    most = min(MOST, len(order) // 2)
    before = _figures(job, rule, metrics[:1], job.before) if job.before is not None else {}
    columns = _columns(job, rule, metrics)
    places = {name: place for place, name in enumerate(order, 1)}
    found = []
    for title, names in zip(_TITLES[rule.dimension], (order[:most], order[: -most - 1 : -1]), strict=True):
        rows = tuple(_row(places[name], name, figures[name], before.get(name)) for name in names)
        found.append(Section(title.text(job.request.lang).replace("{n}", str(most)), columns, rows))
    return found


def _columns(job: Job, rule: Rule, metrics: Sequence[Metric]) -> tuple[Column, ...]:
    lang = job.request.lang
    first, *others = [words.metric_column(m, job.asked, job.request.threshold_ms, lang) for m in metrics]
    place = Column("place", words.fill(_RANK, 0, lang), Unit.COUNT.value)
    return (place, words.dimension_column(rule.dimension, lang), first, *words.compared_columns(first, lang), *others)


def _row(place: int, name: str, figures: Sequence[Figure], before: Sequence[Figure] | None) -> tuple[Value, ...]:
    value, *others = figures
    then = before[0] if before else None
    change = value - then if value is not None and then is not None else None
    return (place, name, value, then, change, *others)


def _note(job: Job, rule: Rule, metrics: Sequence[Metric]) -> str:
    lang, threshold = job.request.lang, job.request.threshold_ms
    named = [words.fill(m.label, threshold, lang) for m in metrics[:2]]
    told = {
        "what": _WHAT[rule.dimension].text(lang),
        "metric": named[0],
        "order": _ORDER[metrics[0].better].text(lang),
        "least": str(rule.least[_span(job.request.period)]),
        "sample": named[1],
    }
    text = _RULE.text(lang)
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value)
    return text
