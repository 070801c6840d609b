"""A set of reports as files in a folder, with a page that leads to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from opsledger.domain.calendar import Period
from opsledger.infra.progress import Report as Shown
from opsledger.infra.render import render_result
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report

SUFFIXES = {"html": ".html", "csv": ".csv", "json": ".json", "table": ".txt"}


@dataclass(frozen=True, slots=True)
class Made:
    """One file of the set."""

    path: Path
    title: str
    period: str
    lang: Lang
    format: str
    ok: bool


def write_set(
    facts: Facts, periods: Sequence[Period], langs: Sequence[Lang], formats: Sequence[str], folder: Path, shown: Shown
) -> list[Made]:
    """Run every report that can be run for each period, in each language and format, into ``folder``."""
    jobs = [(p, code, lang) for p in periods for code, report in REPORTS.items() if p.grain in report.grains for lang in langs]
    made: list[Made] = []
    for done, (period, code, lang) in enumerate(jobs):
        shown(done, len(jobs), f"{code} {period.name}")
        result = run_report(facts, Request(report=code, period=period, lang=lang, charts="html" in formats))
        for format_ in formats:
            path = folder / lang / f"{code}_{period.name}{SUFFIXES[format_]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render_result(result, format_, 200), encoding="utf-8")
            made.append(Made(path, result.title, period.name, lang, format_, result.ok))
    return made


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>
body{{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}}
table{{border-collapse:collapse;width:100%}} td,th{{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #d9e0e7}}
a{{color:#0b5cad}} .p{{color:#5a6875}}
</style></head><body><h1>{title}</h1><p class="p">{about}</p>
<table><thead><tr><th>Period</th><th>Report</th><th>English</th><th>中文</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def write_index(made: Sequence[Made], folder: Path, title: str, about: str) -> Path:
    """The page that leads to all files of a set: a row a report and period, a link a language and format."""
    groups: dict[tuple[str, str], list[Made]] = {}
    for each in made:
        groups.setdefault((each.period, each.path.stem), []).append(each)
    rows = "\n".join(_row(period, files, folder) for (period, _), files in groups.items())
    path = folder / "index.html"
    path.write_text(_PAGE.format(title=escape(title), about=escape(about), rows=rows), encoding="utf-8")
    return path


def _row(period: str, files: Sequence[Made], folder: Path) -> str:
    cells = [_links([f for f in files if f.lang == lang], folder) for lang in ("en", "zh")]
    titles = " · ".join(dict.fromkeys(escape(f.title) for f in files))
    return f"<tr><td>{escape(period)}</td><td>{titles}</td><td>{cells[0]}</td><td>{cells[1]}</td></tr>"


def _links(files: Sequence[Made], folder: Path) -> str:
    return " ".join(f'<a href="{escape(f.path.relative_to(folder).as_posix())}">{f.format}</a>' for f in files)
