"""The layout of the bulletin 简报: headline figures on one page, then the five best and the five worst by a stated rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from opsledger.domain.calendar import Grain, Period
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.metrics.measure import ask, parts_of
from opsledger.projections.metrics.model import Better, Label, Metric
from opsledger.projections.reports import words
from opsledger.projections.reports.indicators import by_metric
from opsledger.projections.reports.layouts import Layout, fits
from opsledger.projections.reports.model import TEXT, Column, Section, Value
from opsledger.projections.reports.request import Job

MOST = 5
"""How many stand in a list of the best, and of the worst; nobody stands in both."""
Figure = Decimal | int | None
Figures = Mapping[str, Sequence[Figure]]
"""Name → the figures of a ranking's metrics."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a ranking is made: by ``metric``, among those with at least so much of ``sample``."""

    dimension: str
    metric: str
    sample: str
    least: Mapping[Grain, int]

    @property
    def codes(self) -> tuple[str, str]:
        """The metrics of the list's columns."""
        return (self.metric, self.sample)


def _least(day: int, week: int, month: int) -> Mapping[Grain, int]:
    return {Grain.DAY: day, Grain.WEEK: week, Grain.MONTH: month}


RULES: Mapping[str, tuple[Rule, ...]] = {
    "agent": (
        Rule("agent", "satisfaction", "surveys_given", _least(3, 5, 10)),
        Rule("agent", "quality_score", "evaluations_approved", _least(2, 2, 3)),
        Rule("agent", "avg_handle", "legs_answered", _least(5, 15, 30)),
    ),
    "queue": (Rule("queue", "service_level", "entries", _least(10, 30, 100)),),
}
"""By dimension, the rules in the order in which they are tried: the first that can rank two or more is taken."""
_TITLES: Mapping[str, tuple[Label, Label]] = {
    "agent": (
        Label("Agents: the {n} best by {metric}", "座席前 {n} 名({metric})"),
        Label("Agents: the {n} that need help by {metric}", "座席后 {n} 名({metric})"),
    ),
    "queue": (
        Label("Queues: the {n} best by {metric}", "技能组前 {n} 名({metric})"),
        Label("Queues: the {n} that need help by {metric}", "技能组后 {n} 名({metric})"),
    ),
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
_STREAMS = {fact.name: fact.stream for fact in FACTS}
_PARTS = ("group", "numerator", "denominator")
_ABSENT = Label(
    "Not on this page, because nothing is on record for them in this period or the one before: {names}.",
    "以下指标本期与上期均无记录,故未列出:{names}。",
)
_RANK = Label("place", "名次")


def bulletin(job: Job) -> Layout:
    """The headline figures with target and change, then a list of the best and one of the worst, of agents and of queues."""
    page = _headlines(job, by_metric(job))
    sections: list[Section] = []
    notes: list[str] = []
    for dimension in RULES:
        found, note = _ranked(job, dimension)
        sections += found
        notes.append(note)
    return replace(page, sections=tuple(sections), notes=(*page.notes, *notes))


def _headlines(job: Job, page: Layout) -> Layout:
    """The figures that there are, without their parts; a note names those that there are not."""
    lang = job.request.lang
    at = {column.name: i for i, column in enumerate(page.columns)}
    kept = [i for i, column in enumerate(page.columns) if column.name not in _PARTS]
    told = [n for n, row in enumerate(page.rows) if row[at["value"]] is not None or row[at["previous"]] is not None]
    shown = [n for n in told if not _silent(job, job.metric(str(page.rows[n][at["metric"]])))]
    new = {old: place for place, old in enumerate(shown)}
    gone = [row for n, row in enumerate(page.rows) if n not in new]
    absent = [str(row[at["indicator"]]) for row in gone if fits(job.metric(str(row[at["metric"]])), job)]
    note = _ABSENT.text(lang).replace("{names}", ("、" if lang == "zh" else ", ").join(absent))
    return replace(
        page,
        columns=tuple(page.columns[i] for i in kept),
        rows=tuple(tuple(page.rows[n][i] for i in kept) for n in shown),
        met={(new[n], name): met for (n, name), met in page.met.items() if n in new},
        notes=(*page.notes, *([note] if absent else [])),
    )


def _silent(job: Job, metric: Metric) -> bool:
    """Whether the ledger holds no event at all of the kind that the figure counts: its zero says nothing."""
    stream = _STREAMS.get(metric.numerator.table)
    return bool(job.facts.positions) and stream is not None and not any(p.startswith(f"{stream}/") for p in job.facts.positions)


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
    columns = _columns(job, rule, metrics, compared=bool(before))
    places = {name: place for place, name in enumerate(order, 1)}
    found = []
    for title, names in zip(_TITLES[rule.dimension], (order[:most], order[: -most - 1 : -1]), strict=True):
        rows = tuple((places[name], name, *_cells(figures[name], before, name)) for name in names)
        told = title.text(job.request.lang).replace("{n}", str(most)).replace("{metric}", _within(columns[2].title))
        found.append(Section(told, columns, rows))
    return found


def _within(title: str) -> str:
    """A title in the middle of a sentence."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _columns(job: Job, rule: Rule, metrics: Sequence[Metric], *, compared: bool) -> tuple[Column, ...]:
    lang = job.request.lang
    first, *others = [words.metric_column(m, job.asked, job.request.threshold_ms, lang) for m in metrics]
    place = Column("place", words.fill(_RANK, 0, lang), TEXT)
    change = Column(f"{first.name}.change", words.fill(words.FIELDS["change"], 0, lang), first.unit)
    return (
        place,
        words.dimension_column(rule.dimension, lang),
        first,
        *((change,) if compared else ()),
        *others,
    )


def _cells(figures: Sequence[Figure], before: Figures, name: str) -> tuple[Value, ...]:
    """A row's figures; where anybody's figure of the period before is known, the first has the change behind it."""
    value, *others = figures
    if not before:
        return (value, *others)
    then = before[name][0] if name in before else None
    return (value, None if value is None or then is None else value - then, *others)


def _note(job: Job, rule: Rule, metrics: Sequence[Metric]) -> str:
    lang, threshold = job.request.lang, job.request.threshold_ms
    named = [_within(words.fill(m.label, threshold, lang)) for m in metrics]
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
