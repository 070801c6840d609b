"""The tables of statements: their columns, and one line, KPI item or piece of evidence as raw values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from opsledger.domain.rules import Title
from opsledger.domain.settling import Detail, Line
from opsledger.domain.statement import Statement
from opsledger.projections.master.names import Names
from opsledger.projections.metrics.model import Label, Lang, Unit
from opsledger.projections.reports import codes
from opsledger.projections.reports.model import TEXT, Column, Section, Value
from opsledger.projections.reports.targets import Lead

_MONEY = Unit.MONEY.value
_WORDS = {
    "contract": (TEXT, Label("Contract", "合同")),
    "vendor": (TEXT, Label("Vendor", "外包公司")),
    "currency": (TEXT, Label("Currency", "币种")),
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
LINES = ("rule", "whom", "days", "terms", "quantity", "unit_amount", "amount", "score", "evidence")
_DETAILS = ("rule", "agent", "days", "item", "numerator", "denominator", "reached", "points", "of_points")
_EVIDENCE = ("rule", "whom", "days", "evidence", "digest", "predicate")
_EXPLAIN, _PROOF = Label("How the points were made", "得分依据"), Label("What each line rests on", "各行证据")
_POINTS_OF = Label("{title}: points (of {points})", "{title}:得分(满分 {points})")
_HOW = Label("As the contract's terms take it, for the agent's days under them.", "按合同条款的口径计算。")
EXTRAS = "extras"
"""The detail of extra points from awards; it has no figure of its own."""


@dataclass(frozen=True, slots=True)
class Month:
    """The statements of the contracts asked for; ``stopped`` says which could not be made, and why."""

    statements: tuple[Statement, ...]
    stopped: tuple[str, ...]
    names: Names

    @property
    def currency(self) -> str:
        """The currency of all amounts; empty where they have several."""
        found = {made.currency for made in self.statements}
        return found.pop() if len(found) == 1 else ""

    @property
    def head(self) -> tuple[str, ...]:
        """The columns that tell several statements apart."""
        many = ("contract", "vendor") if len(self.statements) > 1 else ()
        return many if self.currency else (*many, "currency")

    def told(self, made: Statement) -> tuple[Value, ...]:
        """The values of those columns."""
        return tuple(getattr(made, name) for name in self.head)

    def total(self, amounts: Iterable[Decimal]) -> Decimal | None:
        """Amounts added up; None where they have several currencies."""
        return sum(amounts, Decimal(0)) if self.currency else None


def columns_of(names: Iterable[str], lang: Lang, currency: str) -> tuple[Column, ...]:
    """Columns by name; money says its currency where all of it has the same."""
    found = ((name, *_WORDS[name]) for name in names)
    known = f" ({currency})" if currency else ""
    return tuple(Column(n, t.text(lang) + (known if unit == _MONEY else ""), unit) for n, unit, t in found)


def line_values(line: Line, names: Names, lang: Lang) -> tuple[Value, ...]:
    """A line as the values of ``LINES``."""
    counted = sum(each.count for each in line.evidence)
    score = None if line.score is None else round(line.score, 2)
    amounts = (line.quantity, line.unit_amount, line.amount, score)
    versions = ", ".join(map(str, line.versions))
    return (text_of(line.title, lang), _whom(line, names, lang), _days(line), versions, *amounts, counted)


def _whom(line: Line, names: Names, lang: Lang) -> str:
    """The class that a line is about (a severity), else who is paid or pays."""
    if line.part:
        return codes.named(codes.CODES, "severity", line.part, lang)
    return names.of("agent", line.party_id) if line.party == "agent" else line.party_id


def _days(line: Line) -> str:
    return f"{line.first:%m-%d}" if line.first == line.last else f"{line.first:%m-%d} – {line.last:%m-%d}"


def line_place(made: Statement, line: Line, which: str = "") -> tuple[str, ...]:
    """What names a line, or one of its figures, to whoever follows it: see ``targets.Lead``."""
    return (Lead.LINE, made.contract, line.rule, line.first.isoformat(), line.part, line.party_id, which)


def details_of(month: Month, lang: Lang) -> tuple[Section, ...]:
    """A table of how the points of KPI lines were made; none where there are no such lines."""
    rows = tuple(
        (*month.told(made), *_detail(line, each, lang))
        for made in month.statements
        for line in made.lines
        for each in line.details
    )
    places = tuple(line_place(m, line, each.item) for m in month.statements for line in m.lines for each in line.details)
    title, columns = _EXPLAIN.text(lang), columns_of((*month.head, *_DETAILS), lang, "")
    return (Section(title, columns, rows, places=places),) if rows else ()


def _detail(line: Line, each: Detail, lang: Lang) -> tuple[Value, ...]:
    reached = None if each.figure is None else f"{round(each.figure, 2):f}{' %' if each.percent else ''}"
    parts = (each.numerator, each.denominator, reached, round(each.points, 2), Decimal(each.of_points))
    return (text_of(line.title, lang), line.party_id, _days(line), text_of(each.title, lang), *parts)


def proof_of(month: Month, lang: Lang) -> tuple[Section, ...]:
    """A table of what each line rests on: how many facts, their digest, the predicate."""
    rows = tuple(
        (
            *month.told(made),
            text_of(line.title, lang),
            _whom(line, month.names, lang),
            _days(line),
            e.count,
            e.digest,
            e.predicate,
        )
        for made in month.statements
        for line in made.lines
        for e in line.evidence
    )
    numbered = ((made, line, n) for made in month.statements for line in made.lines for n in range(len(line.evidence)))
    places = tuple(line_place(made, line, f"#{n}") for made, line, n in numbered)
    title, columns = _PROOF.text(lang), columns_of((*month.head, *_EVIDENCE), lang, "")
    return (Section(title, columns, rows, places=places),) if rows else ()


def item_columns(items: dict[str, Detail], lang: Lang) -> tuple[Column, ...]:
    """Two columns a KPI item: what was reached, and its points."""
    columns = []
    for item, detail in items.items():
        title = text_of(detail.title, lang)
        if item != EXTRAS:
            columns.append(Column(item, title, (Unit.RATIO if detail.percent else Unit.POINTS).value, _HOW.text(lang)))
            title = _POINTS_OF.text(lang).format(title=title, points=f"{detail.of_points.normalize():f}")
        columns.append(Column(f"{item}.points", title, Unit.POINTS.value))
    return tuple(columns)


def kpi_head(month: Month, made: Statement, line: Line, parted: bool, lang: Lang) -> tuple[Value, ...]:
    """What a KPI line is about: contract, rule and days where they tell lines apart, and the agent."""
    parts = (text_of(line.title, lang), _days(line)) if parted else ()
    return (*month.told(made), *parts, line.party_id)


def kpi_values(line: Line, items: dict[str, Detail]) -> tuple[Value, ...]:
    """What an agent reached and the points for it, item by item; the total and what it is worth."""
    own = {detail.item: detail for detail in line.details}
    row: list[Value] = []
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


def text_of(title: Title, lang: Lang) -> str:
    """A name in a language."""
    return title.zh if lang == "zh" else title.en
