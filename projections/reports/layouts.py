"""The layout with a row per group: dimensions and interval down, metrics across, totals counted by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from opsledger.domain.calendar import Period
from opsledger.projections.metrics.measure import Parts, Row, Sum, ask, parts_of
from opsledger.projections.metrics.model import Metric
from opsledger.projections.metrics.query import Cell, Question
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import laws, words
from opsledger.projections.reports.catalogue import IDENTITY, TROUBLES
from opsledger.projections.reports.model import INTERVAL, Column, Section, Value
from opsledger.projections.reports.request import Job


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


def by_group(job: Job) -> Layout:
    """A row per combination of dimensions (and interval), a column per metric, and the totals counted by themselves."""
    question = job.question(job.metrics, job.report.dimensions, job.cut)
    found = ask(job.facts, question, job.request.threshold_ms)
    whole = overall(job, job.metrics, job.request.period)
    breaches = [(1, breach) for breach in laws.additivity(question.cells, found, _sums(job, question, whole))]
    notes = without_states(job, whole)
    empty = [i for i, m in enumerate(job.metrics) if notes and "agent_spans" in m.tables]
    return Layout(
        columns=_columns(job),
        rows=tuple(_row(job, question, row, empty) for row in found if any(row[1])),
        totals=(*_blank(job), *(whole[m.code].value(m) for m in job.metrics)),
        warnings=troubles(job, whole),
        notes=notes,
        breaches=(*breaches, *identity_breaches(whole)),
    )


def overall(job: Job, metrics: Sequence[Metric], period: Period) -> dict[str, Parts]:
    """Code → parts for a whole period: the metrics asked for, what law 2 needs, and the troubles of the calls counted."""
    codes = (*(IDENTITY if "entries" in job.report.metrics else ()), *(TROUBLES if _about_calls(job) else ()))
    wanted = list(dict.fromkeys([*metrics, *(m for m in map(job.metric, codes) if fits(m, job))]))
    question = replace(job.question(wanted), period=period)
    ((_, sums),) = ask(job.facts, question, job.request.threshold_ms)
    parts = parts_of(wanted, job.asked, question.cells, sums)
    return {m.code: p for m, p in zip(wanted, parts, strict=True)}


def fits(metric: Metric, job: Job) -> bool:
    """Whether the metric's facts know every dimension that the report is narrowed by."""
    return all(name in TABLES[table].dimensions for table in metric.tables for name in job.request.only)


def _about_calls(job: Job) -> bool:
    return not job.metrics or any(table in ("calls", "legs", "transfers") for m in job.metrics for table in m.tables)


def identity_breaches(whole: Mapping[str, Parts]) -> list[tuple[int, str]]:
    """Breaches of law 2, where the report has queue entries."""
    if not all(code in whole for code in IDENTITY):
        return []
    return [(2, breach) for breach in laws.identity([whole[code].numerator for code in IDENTITY])]


def troubles(job: Job, whole: Mapping[str, Parts]) -> tuple[str, ...]:
    """What is to be said about the calls of the period: open ones, contradictory ones."""
    counts = {code: int(whole[code].numerator or 0) for code in TROUBLES if code in whole}
    return tuple(words.counted(code, n, job.request.lang) for code, n in counts.items() if n)


def _sums(job: Job, question: Question, whole: Mapping[str, Parts]) -> list[Sum]:
    """The totals in the order of the question's cells."""
    at: dict[Cell, Sum] = {}
    for metric in job.metrics:
        parts = whole[metric.code]
        cells = [Cell(amount, metric.under(job.asked)) for amount in metric.amounts]
        at |= dict(zip(cells, (parts.numerator, parts.denominator), strict=False))
    return [at[cell] for cell in question.cells]


def _columns(job: Job) -> tuple[Column, ...]:
    lang, threshold = job.request.lang, job.request.threshold_ms
    names = [words.dimension_column(name, lang) for name in job.report.dimensions]
    cut = [words.dimension_column("interval", lang, INTERVAL)] if job.cut is not None else []
    return (*names, *cut, *(words.metric_column(m, job.asked, threshold, lang) for m in job.metrics))


def _row(job: Job, question: Question, row: Row, empty: Sequence[int]) -> tuple[Value, ...]:
    key, sums = row
    if job.cut is not None:
        key = (*key[1:], key[0])
    shown: list[Value] = list(key)
    if job.cut is not None:
        shown[-1] = job.cut.intervals[int(key[-1])]
    figures = _figures(job, question, sums)
    return (*shown, *(None if i in empty else f for i, f in enumerate(figures)))


def _blank(job: Job) -> tuple[Value, ...]:
    return (None,) * (len(job.report.dimensions) + (job.cut is not None))


def _figures(job: Job, question: Question, sums: Sequence[Sum]) -> list[Value]:
    parts = parts_of(job.metrics, job.asked, question.cells, sums)
    return [p.value(m) for p, m in zip(parts, job.metrics, strict=True)]


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
