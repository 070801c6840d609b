"""A value that a report is narrowed by and that nothing on record has: said, with the nearest value that is known."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from opsledger.projections.master.names import KINDS, Names
from opsledger.projections.metrics.measure import ask
from opsledger.projections.metrics.model import Label, Metric
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import DIMENSIONS, TABLES
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.model import INTERVAL, TEXT, TIME
from opsledger.projections.reports.request import Job

_MOST = 5
_UNKNOWN = Label("{dimension} '{value}' is not on record in this period{hint}.", "{dimension}“{value}”本期无记录{hint}。")
_NEAR = Label("; did you mean {names}?", ",是否指 {names}")
_KNOWN = Label("; on record: {names}", ",现有:{names}")


def unknown_values(job: Job, names: Names) -> list[str]:
    """A sentence for each value of a filter that no row of the period has, filters left aside; one question a dimension."""
    found = []
    for dimension, values in job.request.only.items():
        metric = _metric(job, dimension) if dimension in DIMENSIONS else None
        if metric is None:
            continue
        question = replace(job.question([metric], (dimension,)), filters={})
        there = {str(key[0]) for key, _ in ask(job.facts, question, job.request.threshold_ms)}
        known = dict(names.known.get(KINDS.get(dimension, ""), {}))
        found += [
            _told(job, dimension, v, {v: v for v in there if v} | known) for v in values if v and v not in there | set(known)
        ]
    return found


def is_bare(layout: Layout) -> bool:
    """Whether a report shows no figure but nothing and zeros: then a filter may have been misspelt."""
    figures = [i for i, c in enumerate(layout.columns) if c.unit not in (TEXT, TIME, INTERVAL)]
    aims = [i for i in figures if layout.columns[i].name in _AIMS]
    return not any(row[i] for row in layout.rows for i in figures if i not in aims)


_AIMS = ("target", "met")
"""Columns that stand there whether anything happened or not."""


def _metric(job: Job, dimension: str) -> Metric | None:
    """A metric whose facts all know the dimension: of the report's own, else any."""
    return next(
        (m for m in (*job.metrics, *METRICS.values()) if all(dimension in TABLES[t].dimensions for t in m.tables)), None
    )


def _told(job: Job, dimension: str, value: str, known: dict[str, str]) -> str:
    """``known``: value → what it is called."""
    lang = job.request.lang
    called = {name.casefold(): id_ for id_, name in known.items()} | {id_.casefold(): id_ for id_ in known}
    near = list(dict.fromkeys(called[text] for text in get_close_matches(value.casefold(), called, n=2)))
    hint, shown = (_NEAR, near) if near else (_KNOWN, sorted(known)[:_MOST])
    listed = ", ".join(f"'{id_}'" if known[id_] == id_ else f"'{id_}' ({known[id_]})" for id_ in shown)
    further = hint.text(lang).replace("{names}", listed + ("" if near or len(known) <= _MOST else " …")) if shown else ""
    title = DIMENSIONS[dimension].text(lang)
    told = _UNKNOWN.text(lang).replace("{dimension}", title).replace("{hint}", further)
    return told.replace("{value}", value)
