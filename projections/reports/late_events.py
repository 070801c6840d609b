"""Which events changed a report: those that came in between two moments and whose subjects stand in the changed rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from opsledger.projections.facts.tables import FACTS
from opsledger.projections.metrics.intervals import Cut
from opsledger.projections.metrics.measure import Facts, bindings
from opsledger.projections.metrics.model import Label, Lang, Unit
from opsledger.projections.metrics.query import Question, branches_of, utc_text
from opsledger.projections.metrics.rows_behind import subjects_sql
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports import words
from opsledger.projections.reports.diff import Change, Key
from opsledger.projections.reports.lateness import streams_of
from opsledger.projections.reports.model import TEXT, TIME, Column, Section, Shape, Value
from opsledger.projections.reports.request import Job
from opsledger.projections.reports.settlement import STREAMS

MAX_EVENTS = 20_000
_STREAM_OF = {fact.subject: fact.stream for fact in FACTS}
"""Column that names a subject → its stream."""
Positions = Mapping[str, int]
"""topic/partition → next offset."""
_COLUMNS: Mapping[str, tuple[str, Label]] = {
    "stream": (TEXT, Label("stream", "事件流")),
    "subject": (TEXT, Label("about", "对象")),
    "type": (TEXT, Label("event", "事件")),
    "occurred_at": (TIME, Label("happened", "发生时间")),
    "recorded_at": (TIME, Label("recorded", "入账时间")),
    "late_ms": (Unit.MS.value, Label("recorded after", "迟到时长")),
    "source": (TEXT, Label("source", "来源")),
    "event_id": (TEXT, Label("event id", "事件编号")),
}


@dataclass(frozen=True, slots=True)
class Between:
    """The events of a ledger from some positions up to others; ``home`` is the ledger's own database."""

    home: str
    tenant: str
    old: Positions
    new: Positions

    def condition(self, stream: str) -> str:
        """The condition on a stream's rows; the numbers are our own, from the journal."""
        parts = []
        for place, end in sorted(self.new.items()):
            name, _, partition = place.rpartition("/")
            if name == stream and end > self.old.get(place, 0):
                parts.append(f"(partition = {int(partition)} AND offset >= {self.old.get(place, 0)} AND offset < {end})")
        return f"tenant = {{tenant:String}} AND ({' OR '.join(parts) or 'false'})"

    def streams(self) -> list[str]:
        """The streams that have such events."""
        grown = [place for place, end in self.new.items() if end > self.old.get(place, 0)]
        return sorted({place.rpartition("/")[0] for place in grown})


def subjects_behind(job: Job, changes: Sequence[Change], between: Between) -> dict[str, set[str]]:
    """Stream → its subjects that have events in between and stand, as the job's facts are, in rows that changed; of a report
    whose rows are no metrics of their own (a statement, the checks), all that have events of the period."""
    if job.report.shape in (Shape.STATEMENT, Shape.KPI, Shape.CHECKS):
        read = streams_of(job) if job.report.shape is Shape.CHECKS else STREAMS
        return {stream: _told_of(job, stream, between) for stream in between.streams() if stream in read}
    if job.report.shape is Shape.LIST or not job.metrics:
        return {}
    keys, codes = {change.key for change in changes}, {change.column.name.partition(".")[0] for change in changes}
    metrics = [m for m in job.metrics if m.code in codes] or list(job.metrics)
    found: dict[str, set[str]] = {}
    for period in (job.request.period, *([job.before] if job.before is not None else [])):
        cut = None if job.cut is None else Cut(period, job.cut.every)
        question = replace(job.question(metrics, job.report.dimensions, cut), period=period)
        for branch in branches_of(question):
            one = replace(question, cells=tuple(question.cells[i] for i in branch))
            for stream, subjects in _behind(job, one, keys, between):
                found.setdefault(stream, set()).update(subjects)
    return found


def _told_of(job: Job, stream: str, between: Between) -> set[str]:
    """The subjects of a stream with events in between that happened in the period."""
    sql = (
        f"SELECT DISTINCT subject FROM `{between.home}`.`{stream}` WHERE {between.condition(stream)} "
        "AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}"
    )
    period = job.request.period
    bound = {"tenant": between.tenant, "start": utc_text(period.start), "stop": utc_text(period.stop)}
    return {str(subject) for (subject,) in job.facts.engine.query(sql, parameters=bound).result_rows}


def _behind(job: Job, question: Question, keys: set[Key], between: Between) -> Iterable[tuple[str, set[str]]]:
    table = TABLES[question.cells[0].amount.table]
    stream = _STREAM_OF.get(table.key[0])
    if stream is None or stream not in between.streams():
        return
    events = f"SELECT subject FROM `{between.home}`.`{stream}` WHERE {between.condition(stream)}"
    sql = subjects_sql(question, f"toString(`{table.key[0]}`) IN ({events})")
    rows = job.facts.engine.query(sql, parameters=bindings(job.facts, question, job.request.threshold_ms)).result_rows
    everywhere = not question.dimensions and question.cut is None
    yield stream, {str(row[0]) for row in rows if everywhere or _key(job, question, row[1:]) in keys}


def _key(job: Job, question: Question, row: Sequence[Any]) -> Key:
    if question.cut is None or job.cut is None:
        return tuple(row)
    number = int(row[0])
    intervals = job.cut.intervals
    return (*row[1:], intervals[number] if number < len(intervals) else None)


def listed_subjects(job: Job, changes: Sequence[Change]) -> dict[str, set[str]]:
    """As ``subjects_behind``, for a list: its rows name their subjects."""
    subjects = {str(change.key[0]) for change in changes if change.key}
    return {stream: set(subjects) for stream in streams_of(job)} if job.report.shape is Shape.LIST else {}


def events_between(facts: Facts, between: Between, subjects: Mapping[str, set[str]], lang: Lang) -> Section:
    """The events in between of some subjects, by when they were recorded: what each is, and how late it came."""
    rows: list[tuple[Value, ...]] = []
    for stream in between.streams():
        if not (wanted := subjects.get(stream)):
            continue
        sql = (
            f"SELECT '{stream}', subject, type, occurred_at, recorded_at, "
            "dateDiff('millisecond', occurred_at, recorded_at), source, toString(event_id) "
            f"FROM `{between.home}`.`{stream}` WHERE {between.condition(stream)} AND subject IN {{subjects:Array(String)}} "
            f"ORDER BY recorded_at, offset LIMIT {MAX_EVENTS}"
        )
        bound = {"tenant": between.tenant, "subjects": sorted(wanted)}
        rows += [tuple(map(_aware, row)) for row in facts.engine.query(sql, parameters=bound).result_rows]
    columns = tuple(Column(name, words.fill(label, 0, lang), unit) for name, (unit, label) in _COLUMNS.items())
    at = list(_COLUMNS).index("recorded_at")
    return Section(words.DIFF["events"].text(lang), columns, tuple(sorted(rows, key=lambda row: (str(row[at]), str(row[-1])))))


def _aware(value: Any) -> Value:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value if isinstance(value, int | str) or value is None else str(value)
