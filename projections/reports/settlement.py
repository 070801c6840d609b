"""The layouts of the statement engine: vendor statement and KPI sheet, settled by ``audit.statements`` and shown here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.decisions.contract import ContractState
from opsledger.domain.errors import UserError
from opsledger.domain.rules import KpiScore, Title
from opsledger.domain.settling import Detail, Line
from opsledger.domain.statement import Statement
from opsledger.projections.audit.statements import contract_of, contracts_of_month, settle_month
from opsledger.projections.master.names import Names, names_of
from opsledger.projections.metrics.measure import Facts, measure
from opsledger.projections.metrics.model import Label, Lang, Unit
from opsledger.projections.reports import codes
from opsledger.projections.reports.lateness import arrivals
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.model import TEXT, Column, Section, Value
from opsledger.projections.reports.request import Job

_STREAMS = ("call", "complaint", "callback", "evaluation", "award", "report")
"""What a statement's figures are made from."""
_MONEY = Unit.MONEY.value
_WORDS = {
    "rule": (TEXT, Label("Rule", "条款")),
    "agent": (TEXT, Label("Agent", "座席")),
    "whom": (TEXT, Label("For", "对象")),
    "days": (TEXT, Label("Days", "日期")),
    "terms": (TEXT, Label("Terms, version", "合同版本")),
    "quantity": ("quantity", Label("Quantity", "数量")),
    "unit_amount": ("unit_price", Label("Unit amount", "单价")),
    "amount": (_MONEY, Label("Amount", "金额")),
    "score": (Unit.POINTS.value, Label("Points", "得分")),
    "evidence": (Unit.COUNT.value, Label("Evidence (facts)", "证据(事实数)")),
    "item": (TEXT, Label("Item", "考核项")),
    "numerator": ("exact", Label("Numerator", "分子")),
    "denominator": ("exact", Label("Denominator", "分母")),
    "reached": (TEXT, Label("Reached", "完成值")),
    "points": (Unit.POINTS.value, Label("Points", "得分")),
    "of_points": (Unit.POINTS.value, Label("Of points", "满分")),
    "digest": (TEXT, Label("Digest", "摘要")),
    "predicate": (TEXT, Label("What was counted", "统计口径")),
    "total": (Unit.POINTS.value, Label("Total points", "总分")),
    "bonus": (_MONEY, Label("Bonus or deduction", "奖金或扣款")),
}
_LINES = ("rule", "whom", "days", "terms", "quantity", "unit_amount", "amount", "score", "evidence")
_DETAILS = ("rule", "agent", "days", "item", "numerator", "denominator", "reached", "points", "of_points")
_EVIDENCE = ("rule", "whom", "days", "evidence", "digest", "predicate")
_EXPLAIN, _PROOF = Label("How the points were made", "得分依据"), Label("What each line rests on", "各行证据")
_DRAFT = Label("A draft: the month has not been closed for this contract here.", "草稿:此处未对该合同关账。")
_NO_KPI = Label("The terms of contract {contract} have no KPI rule.", "合同 {contract} 的条款没有绩效考核规则。")
_ONLY_KPI = Label("Points stand on KPI lines only.", "得分仅见于绩效考核行。")
_ZONE = Label("Days and month are those of the contract's zone: {zone}.", "日与月按合同时区:{zone}。")
_POINTS_OF = Label("{title}: points (of {points})", "{title}:得分(满分 {points})")
_HOW = Label("As the contract's terms take it, for the agent's days under them.", "按合同条款的口径计算。")
EXTRAS = "extras"
"""The detail of extra points from awards; it has no figure of its own."""


def cautions(facts: Facts, made: Statement) -> tuple[Title, ...]:
    """What the reader of a statement must know: what is not over, not stored, came late, or is still open."""
    period = parse_period(Grain.MONTH, made.month, made.zone)
    came = arrivals(facts, period, _STREAMS)
    counts = {
        "dead letters are open: their records count in no line": (facts.dead_letters, "条死信未处理,未计入任何一行"),
        "events came late": (came.late, "条事件迟到"),
        "events came later by a backfill": (came.backfilled, "条事件由补录导入"),
        "calls of the vendor are still open": (_open_calls(facts, made), "通外包公司的通话未结束"),
    }
    found = [Title(f"{count:,} {en}", f"{count:,} {zh}") for en, (count, zh) in counts.items() if count]
    if facts.cutoff < period.stop:
        found.insert(0, Title("the month is not over yet", "该月尚未结束"))
    return tuple(found)


