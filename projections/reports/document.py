"""docs/reports.md: the suite as its definitions say, report by report."""

from __future__ import annotations

from collections.abc import Iterable

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.tables import DIMENSIONS
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Report, Shape

_HEAD = """# The report suite 报表

Made from the definitions in `projections/reports/suite` by `opsledger docs`; do not edit.
Each report runs for the periods marked ● (`--day`, `--week`, `--month`; ◇ = any span of days, `--from … --to …`),
in English and 中文, to the terminal, CSV, JSON, HTML, XLSX and PDF: `opsledger report run CODE --month 2026-01`.
The metrics are defined in [metrics.md](metrics.md), and under other systems' rules in [profiles.md](profiles.md).
"""


def render_reports_md() -> str:
    """The page."""
    groups: dict[str, list[Report]] = {}
    for report in REPORTS.values():
        groups.setdefault(f"{report.group.en} {report.group.zh}", []).append(report)
    return "\n".join([_HEAD, *(line for title, reports in groups.items() for line in _group(title, reports))]) + "\n"


def _group(title: str, reports: Iterable[Report]) -> Iterable[str]:
    yield f"## {title[:1].upper()}{title[1:]}\n"
    for report in reports:
        yield from _report(report)


def _report(report: Report) -> Iterable[str]:
    marks = " · ".join(f"{grain} {'●' if grain in report.grains else '–'}" for grain in Grain if grain is not Grain.SPAN)
    span = " · any span ◇" if report.any_span else ""
    yield f"### `{report.code}` — {report.label.en} {report.label.zh}\n"
    yield f"{marks}{span}\n"
    if rows := _rows(report):
        yield f"- rows: {rows}"
    if report.metrics:
        yield f"- metrics: {', '.join(f'`{code}`' for code in report.metrics)}"
    if report.filters:
        yield f"- can be narrowed to: {', '.join(report.filters)}"
    if report.previous:
        yield "- each figure stands beside that of the period before"
    yield ""


def _rows(report: Report) -> str:
    if report.shape is Shape.LIST and report.listing is not None:
        return f"one by one, with {', '.join(label.en for _, label in report.listing.columns.values())}"
    if report.shape is Shape.INDICATORS:
        return "a row for each metric"
    names = [f"{DIMENSIONS[name].en} {DIMENSIONS[name].zh}" for name in report.dimensions]
    cuts = dict.fromkeys(every.value.replace("_", " ") for choices in report.intervals.values() for every in choices)
    return ", ".join([*names, *([" / ".join(cuts)] if cuts else [])])
