"""docs/reports.md says what the definitions of the suite say."""

from __future__ import annotations

from pathlib import Path

from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.document import render_reports_md

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"


def test_the_page_is_what_the_suite_says() -> None:
    assert PAGE.read_text("utf-8") == render_reports_md(), "run `make docs`"


def test_the_page_holds_every_report_with_its_titles_and_spans() -> None:
    page = render_reports_md()
    for report in REPORTS.values():
        entry = page.partition(f"### `{report.code}` — {report.label.en} {report.label.zh}\n\n")[2].partition("###")[0]
        assert all(f"{grain} ●" in entry for grain in report.grains), report.code
        assert all(f"`{code}`" in entry for code in report.metrics), report.code
