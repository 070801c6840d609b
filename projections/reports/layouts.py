"""The layout with a row per group: dimensions and interval down, metrics across, totals counted by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from opsledger.domain.calendar import Period
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Parts, Sum, ask, ask_with_whole, parts_of
from opsledger.projections.metrics.model import Metric
from opsledger.projections.metrics.query import Cell, Question, cells_of
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import laws, words
from opsledger.projections.reports.aims import met_of
from opsledger.projections.reports.catalogue import IDENTITY, TROUBLES
from opsledger.projections.reports.lateness import Arrivals, Closings
from opsledger.projections.reports.model import INTERVAL, Column, Section, Value
from opsledger.projections.reports.reasons import reasons
from opsledger.projections.reports.request import Job

Key = tuple[str | int, ...]
Figures = tuple[Decimal | int | None, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The body of a report, with what was found while it was made. ``breaches`` = (law, what is wrong)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    totals: tuple[Value, ...] | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    breaches: tuple[tuple[int, str], ...] = ()
    sections: tuple[Section, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the reader must know of the request besides what every report says."""
    met: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    """As ``Result.met``."""
    places: tuple[tuple[str, ...], ...] = ()
    """As ``Result.places``."""
    late: tuple[Closings, Arrivals] | None = None
    """What was closed of the period and came late to it, where the layout had to ask that of every stream itself."""
    title: str = ""
    """Stands instead of the report's own, where a figure leads to something else than the report lists."""


