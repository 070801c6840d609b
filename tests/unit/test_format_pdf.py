"""A print as its reader gets it: every page numbered, every column there, Chinese as text, nothing fetched."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from opsledger.projections.formats import pdf
from opsledger.projections.formats.html_table import text_of
from opsledger.projections.formats.pdf import to_pdf
from opsledger.projections.formats.print_layout import paper_of
from opsledger.projections.formats.values import grids_of
from opsledger.projections.reports.model import TEXT, Column, Result
from tests.format_samples import charts, rich


def pages(result: Result) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(to_pdf(result))).pages]


def long(rows: int, columns: int = 6) -> Result:
    """A table of so many rows and columns."""
    more = tuple(Column(f"c{n}", f"Figure number {n}", "count") for n in range(columns))
    lines = tuple((f"name {r}", *(r * n for n in range(columns))) for r in range(rows))
    return replace(
        rich(), columns=(Column("name", "Name", TEXT), *more), rows=lines, totals=None, met={}, sections=(), request=None
    )


def test_chinese_is_printed_as_text_that_can_be_searched() -> None:
    text = "".join(pages(replace(rich("zh"), charts=charts("九点"))))
    for word in ("话务量统计表", "售前咨询", "排队量", "李娜", "免除", "数据截止", "九点"):
        assert word in re.sub(r"\s", "", text)


RADICALS = re.compile("[\u2e80-\u2fdf]")
MANY = "人工一用户日月门见车长马风页西民食飞黄鱼鸟龙龟齿角贝青雨骨鬼立言走身里金高自行方文比心大小土手支"


def test_no_character_is_printed_as_the_radical_of_the_same_form() -> None:
    """A font may have one glyph for both (⼈ for 人), which no search and no copied text would match."""
    result = replace(rich("zh"), rows=((MANY, *rich().rows[0][1:]),))
    assert set(MANY) <= set("".join(pages(result)))
    assert not RADICALS.search("".join(pages(result)))


def test_each_page_has_its_number_of_all_and_the_header_of_the_table() -> None:
    found = pages(long(200))
    assert len(found) > 2
    for number, text in enumerate(found, start=1):
        assert f"{number} / {len(found)}" in text
    for text in found[:-1]:
        assert "Figure" in text


def test_every_row_is_there_once() -> None:
    text = "\n".join(pages(long(200)))
    assert len(re.findall(r"name \d+", text)) == 200


def test_a_narrow_table_stands_upright_and_a_wide_one_lies_across() -> None:
    for columns, across in ((4, False), (16, True)):
        box = PdfReader(BytesIO(to_pdf(long(5, columns)))).pages[0].mediabox
        assert (box.width > box.height) is across
        assert sorted((round(box.width), round(box.height))) == [595, 842]


def test_a_table_too_wide_for_a_page_is_cut_into_strips_that_repeat_the_names() -> None:
    result = long(3, 60)
    table = text_of(result, next(grids_of(result)))
    paper = paper_of(table)
    assert len(paper.strips) > 1
    assert {i for strip in paper.strips for i in strip} == set(range(61))
    assert all(strip[0] == 0 for strip in paper.strips)
    text = "".join(pages(result))
    assert re.sub(r"\s", "", text).count("name2") == len(paper.strips)
    assert "Figurenumber59" in re.sub(r"\s", "", text)


def test_more_rows_than_are_printed_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_ROWS", 20)
    text = re.sub(r"\s+", " ", "".join(pages(long(50))))
    assert "The print shows the first 20 of 50 rows" in text
    assert "name 20" not in text


def test_the_same_result_gives_the_same_bytes() -> None:
    result = replace(rich("zh"), charts=charts())
    assert to_pdf(result) == to_pdf(result)
    assert to_pdf(replace(result, rows=((*result.rows[0][:5], Decimal(1)),))) != to_pdf(result)


def test_its_date_is_that_of_the_facts() -> None:
    told = PdfReader(BytesIO(to_pdf(rich()))).metadata
    assert told is not None
    assert told.title == "Traffic 2026-01-05"
    assert str(told.get("/CreationDate")).removeprefix("D:").startswith("20260105080000")


def test_a_name_makes_the_printer_fetch_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetch = pdf._Nothing.fetch_url
    monkeypatch.setattr(pdf._Nothing, "fetch_url", lambda self, url: (asked.append(url), fetch(self, url))[1])
    evil = '"><img src="file:///etc/passwd"><style>@import "http://127.0.0.1:9/x.css";</style>'
    to_pdf(replace(rich(), title=evil, rows=(("x", evil, *rich().rows[0][2:]),)))
    assert [url for url in asked if not url.startswith("data:")] == []
    pdf.printed('<img src="file:///etc/passwd"><p>text</p>', "t", rich().footer.cutoff)
    assert asked, "the check would see a file that is asked for"
