"""How a line of a statement, or one figure of it, was made: the line, its terms and evidence, the rows that were counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsledger.domain.errors import UserError
from opsledger.domain.measures import Measure, Need
from opsledger.domain.rules import KpiScore, PerEvent, Title, award_ask
from opsledger.domain.settling import Line, Stretch
from opsledger.domain.statement import stretches
from opsledger.projections.audit.figures import counted_events, period_of, taken
from opsledger.projections.audit.statements import Settled, settled_month
from opsledger.projections.master.names import names_of
from opsledger.projections.metrics.model import Label
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, profile
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.reports import words
from opsledger.projections.reports.behind import Found, rows_behind
from opsledger.projections.reports.behind_events import COLUMNS, columns_of, of_ids
from opsledger.projections.reports.cells import CellRef
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.listing import MAX_ROWS
from opsledger.projections.reports.model import TEXT, Section
from opsledger.projections.reports.request import Job, checked
from opsledger.projections.reports.statement_tables import (
    LINES,
    Month,
    details_of,
    line_place,
    line_values,
    proof_of,
    text_of,
)
from opsledger.projections.reports.statement_tables import columns_of as line_columns

_TITLE = Label("How a line was made: {what}", "结算行依据:{what}")
_ROWS = Label("Counted: {what}", "计数明细:{what}")
_TERMS = Label("Terms, version {n}: the rule", "合同版本 {n}:条款")
_LESS = Label(
    "This figure has {count} facts as evidence, {rows} rows are listed: the lines were made from other facts.",
    "该数字的证据为 {count} 条事实,此处列出 {rows} 行:数据不一致。",
)
_NONE = Label("Nothing is counted for this line: its quantity stands in the terms.", "该行不计数:数量见合同条款。")
_RULE = {"name": (TEXT, Label("term", "条目")), "value": (TEXT, Label("value", "内容"))}


@dataclass(frozen=True, slots=True)
class _Piece:
    """One figure of a line: the KPI item or class that it is of, what was asked, and what was measured for whom."""

    name: str
    title: Title
    need: Need
    key: str
    measure: Measure | None


def by_line(job: Job, ref: CellRef) -> Layout:
    """What stands behind a line, or behind one of its items or pieces of evidence. UserError where there is no such line."""
    origin = checked(job.facts, replace(ref.request, lang=job.request.lang))
    settled = settled_month(job.facts, ref.place[1], origin.request.period.name)
    line = _line(settled, ref.place)
    held = {(s.rule.rule, s.first): s for s in stretches(settled.contract, settled.statement.month)}
    pieces = list(_pieces(settled, held[line.rule, line.first], line))
    which = ref.place[-1] or ref.item
    if not which:
        return _whole(origin, settled, line, pieces)
    return _one(origin, settled, line, _chosen(pieces, which))


def _line(settled: Settled, place: tuple[str, ...]) -> Line:
    for line in settled.statement.lines:
        if line_place(settled.statement, line)[:6] == place[:6]:
            return line
    raise UserError(f"the statement of contract '{place[1]}' for {settled.statement.month} has no such line any more")


def _chosen(pieces: list[_Piece], which: str) -> _Piece:
    proved = [piece for piece in pieces if piece.measure is not None]
    found = [p for p in pieces if p.name == which] or [p for n, p in enumerate(proved) if which == f"#{n}"]
    if not found:
        raise UserError(
            f"this line has no figure '{which}'; it has: {', '.join(p.name for p in pieces if p.name) or 'one alone'}"
        )
    return found[0]


def _pieces(settled: Settled, stretch: Stretch, line: Line) -> Iterator[_Piece]:
    """The figures of a line, in the order of its evidence."""
    rule = stretch.rule
    if isinstance(rule, KpiScore):
        for item in rule.items:
            need = stretch.need(item.ask)
            found = settled.measures[need]
            yield _Piece(item.item, item.title, need, line.party_id, found.get(line.party_id, found.get("")))
        for name, _ in rule.extras:
            need = stretch.need(award_ask(name))
            measure = settled.measures[need].get(line.party_id)
            if measure is not None:
                yield _Piece("extras", Title(name, name), need, line.party_id, measure)
    elif rule.ask is not None:
        need, key = stretch.need(rule.ask), line.part if isinstance(rule, PerEvent) else ""
        yield _Piece("", line.title, need, key, settled.measures[need][key])


def _whole(job: Job, settled: Settled, line: Line, pieces: list[_Piece]) -> Layout:
    lang, made = job.request.lang, replace(settled.statement, lines=(line,))
    month = Month((made,), (), names_of(job.facts.engine, job.facts.tenant, job.request.period.stop))
    listed = [(piece, _rows(job, settled, piece)) for piece in pieces if piece.measure is not None]
    sections = [Section(_said(_ROWS, text_of(p.title, lang), job), *_body(f.section)) for p, f in listed]
    return Layout(
        columns=line_columns(LINES, lang, made.currency),
        rows=(line_values(line, month.names, lang),),
        notes=() if listed else (_NONE.text(lang),),
        breaches=_breaches([f for _, f in listed]),
        sections=(*details_of(month, lang), *proof_of(month, lang), *_terms(job, settled, line), *sections),
        parameters=_about(settled, line, job),
        title=_said(_TITLE, text_of(line.title, lang), job),
        places=(line_place(made, line),),
    )


def _one(job: Job, settled: Settled, line: Line, piece: _Piece) -> Layout:
    """The rows of one figure: the terms that asked for it below them."""
    found, lang = _rows(job, settled, piece), job.request.lang
    told = f"{text_of(line.title, lang)} · {text_of(piece.title, lang)}" if piece.name else text_of(line.title, lang)
    return Layout(
        found.section.columns,
        found.section.rows,
        found.section.totals,
        warnings=() if found.complete else (words.counted("cut", MAX_ROWS, lang),),
        breaches=_breaches([found]),
        sections=tuple(_terms(job, settled, line)),
        parameters=_about(settled, line, job),
        title=_said(_TITLE, told, job),
    )


def _body(section: Section) -> tuple[Any, Any, Any]:
    return section.columns, section.rows, section.totals


def _breaches(found: list[Found]) -> tuple[tuple[int, str], ...]:
    return tuple((1, breach) for each in found for breach in each.breaches)


def _rows(job: Job, settled: Settled, piece: _Piece) -> Found:
    """The rows that a figure was counted from: as many as its evidence says."""
    how = taken(piece.need.ask, piece.key)
    if how is None:
        stream, ids = counted_events(settled.facts, piece.need, settled.desk, piece.key)
        rows, _ = of_ids(settled.facts, ids, (stream,))
        section = Section("", columns_of(COLUMNS, job.request.lang), tuple(rows[:MAX_ROWS]))
        return _proved(job, piece, Found(section, len(rows) <= MAX_ROWS, ()))
    own = {how.by: (piece.key,)} if how.by else {}
    metric = profile(DEFAULT_PROFILE).metric(how.code)
    only = {**how.filters(piece.need, settled.desk), **own}
    question = Question(cells_of([metric], None), period_of(piece.need, settled.desk), (), None, only)
    asked = replace(job, facts=settled.facts, request=replace(job.request, threshold_ms=how.threshold_ms))
    return _proved(job, piece, rows_behind(asked, metric, question, None))


def _proved(job: Job, piece: _Piece, found: Found) -> Found:
    count = piece.measure.evidence.count if piece.measure else 0
    rows = len(found.section.rows)
    if not found.complete or rows == count:
        return found
    text = _LESS.text(job.request.lang).replace("{count}", str(count)).replace("{rows}", str(rows))
    return replace(found, breaches=(*found.breaches, text))


def _terms(job: Job, settled: Settled, line: Line) -> Iterator[Section]:
    """The rule as the contract's terms have it, a row a term, of each version that held."""
    for version in settled.contract.versions:
        for rule in version.terms.get("rules", ()) if version.number in line.versions else ():
            if rule.get("rule") == line.rule:
                title = _TERMS.text(job.request.lang).replace("{n}", str(version.number))
                yield Section(title, columns_of(_RULE, job.request.lang), tuple(_flat("", rule)))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{name}[{number}]", inner)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _about(settled: Settled, line: Line, job: Job) -> dict[str, str]:
    made = settled.statement
    return {
        "of_report": job.report.label.text(job.request.lang),
        "contract": f"{made.contract} · {text_of(made.title, job.request.lang)}",
        "terms": ", ".join(map(str, line.versions)),
        "line": f"{line.rule} · {text_of(line.title, job.request.lang)}",
        "days": f"{line.first} – {line.last}",
        "whom": line.party_id,
        "currency": made.currency,
        "digest": made.digest,
    }


def _said(label: Label, what: str, job: Job) -> str:
    return label.text(job.request.lang).replace("{what}", what)