def by_group(job: Job) -> Layout:
    """A row per combination of dimensions (and interval), a column per metric, and the totals counted by themselves.

    Where the job is compared with another period, each figure has two columns behind it: that period's, and the change.
    """
    now = _side(job, job.request.period)
    before = None if job.before is None else _side(job, job.before)
    there = before.by_key(job) if before is not None else {}
    keys = sorted({**now.by_key(job), **there}, key=lambda key: (*key[1:], key[0]) if job.cut is not None else key)
    rows = tuple((*_names(job, key), *_cells(now, now.by_key(job).get(key), before, there.get(key))) for key in keys)
    totals = (*_blank(job), *_cells(now, now.total, before, before.total if before else None))
    columns = _columns(job)
    return Layout(
        columns=columns,
        rows=rows,
        totals=totals,
        warnings=troubles(job, now.whole),
        notes=(*now.notes, *_unmatched(job, before)),
        breaches=(*now.breaches, *(before.breaches if before is not None else ())),
        met=met_of(job, columns, rows, totals),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """The figures of one period: the period's own, or those that it is compared with."""

    question: Question
    rows: Mapping[Key, Figures]
    total: Figures
    whole: Mapping[str, Parts]
    notes: tuple[str, ...]
    breaches: tuple[tuple[int, str], ...]

    def by_key(self, job: Job) -> Mapping[Key, Figures]:
        """The rows by dimension values (the number of the job's interval first, where time is cut)."""
        if job.cut is None or self.question.cut is None or self.question.cut is job.cut:
            return self.rows
        places = _counterparts(self.question.cut, job.cut)
        return {(places[int(key[0])], *key[1:]): found for key, found in self.rows.items() if int(key[0]) in places}


def _side(job: Job, period: Period) -> _Side:
    cut = job.cut if job.cut is None or period == job.request.period else Cut(period, job.cut.every)
    wanted = _wanted(job, job.metrics)
    question = replace(job.question(job.metrics, job.report.dimensions, cut), period=period, whole=cells_of(wanted, job.asked))
    found, totals = ask_with_whole(job.facts, question, job.request.threshold_ms)
    whole = _by_code(job, wanted, question.every, totals)
    breaches = [(1, breach) for breach in laws.additivity(question.cells, found, totals[: len(question.cells)])]
    breaches += identity_breaches(whole)
    notes = without_states(job, whole)
    empty = [i for i, m in enumerate(job.metrics) if notes and "agent_spans" in m.tables]
    notes = (*notes, *reasons(job.metrics, whole, job.request.lang))
    rows = {key: _figures(job, question, sums, empty) for key, sums in found if any(sums)}
    total = tuple(whole[m.code].value(m) for m in job.metrics)
    return _Side(question, rows, total, whole, notes, tuple(breaches))


def _counterparts(other: Cut, own: Cut) -> dict[int, int]:
    """Number of an interval of the period compared with → that of its counterpart: the same hour of the day or week,
    else the one that comes at the same place."""
    if own.every in (Every.HOUR_OF_DAY, Every.WEEKDAY_HOUR, Every.WEEKDAY_HALF_HOUR):
        numbers = {interval.code: interval.number for interval in own.intervals}
        return {i.number: numbers[i.code] for i in other.intervals if i.code in numbers}
    return {i.number: i.number for i in other.intervals if i.number < len(own.intervals)}


def _unmatched(job: Job, before: _Side | None) -> tuple[str, ...]:
    if job.cut is None or before is None or before.question.cut is None:
        return ()
    lost = len(before.question.cut.intervals) - len(_counterparts(before.question.cut, job.cut))
    return (words.counted("unmatched", lost, job.request.lang),) if lost else ()


def _cells(now: _Side, own: Figures | None, before: _Side | None, other: Figures | None) -> tuple[Value, ...]:
    own = own or _absent(now)
    if before is None:
        return own
    found: list[Value] = []
    for value, then in zip(own, other or _absent(before), strict=True):
        found += (value, then, None if value is None or then is None else value - then)
    return tuple(found)


def _absent(side: _Side) -> Figures:
    """The figures of a row that is not there: counts are none, ratios are empty."""
    return tuple(0 if isinstance(value, int) else None for value in side.total)


def overall(job: Job, metrics: Sequence[Metric], period: Period) -> dict[str, Parts]:
    """Code → parts for a whole period: the metrics asked for, what law 2 needs, and the troubles of the calls counted."""
    wanted = _wanted(job, metrics)
    if not wanted:
        return {}
    question = replace(job.question(wanted), period=period)
    ((_, sums),) = ask(job.facts, question, job.request.threshold_ms)
    return _by_code(job, wanted, question.cells, sums)


def _wanted(job: Job, metrics: Sequence[Metric]) -> list[Metric]:
    codes = (*IDENTITY, *TROUBLES) if _about_calls(job) else ()
    return list(dict.fromkeys([*metrics, *(m for m in map(job.metric, codes) if fits(m, job))]))


def _by_code(job: Job, metrics: Sequence[Metric], cells: Sequence[Cell], sums: Sequence[Sum]) -> dict[str, Parts]:
    return {m.code: p for m, p in zip(metrics, parts_of(metrics, job.asked, cells, sums), strict=True)}


def fits(metric: Metric, job: Job) -> bool:
    """Whether the metric's facts know every dimension that the report is narrowed by."""
    return all(name in TABLES[table].dimensions for table in metric.tables for name in job.request.only)


def _about_calls(job: Job) -> bool:
    """Whether any figure or row of the report comes from calls: then law 2 is to hold, and their troubles are to be told."""
    if job.report.listing is not None and not job.metrics:
        return any(f"FROM {table} " in job.report.listing.text for table in ("calls", "legs"))
    return any(table in ("calls", "legs", "transfers") for m in job.metrics for table in m.tables)


def identity_breaches(whole: Mapping[str, Parts]) -> list[tuple[int, str]]:
    """Breaches of law 2, where the report has queue entries."""
    if not all(code in whole for code in IDENTITY):
        return []
    return [(2, breach) for breach in laws.identity([whole[code].numerator for code in IDENTITY])]


def troubles(job: Job, whole: Mapping[str, Parts]) -> tuple[str, ...]:
    """What is to be said about the calls of the period: open ones, contradictory ones."""
    counts = {code: int(whole[code].numerator or 0) for code in TROUBLES if code in whole}
    return tuple(words.counted(code, n, job.request.lang) for code, n in counts.items() if n)


def _columns(job: Job) -> tuple[Column, ...]:
    lang, threshold = job.request.lang, job.request.threshold_ms
    names = [words.dimension_column(name, lang) for name in job.report.dimensions]
    cut = [words.dimension_column("interval", lang, INTERVAL)] if job.cut is not None else []
    figures = [words.metric_column(m, job.asked, threshold, lang) for m in job.metrics]
    if job.before is not None:
        figures = [c for figure in figures for c in (figure, *words.compared_columns(figure, lang))]
    return (*names, *cut, *figures)


def _names(job: Job, key: Key) -> tuple[Value, ...]:
    return key if job.cut is None else (*key[1:], job.cut.intervals[int(key[0])])


def _blank(job: Job) -> tuple[Value, ...]:
    return (None,) * (len(job.report.dimensions) + (job.cut is not None))


def _figures(job: Job, question: Question, sums: Sequence[Sum], empty: Sequence[int]) -> Figures:
    parts = parts_of(job.metrics, job.asked, question.cells, sums)
    return tuple(None if i in empty else p.value(m) for i, (p, m) in enumerate(zip(parts, job.metrics, strict=True)))


def without_states(job: Job, whole: dict[str, Parts]) -> tuple[str, ...]:
    """Where the source gives no agent states, empties in ``whole`` what is made from them; returns the footnote."""
    signed_in = whole.get("signed_in_time")
    if signed_in is None or signed_in.numerator:
        return ()
    for code in whole:
        if "agent_spans" in job.metric(code).tables:
            whole[code] = Parts(None)
    return (words.NO_STATES.text(job.request.lang),)


def without_rings(job: Job, whole: Mapping[str, Parts]) -> tuple[str, ...]:
    """Says so where agents answered and the source never tells that one was rung."""
    if "kpi_service_level" not in whole or "ring_no_answer_rate" not in whole:
        return ()
    told = whole["ring_no_answer_rate"].denominator or not whole["kpi_service_level"].numerator
    return () if told else (words.NO_RINGS.text(job.request.lang),)
