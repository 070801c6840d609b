"""One result with everything that a format can meet, for golden tests; run as a program it writes the golden files anew."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import openpyxl

from opsledger.domain.calendar import Grain, make_period
from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.json import to_json
from opsledger.projections.formats.terminal import to_terminal
from opsledger.projections.formats.xlsx import to_xlsx
from opsledger.projections.master.names import Names
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.model import Lang, Unit
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports import words
from opsledger.projections.reports.model import (
    INTERVAL,
    TEXT,
    TIME,
    Chart,
    ChartKind,
    Column,
    Footer,
    Request,
    Result,
    Section,
)

GOLDEN = Path(__file__).parent / "golden"
DAY = make_period(Grain.DAY, date(2026, 1, 5), "Asia/Shanghai")
NINE, TEN = Cut(DAY, Every.HOUR).intervals[9:11]
AT = datetime(2026, 1, 5, 8, 0, 0, 250_000, tzinfo=UTC)
FORMULA = "=cmd|'/C calc'!A0"
HOSTILE = "<script>alert('x')</script>\x1b[31m\u202etxt.exe\x00\ud800"
LONG = "很长的名字" * 40
NAMES = Names({"queue": {"q1": "售前咨询 (Sales)", "q2": FORMULA, "q3": HOSTILE}, "agent": {"a7": "李娜 (1007)"}})
METRIC_CODES = ("entries", "service_level", "asa")


def charts(name: str = "09:00", unit: str = "ratio") -> tuple[Chart, ...]:
    """A chart of each kind; ``name`` stands wherever a text can."""
    counts = {"answered": 5, "unanswered": 1}
    labels = {"answered": "Answered", "unanswered": "Lost", "service_level": "Level", "interval": "", "value": "Value"}
    more = {"unit": unit, "better": "higher", "threshold": "20 s", "target": "Target"}
    trend = [{"interval": f"{name} {n}", "number": n, "value": value} for n, value in enumerate((0.9, None, 0.7))]
    bands = [{"band": band, "number": n, "in_time": int(n < 1), **counts} for n, band in enumerate(("0–20", "> 20"))]
    heat = [
        {"weekday": day, "order": n, "hour": hour, "value": 4 * n}
        for n, day in enumerate(("Mon", "Tue"))
        for hour in ("09:00", "09:30")
    ]
    return (
        Chart(ChartKind.SERVICE, name, labels, ({"interval": name, "number": 0, **counts, "service_level": 0.5},), 0.8),
        Chart(ChartKind.HEAT, name, labels | {"unit": "count"}, tuple(heat)),
        Chart(ChartKind.BARS, name, labels | {"unit": "count"}, ({"name": name, "value": 3},)),
        Chart(ChartKind.TREND, name, labels | more, tuple(trend), 0.8),
        Chart(ChartKind.DISTRIBUTION, name, {**labels, **more}, tuple(bands)),
    )


def rich(lang: Lang = "en") -> Result:
    """Names, targets met and missed, sections, money, empties, hostile text, in a language."""
    dimensions = (words.dimension_column("hotline", lang), words.dimension_column("queue", lang))
    columns = (
        *dimensions,
        words.dimension_column("interval", lang, INTERVAL),
        *(words.metric_column(METRICS[code], None, 20_000, lang) for code in METRIC_CODES),
    )
    rows = (
        ("95588", "q1", NINE, 1234, Decimal(2) / Decimal(3), Decimal("61499.5")),
        ("95588", "q2", NINE, 7, Decimal("0.95"), Decimal(3_661_000)),
        ("-1", "q3", TEN, 0, None, None),
        ("", LONG, TEN, 3, Decimal(1), 0),
    )
    warnings = ("12 records were refused", HOSTILE)
    footer = Footer(AT, {"call/0": 42}, AT, None, False, warnings, ("A note", "@SUM(A1)"))
    return Result(
        "traffic", "Traffic" if lang == "en" else "话务量统计表", "traffic", lang, DAY,
        {"tenant": "acme", "profile": "cn-hotline", "attribution": "default", "threshold_s": "20", "interval": "hour"},
        columns, rows, (None, None, None, 1244, Decimal("0.8"), Decimal("61499.5")), footer, Every.HOUR,
        headline=("entries", "service_level"), sections=(section(lang),), names=NAMES,
        met={(0, "service_level"): False, (1, "service_level"): True, (-1, "service_level"): False},
        request=Request("traffic", DAY, interval="hour", lang=lang),
    )  # fmt: skip


def section(lang: Lang) -> Section:
    """A second table: an agent by name, codes, a moment, money with its currency."""
    zh = lang == "zh"
    columns = (
        words.dimension_column("agent", lang),
        Column("state", "状态" if zh else "State", TEXT),
        Column("at", "时间" if zh else "Time", TIME),
        Column("closed", "结清" if zh else "Closed", "flag"),
        Column("fine", "扣罚" if zh else "Fine", "money"),
        Column("currency", "币种" if zh else "Currency", TEXT),
        Column("score", "得分" if zh else "Score", Unit.POINTS.value),
    )
    rows = (
        ("a7", "waived", AT, True, Decimal("-1234.5000"), "CNY", Decimal("97.125")),
        ("a8", "assessed", None, False, Decimal("0.1"), "CNY", None),
    )
    return Section(
        "扣罚 [明细]: 1/2" if zh else "Penalties [all]: 1/2", columns, rows, (None,) * 4 + (Decimal("-1234.4"), None, None)
    )


class _Text(HTMLParser):
    """The text of a page, a line an element; scripts and styles left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        if tag == "tr":
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.lines.append(data.strip())


def page_text(page: str) -> str:
    """What a reader sees of a page."""
    return "\n".join(_Text(page).lines)


def workbook_text(data: bytes) -> str:
    """Every cell of a workbook with its type and number format."""
    book = openpyxl.load_workbook(BytesIO(data))
    lines = []
    for sheet in book.worksheets:
        lines.append(f"== {sheet.title} frozen {sheet.freeze_panes} filter {sheet.auto_filter.ref}")
        for row in sheet.iter_rows():
            cells = [f"{c.coordinate} {c.data_type} {c.value!r} {c.number_format}" for c in row if c.value is not None]
            lines += [re.sub(r"(\.\d{9})\d+", r"\1", cell) for cell in cells]
    return "\n".join(lines)


def goldens() -> dict[str, str]:
    """Name of the golden file → what is made now."""
    found = {}
    for lang in ("en", "zh"):
        result = rich(lang)  # type: ignore[arg-type]  # both are languages
        found[f"rich.{lang}.csv"] = to_csv(result)
        found[f"rich.{lang}.json"] = to_json(result)
        found[f"rich.{lang}.table.txt"] = "\n".join(line.rstrip() for line in to_terminal(result, 140).splitlines())
        found[f"rich.{lang}.html.txt"] = page_text(to_html(result))
        found[f"rich.{lang}.xlsx.txt"] = workbook_text(to_xlsx(result))
    return found


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, text in goldens().items():
        (GOLDEN / name).write_bytes(text.encode())
