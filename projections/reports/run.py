"""Runs a report: request → checked job → sums → one result with its footer."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from opsledger.projections.master.names import Names, names_of
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.query import DAY_MS, DEFAULT_WINDOW_MS
from opsledger.projections.reports import words
from opsledger.projections.reports.arrange import arranged
from opsledger.projections.reports.bulletin import bulletin
from opsledger.projections.reports.charts import charts_of
from opsledger.projections.reports.completed import completed
from opsledger.projections.reports.data_quality import by_check
from opsledger.projections.reports.empties import empties_note, empty_columns
from opsledger.projections.reports.indicators import by_metric
from opsledger.projections.reports.lateness import Arrivals, Closings, arrivals, closings, streams_of
from opsledger.projections.reports.layouts import Layout, by_group
from opsledger.projections.reports.leads import by_cell
from opsledger.projections.reports.listing import by_fact
from opsledger.projections.reports.model import Footer, Request, Result, Shape
from opsledger.projections.reports.request import Job, checked, uses_threshold, uses_window
from opsledger.projections.reports.settlement import by_kpi, by_statement
from opsledger.projections.reports.unknown import is_bare, unknown_values

_LAYOUTS = {
    Shape.ROWS: by_group,
    Shape.INDICATORS: by_metric,
    Shape.LIST: by_fact,
    Shape.BULLETIN: bulletin,
    Shape.CHECKS: by_check,
    Shape.STATEMENT: by_statement,
    Shape.KPI: by_kpi,
}


def run_report(facts: Facts, request: Request) -> Result:
    """Run a report. UserError for a request that the report cannot honour; see ``Result.ok`` for the laws."""
    job = checked(facts, request)
    layout = by_cell(job) if request.cell is not None else completed(job, arranged(job, _LAYOUTS[job.report.shape](job)))
    names = names_of(facts.engine, facts.tenant, request.period.stop)
    return Result(
        report=job.report.code,
        title=layout.title or job.report.label.text(request.lang),
        group=job.report.group.text(request.lang),
        lang=request.lang,
        period=request.period,
        parameters={**_parameters(job), **layout.parameters},
        columns=layout.columns,
        rows=layout.rows,
        totals=layout.totals,
        footer=_footer(job, layout, names),
        every=None if job.cut is None else job.cut.every,
        charts=charts_of(job, names) if request.charts else (),
        headline=job.report.headline,
        sections=layout.sections,
        names=names,
        met=layout.met,
        request=request,
        places=layout.places,
    )


def _parameters(job: Job) -> dict[str, str]:
    request = job.request
    found = {"tenant": job.facts.tenant, "profile": request.profile}
    if any(m.movable for m in job.metrics):
        found["attribution"] = request.attribution or "default"
    if any(map(uses_threshold, job.metrics)):
        found["threshold_s"] = f"{request.threshold_ms / 1000:g}"
    if any(map(uses_window, job.metrics)):
        found["window_days"] = str(request.window_days or DEFAULT_WINDOW_MS // DAY_MS)
    if job.cut is not None:
        found["interval"] = job.cut.every.value
    if job.before is not None:
        found["compared_with"] = job.before.name
    return found | {name: ", ".join(values) for name, values in request.only.items()}


def _footer(job: Job, layout: Layout, names: Names) -> Footer:
    facts, lang = job.facts, job.request.lang
    breaches = [words.law_breach(law, detail, lang) for law, detail in layout.breaches]
    closed, came = layout.late or _late(job)
    misspelt = unknown_values(job, names) if job.request.only and is_bare(layout) else ()
    return Footer(
        cutoff=facts.cutoff,
        positions=dict(facts.positions),
        refreshed_at=facts.refreshed_at,
        as_known_at=facts.as_known_at,
        closed=closed.closed,
        warnings=(*breaches, *layout.warnings, *misspelt, *_warnings(job, came, empty=not layout.rows)),
        notes=_all_notes(job, layout, came),
        laws_hold=not breaches,
    )


def _late(job: Job) -> tuple[Closings, Arrivals]:
    closed = closings(job.facts, job.request.period)
    return closed, arrivals(job.facts, job.request.period, streams_of(job), closed)


def _warnings(job: Job, came: Arrivals, *, empty: bool) -> list[str]:
    facts, lang, period = job.facts, job.request.lang, job.request.period
    found = []
    if facts.cutoff < period.stop:
        cutoff = facts.cutoff.astimezone(ZoneInfo(period.zone))
        found.append(words.unfinished(f"{cutoff:%Y-%m-%d %H:%M}", lang))
    numbers = {"dead": facts.dead_letters, "late": came.late}
    found += [words.counted(kind, n, lang) for kind, n in numbers.items() if n]
    return [*found, words.NOTHING.text(lang)] if empty else found


def _all_notes(job: Job, layout: Layout, came: Arrivals) -> tuple[str, ...]:
    """Notes of the layout and of the request, and one that names the columns left empty without another reason."""
    backfilled = words.counted("backfill", came.backfilled, job.request.lang) if came.backfilled else ""
    found = [note for note in (*layout.notes, *_notes(job), backfilled) if note]
    tables = ((layout.columns, layout.rows, layout.totals), *((s.columns, s.rows, s.totals) for s in layout.sections))
    empty = dict.fromkeys(column for table in tables for column in empty_columns(*table))
    further = (
        empties_note(empty, found, job.request.lang),
        words.undefined_note(job.profile, job.metrics, job.request.threshold_ms, job.request.lang),
    )
    return (*found, *(note for note in further if note))


def _notes(job: Job) -> list[str]:
    lang, names = job.request.lang, {*job.report.dimensions, *job.request.only}
    found = []
    if job.note is not None:
        found.append(job.note.text(lang))
    if job.asked is not None:
        found.append(words.kept_note(job.metrics, job.asked, job.request.threshold_ms, lang))
    if "team" in names:
        found.append(words.TEAMS.text(lang))
    if "queue" in names and any("calls" in m.tables for m in job.metrics):
        found.append(words.FIRST_QUEUE.text(lang))
    return found
