"""A statement for people and programs: terminal, CSV, JSON and a page; amounts are decimals everywhere, never floats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from opsledger.domain.rules import Title
from opsledger.domain.settling import Detail, Line
from opsledger.domain.statement import Statement, canonical
from opsledger.projections.formats.font import with_letters
from opsledger.projections.formats.guard import guarded, line_of, note_of
from opsledger.projections.formats.values import clean
from opsledger.projections.metrics.model import Lang

_PARTS = {"minor": "轻微", "general": "一般", "severe": "严重"}
_EMPTY = "–"
_WORDS: Mapping[str, tuple[str, str]] = {
    "statement": ("Vendor statement", "外包结算单"),
    "draft": ("draft", "草稿"),
    "contract": ("Contract", "合同"),
    "vendor": ("Vendor", "乙方"),
    "tenant": ("Tenant", "甲方"),
    "month": ("Month", "结算月"),
    "zone": ("Time zone", "时区"),
    "currency": ("Currency", "币种"),
    "rule": ("Rule", "条款"),
    "whom": ("For", "对象"),
    "days": ("Days", "日期"),
    "terms": ("Terms", "合同版本"),
    "quantity": ("Quantity", "数量"),
    "unit": ("Unit amount", "单价"),
    "amount": ("Amount", "金额"),
    "basis": ("Basis", "依据"),
    "evidence": ("Evidence", "证据"),
    "total": ("Total", "合计"),
    "paid": ("Fees and bonuses", "应付"),
    "deducted": ("Deductions", "扣罚"),
    "lines": ("lines", "行"),
    "cutoff": ("Facts reach to", "数据截止"),
    "positions": ("Log positions", "日志位点"),
    "digest": ("Digest", "摘要"),
    "warnings": ("Read with care", "请注意"),
    "points": ("points", "分"),
    "of": ("of", "/"),
    "events": ("events", "事件"),
    "predicate": ("what was counted", "统计口径"),
    "explain": ("How each figure was made", "各项依据"),
    "item": ("Item", "考核项"),
    "numerator": ("Numerator", "分子"),
    "denominator": ("Denominator", "分母"),
    "reached": ("Reached", "完成值"),
    "of_points": ("Of points", "满分"),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement, and how far the facts behind it go: ``cutoff`` UTC, ``positions`` topic/partition → next offset."""

    statement: Statement
    tenant: str
    cutoff: datetime
    positions: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Title, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line as text."""

    rule: str
    whom: str
    days: str
    terms: str
    quantity: str
    unit: str
    amount: str
    basis: str
    evidence: str


def word(name: str, lang: Lang) -> str:
    """A label of a statement."""
    return _WORDS[name][lang == "zh"]


def said(title: Title, lang: Lang) -> str:
    """A name in a language."""
    return clean(title.zh if lang == "zh" else title.en)


def money(amount: Decimal) -> str:
    """``-1,400.00``."""
    return f"{amount:,.2f}"


def figure(value: Decimal) -> str:
    """A number without zeros that say nothing: ``96.5``."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def row_of(line: Line, lang: Lang) -> Row:
    """A line as people read it."""
    part = (_PARTS.get(line.part, line.part) if lang == "zh" else line.part) or line.party_id
    same = line.first == line.last
    return Row(
        rule=said(line.title, lang),
        whom=clean(part),
        days=f"{line.first:%m-%d}" if same else f"{line.first:%m-%d} – {line.last:%m-%d}",
        terms=", ".join(map(str, line.versions)),
        quantity=figure(line.quantity),
        unit=figure(line.unit_amount),
        amount=money(line.amount),
        basis=basis_of(line, lang),
        evidence=", ".join(f"{e.count:,} ({e.digest[:8]})" for e in line.evidence),
    )


def basis_of(line: Line, lang: Lang) -> str:
    """How a KPI line came to its points: ``92.09 points: 96.5 % → 39, …``; empty for other lines."""
    if line.score is None:
        return ""
    parts = ", ".join(f"{_reached(d)} → {figure(round(d.points, 2))}" for d in line.details)
    return f"{figure(round(line.score, 2))} {word('points', lang)}: {parts}"


def _reached(detail: Detail) -> str:
    if detail.figure is None:
        return _EMPTY
    return f"{round(detail.figure, 2)} %" if detail.percent else figure(round(detail.figure, 2))


def about(sheet: Sheet, lang: Lang) -> dict[str, str]:
    """What every output carries, title → text."""
    made = sheet.statement
    cutoff = sheet.cutoff.astimezone(ZoneInfo(made.zone))
    found = {
        "contract": f"{made.contract} · {said(made.title, lang)}",
        "vendor": made.vendor,
        "tenant": sheet.tenant,
        "zone": made.zone,
        "currency": made.currency,
        "cutoff": f"{cutoff:%Y-%m-%d %H:%M:%S}",
        "positions": ", ".join(f"{at}={n}" for at, n in sorted(sheet.positions.items())) or _EMPTY,
        "digest": made.digest,
    }
    return {word(name, lang): clean(text) for name, text in found.items()}


def heading(sheet: Sheet, lang: Lang) -> str:
    """``Vendor statement 2026-01 (draft)``."""
    return f"{word('statement', lang)} {sheet.statement.month} ({word('draft', lang)})"


