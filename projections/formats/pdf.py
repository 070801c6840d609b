"""A page as PDF: the same content on A4, with page numbers, repeated headers and nothing cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import plutoprint

from opsledger.projections.formats import font, html, html_table
from opsledger.projections.formats.html_table import TableText
from opsledger.projections.formats.print_layout import paper_of
from opsledger.projections.formats.values import clean, grids_of
from opsledger.projections.reports.model import Result

MAX_ROWS = 2_000
"""Rows of a table that are printed; the print says where there are more."""
_FOOT = f"font: 7pt '{font.NAME}', sans-serif; color: #64748b;"


class _Nothing(plutoprint.ResourceFetcher):
    """Fetches nothing: a name in a report must not make the printer read a file or an address."""

    def fetch_url(self, url: str) -> plutoprint.ResourceData:
        if url.startswith("data:"):
            return plutoprint.default_resource_fetcher.fetch_url(url)
        raise ValueError(f"nothing is fetched while a report is printed: {url[:80]}")


def to_pdf(result: Result) -> bytes:
    """The result as a PDF; the same result gives the same bytes, whatever fonts are installed.

    Installed ones are asked only for what the program's own font lacks (Thai, emoji).
    """
    tables = [html_table.text_of(result, grid, MAX_ROWS) for grid in grids_of(result)]
    papers = [paper_of(table) for table in tables]
    across = any(paper.across for paper in papers)
    text = html.common(result, tables)
    title = f"{clean(result.title)} {result.period.name}"
    page = html.template("print.html.j2").render(
        **text,
        style=print_style(title, across=across),
        tables=[_table(table) for table in tables],
        cut=_cut(result, tables),
    )
    return printed(page, title, result.footer.cutoff)


def _table(table: TableText) -> Mapping[str, object]:
    paper = paper_of(table)
    strips = [
        {
            "widths": [f"{width:.2f}" for width in widths],
            "head": html_table.head(table, strip),
            "body": html_table.body(table, None, strip),
            "foot": html_table.foot(table, None, strip),
        }
        for strip, widths in zip(paper.strips, paper.widths, strict=True)
    ]
    return {
        "title": clean(table.grid.title),
        "points": paper.points,
        "strips": strips,
        "half": len(table.shown) <= html.SIDE_BY_SIDE,
    }


def _cut(result: Result, tables: Sequence[TableText]) -> str:
    most = max(len(table.grid.rows) for table in tables)
    if most <= MAX_ROWS:
        return ""
    text = html.TEXTS["first_rows"][result.lang == "zh"]
    return text.replace("{n}", f"{MAX_ROWS:,}").replace("{all}", f"{most:,}")


@cache
def _style() -> str:
    return (Path(__file__).parent / "print.css").read_text("utf-8")


def print_style(title: str, *, across: bool) -> str:
    """The style of a print: the form of the page, its title at the foot beside the number."""
    quoted = "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in title)
    sides = {"left": f'"{quoted}"', "right": 'counter(page) " / " counter(pages)'}
    foot = " ".join(f"@bottom-{side} {{ content: {content}; {_FOOT} }}" for side, content in sides.items())
    form = f"@page {{ size: A4{' landscape' if across else ''}; margin: 11mm 10mm 14mm; {foot} }}"
    return f"{form}\n{_style()}"


def printed(page: str, title: str, made: datetime) -> bytes:
    """A page as PDF; ``made`` (any zone) is its date. Nothing is fetched for it."""
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, plutoprint.PAGE_MARGINS_NONE)
    book.custom_resource_fetcher = _Nothing()
    letters = f"{font.style(page + title)}{font.bold_style(page + title)}"
    book.load_html(page, user_style=letters)
    moment = made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    book.set_metadata(plutoprint.PDF_METADATA_TITLE, title)
    book.set_metadata(plutoprint.PDF_METADATA_CREATOR, "opsledger")
    for date in (plutoprint.PDF_METADATA_CREATION_DATE, plutoprint.PDF_METADATA_MODIFICATION_DATE):
        book.set_metadata(date, moment)
    out = BytesIO()
    book.write_to_pdf_stream(out)
    return out.getvalue()