def by_statement(job: Job) -> Layout:
    """A row per line of the month's draft statement; how points were made and what each line rests on stand below."""
    made, names, lang = *_settled(job), job.request.lang
    rows = tuple(_line(line, names, lang) for line in made.lines)
    total = tuple(made.total if name == "amount" else None for name in _LINES)
    return Layout(
        columns=_columns(_LINES, lang, made.currency),
        rows=rows,
        totals=total,
        warnings=_said(job, made),
        notes=(_DRAFT.text(lang), *_zone_note(job, made), _ONLY_KPI.text(lang)),
        breaches=_unlike(made.total, (line.amount for line in made.lines)),
        sections=tuple(_sections(made, names, lang)),
        parameters=_about(made, lang),
    )


def by_kpi(job: Job) -> Layout:
    """A row per agent: each KPI item with its points, the total and what it is worth; by the statement engine."""
    made, names, lang = *_settled(job), job.request.lang
    lines = [line for line in made.lines if line.kind == KpiScore.KIND]
    items = {detail.item: detail for line in lines for detail in line.details}
    items = {item: detail for item, detail in items.items() if item != EXTRAS} | {k: v for k, v in items.items() if k == EXTRAS}
    parted = len({(line.rule, line.first, line.last) for line in lines}) > 1
    head = ("agent", "rule", "days") if parted else ("agent",)
    found = _kpi_columns(items, head, made, lang)
    rows = tuple(_kpi_row(line, items, head, names, lang) for line in lines)
    amount = sum((line.amount for line in lines), Decimal(0))
    none = () if lines else (_NO_KPI.text(lang).format(contract=made.contract),)
    return Layout(
        columns=found,
        rows=rows,
        totals=(*(None,) * (len(found) - 1), amount),
        warnings=_said(job, made),
        notes=(*none, _DRAFT.text(lang), *_zone_note(job, made)),
        breaches=_unlike(amount, (row[-1] for row in rows)),
        sections=tuple(_sections(made, names, lang))[:1] if lines else (),
        parameters=_about(made, lang),
    )


def _settled(job: Job) -> tuple[Statement, Names]:
    month = job.request.period.name
    made = settle_month(job.facts, _contract(job, month).contract, month)
    return made, names_of(job.facts.engine, job.facts.tenant, job.request.period.stop)


def _contract(job: Job, month: str) -> ContractState:
    """The contract asked for, else the only one in force. UserError names those that there are."""
    vendors, asked = job.request.only.get("vendor", ()), job.request.only.get("contract", ())
    if len(asked) == 1:
        state = contract_of(job.facts, asked[0])
        if vendors and state.vendor not in vendors:
            raise UserError(f"contract '{asked[0]}' is with vendor '{state.vendor}', not with {', '.join(vendors)}")
        return state
    found = contracts_of_month(job.facts, month, vendors)
    if len(found) == 1 and not asked:
        return found[0]
    of = f" with {', '.join(vendors)}" if vendors else ""
    if not found:
        raise UserError(f"no contract{of} is in force in {month}; one is signed by a command: see `opsledger decide --help`")
    known = ", ".join(f"{state.contract} ({state.vendor})" for state in found)
    raise UserError(f"{job.report.code} is of one contract; say which with --contract; in force in {month}: {known}")


def _columns(names: Iterable[str], lang: Lang, currency: str) -> tuple[Column, ...]:
    found = ((name, *_WORDS[name]) for name in names)
    return tuple(Column(n, f"{t.text(lang)} ({currency})" if unit == _MONEY else t.text(lang), unit) for n, unit, t in found)


def _line(line: Line, names: Names, lang: Lang) -> tuple[Value, ...]:
    counted = sum(each.count for each in line.evidence)
    score = None if line.score is None else round(line.score, 2)
    amounts = (line.quantity, line.unit_amount, line.amount, score)
    versions = ", ".join(map(str, line.versions))
    return (_text(line.title, lang), _whom(line, names, lang), _days(line), versions, *amounts, counted)


def _whom(line: Line, names: Names, lang: Lang) -> str:
    """The class that a line is about (a severity), else who is paid or pays."""
    if line.part:
        return codes.named(codes.CODES, "severity", line.part, lang)
    return names.of("agent", line.party_id) if line.party == "agent" else line.party_id


