"""The events behind a thing of a list, and those that a penalty or an award rests on: what a row of a list leads to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Label, Lang
from opsledger.projections.reports import words
from opsledger.projections.reports.cells import CellRef
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.listing import MAX_ROWS, value_of
from opsledger.projections.reports.model import TEXT, TIME, Column, Value
from opsledger.projections.reports.request import Job

COLUMNS: Mapping[str, tuple[str, Label]] = {
    "stream": (TEXT, Label("stream", "事件流")),
    "subject": (TEXT, Label("about", "对象")),
    "type": (TEXT, Label("event", "事件")),
    "occurred_at": (TIME, Label("happened", "发生时间")),
    "recorded_at": (TIME, Label("recorded", "入账时间")),
    "place": (TEXT, Label("place in the log", "日志位置")),
    "event_id": (TEXT, Label("event id", "事件编号")),
    "source": (TEXT, Label("source", "来源")),
    "actor": (TEXT, Label("by", "操作人")),
    "data": (TEXT, Label("data", "内容")),
}
PLACE = "concat(topic, '/', toString(partition), '@', toString(offset))"
"""Where an event stands in the log, as ``opsledger history`` writes it."""
_TITLE = Label("History of {what}", "{what} 的历史")
_PROOF = Label("Evidence of {what}", "{what} 的证据")
_LOOK = Label("The same in a terminal: {command}", "命令行查看:{command}")
_GONE = Label(
    "{n} events that it names are not in the ledger: only their ids stand here.", "所列事件中有 {n} 个不在账本中,仅列编号。"
)
Rows = list[tuple[Value, ...]]


def by_subject(job: Job, ref: CellRef) -> Layout:
    """The events of one thing, each with its place in the log. UserError where nothing is known of it."""
    stream, id_ = _named(ref)
    rows = events(job.facts, stream, "subject = {subject:String}", subject=id_)
    if not rows:
        raise UserError(f"nothing is known of {stream} '{id_}' of tenant '{job.facts.tenant}'")
    return _layout(job, _TITLE, f"{stream} {id_}", rows, look(job, stream, id_))


def by_proof(job: Job, ref: CellRef) -> Layout:
    """The events that a penalty or an award names as its evidence, of whatever stream; a row each, found or not."""
    stream, id_ = _named(ref)
    sql = (
        f"SELECT argMin((evidence, sources), (occurred_at, event_id)) FROM `{stream}` WHERE tenant = {{tenant:String}} "
        "AND subject = {subject:String} AND type = {type:String} AND (source, event_id) NOT IN "
        f"(SELECT corrects_source, corrects FROM `{stream}` WHERE tenant = {{tenant:String}} AND subject = {{subject:String}})"
    )
    first = "penalty.assessed" if stream == "penalty" else "award.granted"
    bound = {"tenant": job.facts.tenant, "subject": id_, "type": first}
    (((ids, sources),),) = job.facts.engine.query(sql, parameters=bound).result_rows
    rows, missing = of_ids(job.facts, map(str, ids), STREAMS, _whose(sources))
    gone = (words.fill(_GONE, 0, job.request.lang).replace("{n}", str(missing)),) if missing else ()
    return _layout(job, _PROOF, f"{stream} {id_}", rows, *gone, look(job, stream, id_))


def _whose(sources: str) -> list[str]:
    """The source of each event of the evidence; none where the decision was made before it was kept."""
    return [str(of["source"]) for of in json.loads(sources or "[]") for _ in range(of["events"])]


def of_ids(facts: Facts, ids: Iterable[str], streams: Iterable[str], sources: Sequence[str] = ()) -> tuple[Rows, int]:
    """A row per event id, in order of time; of those that no stream has, the id alone; and how many those are.

    ``sources``, where they are known, say of each id whose event is meant: another source may use it, too.
    """
    wanted = list(dict.fromkeys(ids))
    whose = dict(zip(wanted, sources, strict=False)) if len(sources) == len(wanted) else {}
    found: dict[Value, tuple[Value, ...]] = {}
    for stream in streams if wanted else ():
        for row in events(facts, stream, "event_id IN {ids:Array(UUID)}", ids=wanted):
            if row[7] == whose.get(str(row[6]), row[7]):
                found.setdefault(row[6], row)
    missing = [id_ for id_ in wanted if id_ not in found]
    blank: Rows = [(None, None, None, None, None, None, id_, None, None, None) for id_ in missing]
    return [*sorted(found.values(), key=lambda row: (str(row[3]), str(row[5]))), *blank], len(missing)


def events(facts: Facts, stream: str, condition: str, **bound: Any) -> Rows:
    """The stored events of a stream under a condition (of our own), as the values of ``COLUMNS``, in order of time."""
    sql = (
        f"SELECT '{stream}', subject, type, occurred_at, recorded_at, {PLACE}, toString(event_id), source, actor, "
        f"JSONExtractRaw(payload, 'data') FROM `{stream}` WHERE tenant = {{tenant:String}} AND {condition} "
        "ORDER BY occurred_at, offset, topic, partition LIMIT 1 BY topic, partition, offset LIMIT {limit:UInt64}"
    )
    asked = {"tenant": facts.tenant, "limit": MAX_ROWS, **bound}
    return [tuple(map(value_of, row)) for row in facts.engine.query(sql, parameters=asked).result_rows]


def columns_of(columns: Mapping[str, tuple[str, Label]], lang: Lang) -> tuple[Column, ...]:
    """Columns with their titles in a language."""
    return tuple(Column(name, words.fill(label, 0, lang), str(unit)) for name, (unit, label) in columns.items())


def look(job: Job, stream: str, id_: str) -> str:
    """The sentence that names the command which shows the history of a thing."""
    known = job.facts.as_known_at
    then = f" --as-known-at {known.isoformat()}" if known else ""
    command = f"opsledger history {stream} {shlex.quote(id_)} --tenant {shlex.quote(job.facts.tenant)}{then}"
    return _LOOK.text(job.request.lang).replace("{command}", command)


def _named(ref: CellRef) -> tuple[str, str]:
    _, stream, id_ = ref.place
    allowed = STREAMS if ref.place[0] == "subject" else ("penalty", "award")
    if stream not in allowed:
        raise UserError(f"this reference names no thing of the ledger: '{stream}' is not one of {', '.join(allowed)}")
    return stream, id_


def _layout(job: Job, title: Label, what: str, rows: Rows, *notes: str) -> Layout:
    lang = job.request.lang
    return Layout(
        columns_of(COLUMNS, lang),
        tuple(rows),
        notes=notes,
        title=title.text(lang).replace("{what}", what),
    )
