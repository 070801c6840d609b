"""What stands behind a count of the data quality report: the events, things, records or sources that a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from opsledger.domain.errors import UserError
from opsledger.projections.facts.tables import STREAMS
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.reports import words
from opsledger.projections.reports.behind_events import COLUMNS, Rows, columns_of, events
from opsledger.projections.reports.cells import CellRef
from opsledger.projections.reports.lateness import late_questions
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.listing import MAX_ROWS, value_of
from opsledger.projections.reports.model import TEXT, TIME, Value
from opsledger.projections.reports.quality.findings import Checker
from opsledger.projections.reports.quality.records import CHECKS, check_of
from opsledger.projections.reports.quality.sources import FUTURE_MS
from opsledger.projections.reports.request import Job, checked

_TITLE = Label("Found: {what}", "发现:{what}")
_AT = "(topic, partition, offset)"
_IMPORTS = {
    "source": (TEXT, Label("source", "来源")),
    "file": (TEXT, Label("file", "文件")),
    "read": (Unit.COUNT, Label("records read", "读入记录")),
    "duplicate": (Unit.COUNT, Label("of these known already", "其中已有")),
}
_LETTERS = {
    "letter": (TEXT, Label("dead letter", "死信编号")),
    "source": _IMPORTS["source"],
    "refusal": (TEXT, Label("reason", "原因")),
    "file": _IMPORTS["file"],
    "line": ("number", Label("line", "行号")),
    "first_seen": (TIME, Label("first read", "首次读入")),
    "attempts": (Unit.COUNT, Label("retried", "重试次数")),
    "detail": (TEXT, Label("what is wrong", "说明")),
    "command": (TEXT, Label("look with", "查看命令")),
}
_SOURCES = {
    "source": _IMPORTS["source"],
    "worst": (Unit.MS, Label("worst", "最大")),
    "example": (TEXT, Label("example", "示例")),
}
Columns = Mapping[str, tuple[str, Label]]


def by_finding(job: Job, ref: CellRef) -> Layout:
    """A row per thing that a check found, each with its place in the log (a dead letter: in its file). UserError where there
    is no such check."""
    origin = checked(job.facts, replace(ref.request, lang=job.request.lang))
    _, code, *further = ref.place
    source, part = (further[0] if further else None), (further[1] if len(further) > 1 else None)
    columns, rows, totals = _found(origin, code, source, part)
    lang, label = job.request.lang, check_of(code).label.text(job.request.lang)
    return Layout(
        columns_of(columns, lang),
        tuple(rows[:MAX_ROWS]),
        totals,
        warnings=(words.counted("cut", MAX_ROWS, lang),) if len(rows) > MAX_ROWS else (),
        notes=(check_of(code).meaning.text(lang),) if code in CHECKS else (),
        parameters={"of_report": origin.report.label.text(lang), "check": label, **({"source": source} if source else {})},
        title=_TITLE.text(lang).replace("{what}", label),
    )


def _found(job: Job, code: str, source: str | None, part: str | None) -> tuple[Columns, Rows, tuple[Value, ...] | None]:
    """``part``: the stream of the events, the reason of a refusal."""
    if code in _BY_EVENT:
        rows = [row for row in _BY_EVENT[code](job, code) if part in (None, row[0])]
        anyones = code in ("late", "backfilled")  # they are counted, not told apart by source
        return COLUMNS, [row for row in rows if anyones or source in (None, row[7] or "")], None
    if code in ("dead_open", "dead_settled"):
        return _LETTERS, _letters(job, source, part, settled=code == "dead_settled"), None
    if code == "read_again":
        imports = _rows(job, f"SELECT * FROM ({_inner('imports')}\n) WHERE duplicate > 0 ORDER BY name, file")
        kept = [row for row in imports if source in (None, row[0] or "")]
        return _IMPORTS, kept, (None, None, None, sum(int(str(row[3])) for row in kept))
    if code in ("slow_sources", "silences", "systems_apart"):
        findings = Checker(job.facts, job.request.period).run().findings
        told = [f for f in findings if f.check == code and source in (None, f.source)]
        return _SOURCES, [(f.source, f.worst_ms, f.example or None) for f in told], None
    stream = check_of(code).stream
    if code not in CHECKS and not _is_contradiction(code):
        raise UserError(f"there is no check '{code}'; `opsledger quality` lists them")
    return COLUMNS, [row for row in _things(job, code, stream) if source in (None, row[7] or "")], None


def _is_contradiction(code: str) -> bool:
    """Whether it may be one that the facts know and nobody described: a word, not a text of somebody's own."""
    return code.isidentifier() and len(code) < 100


