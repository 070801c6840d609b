"""The same result in every format: readable for people, raw for programs, harmless whatever the names in it are."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO

import pytest

from opsledger.domain.calendar import Grain, make_period
from opsledger.projections.formats.charts import svg_of
from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.json import to_json
from opsledger.projections.formats.terminal import to_terminal
from opsledger.projections.formats.units import duration, number
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.model import Lang, Unit
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports import words
from opsledger.projections.reports.model import INTERVAL, TIME, Chart, ChartKind, Column, Footer, Result

DAY = make_period(Grain.DAY, date(2026, 1, 5), "Asia/Shanghai")
NINE, TEN = Cut(DAY, Every.HOUR).intervals[9:11]
EVIL = "<script>alert('x')</script>\x1b[31m=1+1"
EIGHT_UTC = datetime(2026, 1, 5, 8, 0, 0, 250_000, tzinfo=UTC)


def _result(queue: str = "=cmd|'/C calc'!A0", lang: Lang = "en") -> Result:
    columns = (
        words.dimension_column("queue", lang),
        words.dimension_column("interval", lang, INTERVAL),
        Column("began", "Began", TIME),
        *(words.metric_column(METRICS[code], None, 20_000, lang) for code in ("entries", "service_level", "asa")),
    )
    rows = (
        (queue, NINE, EIGHT_UTC, 1234, Decimal(2) / Decimal(3), Decimal("61499.5")),
        ("", TEN, None, 0, None, None),
    )
    footer = Footer(EIGHT_UTC, {"call/0": 42}, None, None, None, ("Mind the gap",), ("A note",))
    return Result(
        "traffic", "Traffic", "traffic", lang, DAY, {"tenant": "acme", "attribution": "default", "threshold_s": "20"},
        columns, rows, (None, None, None, 1234, Decimal(2) / Decimal(3), Decimal("61499.5")), footer, Every.HOUR,
        headline=("entries", "service_level"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "00:00"), (499, "00:00"), (500, "00:01"), (59_500, "01:00"), (3_599_499, "59:59"), (3_599_500, "1:00:00"),
     (90_061_000, "25:01:01"), (-1500, "-00:02"), (-400, "00:00"), (Decimal("61499.5"), "01:01")],
)  # fmt: skip
def test_durations_are_rounded_only_when_they_are_shown(ms: int | Decimal, text: str) -> None:
    assert duration(ms) == text


def test_numbers_are_shown_in_their_unit() -> None:
    assert number(1234567, Unit.COUNT) == "1,234,567"
    assert number(Decimal(2) / 3, Unit.RATIO) == "66.67 %"
    assert number(Decimal("0.99995"), Unit.RATIO) == "100.00 %"
    assert number(Decimal("97.125"), Unit.POINTS) == "97.13"
    assert number(Decimal("90"), Unit.POINTS) == "90"
    assert number(Decimal("12"), Unit.PER_HOUR) == "12.00"


def test_the_terminal_table_reads_like_this() -> None:
    text = to_terminal(_result("sales"), 100)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    assert lines[0] == "Traffic  2026-01-05"
    assert lines[1] == "! Mind the gap"
    assert [line.split() for line in lines if line.startswith((" sales", " (none)", " Total"))] == [
        ["sales", "09:00", "2026-01-05", "16:00:00", "1,234", "66.67", "%", "01:01"],
        ["(none)", "10:00", "–", "0", "–", "–"],
        ["Total", "1,234", "66.67", "%", "01:01"],
    ]
    assert "call/0=42" in text
    assert lines[-1] == "* A note"


def test_a_table_wider_than_the_terminal_is_cut_into_blocks_that_repeat_the_names() -> None:
    narrow = to_terminal(_result("sales"), 60)
    assert all(len(line) <= 60 for line in narrow.splitlines())
    assert narrow.count("sales") == 2
    assert "66.67 %" in narrow


def test_a_name_cannot_drive_the_terminal() -> None:
    text = to_terminal(_result(EVIL + "\u202e[bold]x[/bold]"), 160)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold]" in text


def test_csv_has_raw_numbers_and_says_what_it_is_about() -> None:
    rows = list(csv.reader(StringIO(to_csv(_result("sales")))))
    assert rows[0] == [
        "Queue",
        "Interval",
        "Began",
        "Queue entries",
        "Answered within 20 s, rate [0–1]",
        "Average speed of answer [ms]",
    ]
    assert rows[1] == ["sales", NINE.code, "2026-01-05T16:00:00.250000+08:00", "1234", "0.666666667", "61499.5"]
    assert rows[2] == ["", TEN.code, "", "0", "", ""]
    assert rows[3][0] == "Total"
    assert ["# Period: 2026-01-05"] in rows
    assert ["# ! Mind the gap"] in rows
    assert NINE.code == "2026-01-05T09:00:00+08:00"
    assert to_csv(_result("sales"), header="names").startswith("queue,interval,began,entries,service_level,asa\r\n")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "|x"])
def test_csv_names_are_never_formulas(name: str) -> None:
    cell = next(csv.reader(StringIO(to_csv(_result(name)).split("\r\n", 1)[1])))[0]
    assert cell.startswith("'")


def test_csv_leaves_negative_numbers_numbers() -> None:
    result = _result("sales")
    row = (*result.rows[0][:5], Decimal(-250))
    assert to_csv(replace(result, rows=(row,))).splitlines()[1].endswith(",-250")


def test_csv_for_spreadsheets_begins_with_a_byte_order_mark() -> None:
    assert to_csv(_result(), bom=True).encode().startswith(b"\xef\xbb\xbf")
    assert not to_csv(_result()).startswith("\ufeff")


def test_json_has_the_shape_that_programs_rely_on() -> None:
    document = json.loads(to_json(_result("sales")))
    assert (document["title"], document["period"], document["zone"]) == ("Traffic", "2026-01-05", "Asia/Shanghai")
    assert document["parameters"] == {"tenant": "acme", "attribution": "default", "threshold_s": "20"}
    assert set(document["columns"][3]) == {"name", "title", "unit", "definition"}
    assert document["columns"][4]["unit"] == "ratio"
    assert document["columns"][4]["definition"].startswith("Queue entries answered within 20 s of entering ÷ queue entries.")
    assert document["rows"][0] == {
        "queue": "sales", "interval": NINE.code, "began": "2026-01-05T16:00:00.250000+08:00",
        "entries": 1234, "service_level": 0.666666667, "asa": 61499.5,
    }  # fmt: skip
    assert document["rows"][1]["asa"] is None
    assert document["totals"]["entries"] == 1234
    assert document["footer"]["cutoff"] == "2026-01-05T16:00:00.250000+08:00"
    assert document["footer"]["log_positions"] == {"call/0": 42}
    assert document["footer"]["warnings"] == ["Mind the gap"]


LOADING = ("src", "href", "srcset", "action")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in LOADING or name.startswith("on")]


def _charts(name: str) -> tuple[Chart, ...]:
    labels = {"answered": "Answered", "unanswered": "Lost", "service_level": "Level", "interval": "", "value": "Entries"}
    service = {"interval": name, "number": 0, "answered": 5, "unanswered": 1, "service_level": 0.5}
    heat = {"weekday": "Mon", "order": 1, "hour": "09", "value": 4}
    return (
        Chart(ChartKind.SERVICE, name, labels, (service,), 0.8),
        Chart(ChartKind.HEAT, name, labels, (heat,)),
        Chart(ChartKind.BARS, name, labels, ({"name": name, "value": 3},)),
    )


def test_a_page_loads_nothing_and_runs_nothing_even_with_evil_names() -> None:
    result = replace(_result(EVIL), charts=_charts(EVIL), title=EVIL, parameters={"tenant": EVIL, "queue": EVIL})
    page = _Page(to_html(result))
    assert not {"script", "iframe", "link", "object", "base", "form"} & set(page.tags)
    assert page.tags.count("img") == 3
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.addresses)


def test_the_check_for_scripts_would_find_one() -> None:
    page = _Page(to_html(_result("sales")).replace("sales", EVIL))
    assert "script" in page.tags


def test_a_page_shows_figures_definitions_warnings_and_notes() -> None:
    text = to_html(replace(_result("sales", "en"), charts=_charts("09:00")))
    for part in (
        "66.67 %",
        "01:01",
        "Queue entries answered within 20 s of entering",
        "Mind the gap",
        "A note",
        "call/0=42",
        "<tfoot>",
    ):
        assert part in text
    assert text.count("<strong>") == 2
    assert '<html lang="en">' in text


def test_a_chinese_page_is_chinese() -> None:
    text = to_html(_result("售前", "zh"))
    assert '<html lang="zh-CN">' in text
    for part in ("技能组", "排队量", "人工20 秒接通率", "指标定义", "合计", "(无)", "数据截止"):
        assert part in text


@pytest.mark.parametrize("name", ["\x1b[31m", "a\x00b", "\ud800", "\uffff", "\u2028", "x" * 70_000, "👩‍👩‍👧", "</svg>"])
def test_no_name_stops_a_chart(name: str) -> None:
    for chart in _charts(name):
        assert svg_of(chart).startswith("<svg")
    assert to_html(_result(name)).encode()
    assert to_terminal(_result(name), 100).encode()
    assert to_csv(_result(name)).encode()


def test_charts_are_pictures_with_their_text() -> None:
    service, heat, bars = (svg_of(chart) for chart in _charts("九点 & <b>"))
    for svg in (service, heat, bars):
        assert svg.startswith("<svg")
        assert "<b>" not in svg
    assert "九点 &amp; &lt;b&gt;" in bars
    assert "Lost" in service
    assert "Mon" in heat


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_format_can_write_an_empty_result(lang: Lang) -> None:
    empty = replace(_result(lang=lang), rows=(), totals=None)
    assert json.loads(to_json(empty))["rows"] == []
    assert to_csv(empty).splitlines()[1] == ""
    assert to_terminal(empty, 80)
    assert "<tbody>" in to_html(empty)