def notes(sheet: Sheet, lang: Lang) -> list[str]:
    """Warnings about the facts and notes of the settling."""
    return [said(title, lang) for title in (*sheet.warnings, *sheet.statement.notes)]


def to_terminal(sheet: Sheet, lang: Lang = "en", width: int = 140, *, color: bool = False) -> str:
    """The statement as a table of text."""
    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=color, no_color=not color, highlight=False, markup=False, emoji=False
    )
    console.print(Text(heading(sheet, lang), style="bold"))
    for note in notes(sheet, lang):
        console.print(Text(f"! {note}", style="bold yellow"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("rule", "whom", "days", "terms", "quantity", "unit", "amount", "basis", "evidence"):
        side = "right" if name in ("quantity", "unit", "amount") else "left"
        fixed = name in ("quantity", "unit", "amount", "days", "whom")
        table.add_column(word(name, lang), justify=side, overflow="fold", no_wrap=fixed)  # type: ignore[arg-type]  # a literal
    for line in sheet.statement.lines:
        row = row_of(line, lang)
        table.add_row(
            *map(Text, (row.rule, row.whom, row.days, row.terms, row.quantity, row.unit, row.amount, row.basis, row.evidence))
        )
    table.add_section()
    table.add_row(word("total", lang), "", "", "", "", "", money(sheet.statement.total), "", "", style="bold")
    console.print(table)
    console.print(Text("  ".join(f"{name}: {text}" for name, text in about(sheet, lang).items()), style="dim"))
    return out.getvalue()


_CSV = ("rule", "kind", "title", "party", "party_id", "part", "first_day", "last_day", "terms", "quantity", "unit_amount")
_CSV_MORE = ("amount", "currency", "points", "evidence_count", "evidence_digest", "evidence_events")


def to_csv(sheet: Sheet, lang: Lang = "en", *, bom: bool = False) -> str:
    """The lines as CSV (RFC 4180) with machine names; text that a spreadsheet would run is led by an apostrophe."""
    lines = [line_of([*_CSV, *_CSV_MORE])]
    for line in sheet.statement.lines:
        text = [line.rule, line.kind, said(line.title, lang), line.party, line.party_id, line.part]
        days = [line.first.isoformat(), line.last.isoformat(), " ".join(map(str, line.versions))]
        points = " ".join(f"{d.item}={figure(d.points)}" for d in line.details)
        proof = [
            " ".join(str(e.count) for e in line.evidence),
            " ".join(e.digest for e in line.evidence),
            " ".join(str(i) for e in line.evidence for i in e.event_ids),
        ]
        numbers = [str(line.quantity), str(line.unit_amount), str(line.amount)]
        currency = guarded(sheet.statement.currency)
        lines.append(line_of([*map(guarded, text), *days, *numbers, currency, guarded(points), *proof]))
    lines.append(line_of(["total", *[""] * 10, str(sheet.statement.total), guarded(sheet.statement.currency)]))
    told = [heading(sheet, lang), *(f"{name}: {text}" for name, text in about(sheet, lang).items()), *notes(sheet, lang)]
    return ("\ufeff" if bom else "") + "".join([*lines, "\r\n", *map(note_of, told)])


def to_json(sheet: Sheet, lang: Lang = "en") -> str:
    """The whole statement, evidence and all: decimals and ids as text. ``lines`` are what the digest is over."""
    plain = json.loads(canonical(sheet.statement))
    footer = {
        "cutoff": sheet.cutoff.astimezone(ZoneInfo(sheet.statement.zone)).isoformat(),
        "log_positions": dict(sorted(sheet.positions.items())),
        "warnings": notes(sheet, lang),
    }
    head = {"report": "vendor_statement", "heading": heading(sheet, lang), "tenant": sheet.tenant, "state": "draft"}
    return json.dumps({**head, **plain, "footer": footer}, ensure_ascii=False, indent=2)


def to_html(sheet: Sheet, lang: Lang = "en") -> str:
    """The statement as one self-contained page that prints well; names from outside are escaped."""
    made = sheet.statement
    sums = {
        "paid": sum((line.amount for line in made.lines if line.amount > 0), Decimal("0.00")),
        "deducted": sum((line.amount for line in made.lines if line.amount < 0), Decimal("0.00")),
        "total": made.total,
    }
    page = _template().render(
        lang=lang,
        heading=heading(sheet, lang),
        about=about(sheet, lang),
        notes=notes(sheet, lang),
        tiles=[(word(name, lang), money(amount)) for name, amount in sums.items()],
        word={name: word(name, lang) for name in _WORDS},
        rows=[
            (row_of(line, lang), _score(line, lang), _details(line, lang), line.evidence, line.amount < 0)
            for line in made.lines
        ],
        total=money(made.total),
    )
    return with_letters(page)


def _score(line: Line, lang: Lang) -> str:
    return "" if line.score is None else f"{figure(round(line.score, 2))} {word('points', lang)}"


def _details(line: Line, lang: Lang) -> list[tuple[str, str, str, str]]:
    return [
        (
            said(d.title, lang),
            f"{figure(d.numerator)} ÷ {figure(d.denominator)}",
            _reached(d),
            f"{figure(d.points)} / {figure(d.of_points)}",
        )
        for d in line.details
    ]


@cache
def _template() -> Template:
    folder = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals["style"] = (folder / "page.css").read_text("utf-8")
    return environment.get_template("statement.html.j2")