def _things(job: Job, code: str, stream: str) -> Rows:
    """The things of a stream that a check found, each with its first event: its source is the one that is told."""
    subjects = Checker(job.facts, job.request.period).subjects(code, stream)
    condition = "subject IN {subjects:Array(String)}"
    first: dict[Value, tuple[Value, ...]] = {}
    for row in events(job.facts, stream, condition, subjects=subjects, limit=2**62) if subjects else ():
        first.setdefault(row[1], row)
    return [first.get(subject, (stream, subject, *(None,) * 8)) for subject in subjects]


def _order(job: Job, code: str) -> Rows:
    inner = _inner("order").replace("{tangled}", _text("tangled"))
    inner = inner.replace("toString(source) AS name, subject,", "topic, partition, toString(source) AS name, subject,")
    copies = ">" if code == "stored_twice" else "="
    return _placed(job, f"SELECT {_AT} FROM ({inner}\n) WHERE copy {copies} 1")


def _future(job: Job, _: str) -> Rows:
    inner = _inner("events").replace("SELECT source,", "SELECT topic, partition, offset, source,")
    return _placed(job, f"SELECT {_AT} FROM ({inner}\n) WHERE delay_ms < -{{tolerance_ms:Int64}}")


def _late(job: Job, code: str) -> Rows:
    rows: Rows = []
    for text, bound in late_questions(job.facts, job.request.period):
        body = text[text.index("\nFROM") : text.rindex("GROUP BY")]
        condition = "backfill" if code == "backfilled" else "NOT backfill"
        rows += _placed(job, f"SELECT {_AT} {body} AND {condition}", **bound)
    return rows


def _placed(job: Job, places: str, **more: Any) -> Rows:
    """The events of all streams at the places that a SELECT finds in each, in order of time."""
    bound = {**_bound(job), **more, "limit": MAX_ROWS + 1}
    rows: Rows = []
    for stream in STREAMS:
        found = events(job.facts, stream, f"{_AT} IN ({places.replace('{stream:Identifier}', f'`{stream}`')})", **bound)
        rows += found
    return sorted(rows, key=lambda row: (str(row[3]), str(row[5])))


def _letters(job: Job, source: str | None, reason: str | None, *, settled: bool) -> Rows:
    text = _text("dead_letters")
    body = text[text.index("\nFROM (") : text.rindex("GROUP BY name")]
    sql = (
        "SELECT toString(id), toString(source), toString(reason), file, line, first_seen, tries.attempts, detail, "
        f"tries.settled > 0 {body} ORDER BY first_seen, id"
    )
    found = [row for row in _rows(job, sql) if bool(row[8]) is settled]
    kept = [row for row in found if source in (None, row[1] or "") and reason in (None, row[2] or "")]
    return [(*row[:8], f"opsledger dead-letters show {str(row[0])[:13]}") for row in kept]


def _bound(job: Job) -> Parameters:
    period = job.request.period
    return {
        "tenant": job.facts.tenant,
        "start": utc_text(period.start),
        "stop": utc_text(period.stop),
        "cutoff": utc_text(job.facts.cutoff),
        "tolerance_ms": FUTURE_MS,
    }


def _rows(job: Job, sql: str, **more: Any) -> Rows:
    rows: Iterable[Sequence[Any]] = job.facts.engine.query(sql, parameters={**_bound(job), **more}).result_rows
    return [tuple(map(value_of, row)) for row in rows]


def _inner(name: str) -> str:
    """The rows that a SELECT of the checks counts."""
    text = _text(name)
    return text[text.index("\nFROM\n(") + len("\nFROM\n(") : text.rindex("\n)\n")]


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


_BY_EVENT: Mapping[str, Callable[[Job, str], Rows]] = {
    "stored_twice": _order,
    "out_of_order": _order,
    "future": _future,
    "late": _late,
    "backfilled": _late,
}
"""Checks whose findings are single events."""
