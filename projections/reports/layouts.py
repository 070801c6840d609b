"""The layout with a row per group: dimensions and interval down, metrics across, totals counted by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsledger.projections.metrics.measure import Parts, Row, Sum, ask, parts_of
from opsledger.projections.metrics.model import Metric
from opsledger.projections.metrics.query import Cell, Question, cells_of
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports import laws, words
from opsledger.projections.reports.catalogue import IDENTITY
from opsledger.projections.reports.model import INTERVAL, Column, Value
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


def by_group(job: Job) -> Layout:
    """A row per combination of dimensions (and interval), a column per metric, and the totals counted by themselves."""
    question = job.question(job.metrics, job.report.dimensions, job.cut)
    found = ask(job.facts, question, job.request.threshold_ms)
    totals = _totals(job)
    sums = totals[: len(question.cells)]
    breaches = [(1, b) for b in laws.additivity(question.cells, found, sums)] + identity_breaches(job, job.metrics, totals)
    filled = [row for row in found if any(row[1])]
    return Layout(
        columns=_columns(job),
        rows=tuple(_row(job, question, row) for row in filled),
        totals=(*_blank(job), *_figures(job, question, sums)),
        notes=no_states(job, dict(zip(job.report.metrics, _parts(job, question, sums), strict=True))),
        breaches=tuple(breaches),
    )


def _totals(job: Job) -> tuple[Sum, ...]:
    """The sums of the whole period, and behind them those of law 2 where it applies."""
    ((_, sums),) = ask(job.facts, job.question([*job.metrics, *identity_metrics(job)]), job.request.threshold_ms)
    return sums


def identity_metrics(job: Job) -> list[Metric]:
    """What law 2 needs beside the report's own metrics; nothing where the report has no queue entries."""
    return [METRICS[code] for code in IDENTITY] if "entries" in job.report.metrics else []


def identity_breaches(job: Job, metrics: Sequence[Metric], totals: Sequence[Sum]) -> list[tuple[int, str]]:
    """Breaches of law 2 in the sums of ``metrics`` followed by ``identity_metrics``."""
    law = identity_metrics(job)
    at = dict(zip(cells_of([*metrics, *law], job.asked), totals, strict=True))
    parts = [at[Cell(m.numerator, m.under(job.asked))] for m in law]
    return [(2, breach) for breach in laws.identity(parts)] if law else []


def _columns(job: Job) -> tuple[Column, ...]:
    lang, threshold = job.request.lang, job.request.threshold_ms
    names = [words.dimension_column(name, lang) for name in job.report.dimensions]
    cut = [words.dimension_column("interval", lang, INTERVAL)] if job.cut is not None else []
    return (*names, *cut, *(words.metric_column(m, job.asked, threshold, lang) for m in job.metrics))


def _row(job: Job, question: Question, row: Row) -> tuple[Value, ...]:
    key, sums = row
    if job.cut is not None:
        key = (*key[1:], key[0])
    shown: list[Value] = list(key)
    if job.cut is not None:
        shown[-1] = job.cut.intervals[int(key[-1])]
    return (*shown, *_figures(job, question, sums))


def _blank(job: Job) -> tuple[Value, ...]:
    return (None,) * (len(job.report.dimensions) + (job.cut is not None))


def _parts(job: Job, question: Question, sums: Sequence[Sum]) -> list[Parts]:
    return parts_of(job.metrics, job.asked, question.cells, sums)


def _figures(job: Job, question: Question, sums: Sequence[Sum]) -> list[Value]:
    return [p.value(m) for p, m in zip(_parts(job, question, sums), job.metrics, strict=True)]


def no_states(job: Job, parts: Mapping[str, Parts]) -> tuple[str, ...]:
    """Says so where a report shows agents' time and the source gives no agent states."""
    signed_in = parts.get("signed_in_time")
    return (words.NO_STATES.text(job.request.lang),) if signed_in is not None and not signed_in.numerator else ()