def _days(line: Line) -> str:
    return f"{line.first:%m-%d}" if line.first == line.last else f"{line.first:%m-%d} – {line.last:%m-%d}"


def _sections(made: Statement, names: Names, lang: Lang) -> Iterator[Section]:
    details = tuple(_detail(line, each, lang) for line in made.lines for each in line.details)
    if details:
        yield Section(_EXPLAIN.text(lang), _columns(_DETAILS, lang, made.currency), details)
    proof = tuple(
        (_text(line.title, lang), _whom(line, names, lang), _days(line), each.count, each.digest, each.predicate)
        for line in made.lines
        for each in line.evidence
    )
    if proof:
        yield Section(_PROOF.text(lang), _columns(_EVIDENCE, lang, made.currency), proof)


def _detail(line: Line, each: Detail, lang: Lang) -> tuple[Value, ...]:
    reached = None if each.figure is None else f"{round(each.figure, 2):f}{' %' if each.percent else ''}"
    parts = (each.numerator, each.denominator, reached, round(each.points, 2), Decimal(each.of_points))
    return (_text(line.title, lang), line.party_id, _days(line), _text(each.title, lang), *parts)


def _kpi_columns(
    items: dict[str, Detail], head: tuple[str, ...], made: Statement, lang: Lang
) -> tuple[Column, ...]:  # fmt: skip
    columns = list(_columns(head, lang, made.currency))
    for item, detail in items.items():
        title = _text(detail.title, lang)
        if item != EXTRAS:
            columns.append(Column(item, title, (Unit.RATIO if detail.percent else Unit.POINTS).value, _HOW.text(lang)))
            title = _POINTS_OF.text(lang).format(title=title, points=f"{detail.of_points.normalize():f}")
        columns.append(Column(f"{item}.points", title, Unit.POINTS.value))
    return (*columns, *_columns(("total", "bonus"), lang, made.currency))


def _kpi_row(
    line: Line, items: dict[str, Detail], head: tuple[str, ...], names: Names, lang: Lang
) -> tuple[Value, ...]:  # fmt: skip
    own = {detail.item: detail for detail in line.details}
    told = {"agent": line.party_id, "rule": _text(line.title, lang), "days": _days(line)}
    row: list[Value] = [told[name] for name in head]
    for item in items:
        detail = own.get(item)
        if item != EXTRAS:
            row.append(_reached(detail))
        row.append(round(detail.points, 2) if detail else Decimal(0) if item == EXTRAS else None)
    return (*row, None if line.score is None else round(line.score, 2), line.amount)


def _reached(detail: Detail | None) -> Decimal | None:
    if detail is None or detail.figure is None:
        return None
    return detail.figure / 100 if detail.percent else detail.figure


def _unlike(total: Decimal, parts: Iterable[Value]) -> tuple[tuple[int, str], ...]:
    added = sum((part for part in parts if isinstance(part, Decimal)), Decimal(0))
    return () if added == total else ((1, f"amounts of the lines add up to {added:f}, the statement's total is {total:f}"),)


def _said(job: Job, made: Statement) -> tuple[str, ...]:
    """Notes of the settling, and what every report says of the rest is not said again."""
    count, lang = _open_calls(job.facts, made), job.request.lang
    still_open = Title(f"{count:,} calls of the vendor are still open", f"{count:,} 通外包公司的通话未结束")
    return tuple(_text(title, lang) for title in (*made.notes, *((still_open,) if count else ())))


def _open_calls(facts: Facts, made: Statement) -> int:
    period = parse_period(Grain.MONTH, made.month, made.zone)
    found = measure(facts, "open_calls", period, {"vendor": (made.vendor,)}).get("")
    return int(found.numerator) if found else 0


def _zone_note(job: Job, made: Statement) -> tuple[str, ...]:
    return () if made.zone == job.request.period.zone else (_ZONE.text(job.request.lang).format(zone=made.zone),)


def _about(made: Statement, lang: Lang) -> dict[str, str]:
    contract = f"{made.contract} · {_text(made.title, lang)}"
    return {"contract": contract, "vendor": made.vendor, "currency": made.currency, "digest": made.digest}


def _text(title: Title, lang: Lang) -> str:
    return title.zh if lang == "zh" else title.en
