"""A set of reports as files in a folder, with a page that leads to all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opsledger.domain.calendar import Period
from opsledger.domain.errors import UserError
from opsledger.infra.progress import Report as Shown
from opsledger.infra.render import PICTURED
from opsledger.infra.render_pool import Made, RenderPool
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report

_KEPT_ROWS = 2_000
"""Answers of at most so many rows are kept for the whole set: names, targets, teams, totals."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A report that could not honour what the whole set was asked for, and why."""

    report: str
    why: str


class Once:
    """An engine that is asked the same question once: language, formats and reports of a set share the answers."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._kept: dict[str, Any] = {}
        self._large: list[str] = []

    def query(self, query: str, parameters: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Run a SELECT, or give the answer that it had."""
        if more:
            return self._engine.query(query, parameters=parameters, **more)
        asked = f"{query}\0{parameters!r}"
        if asked not in self._kept:
            answer = self._kept[asked] = self._engine.query(query, parameters=parameters)
            if len(answer.result_rows) > _KEPT_ROWS:
                self._large.append(asked)
        return self._kept[asked]

    def forget_large(self) -> None:
        """Let go of the large answers, when a report is done with."""
        for asked in self._large:
            del self._kept[asked]
        self._large.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


RequestOf = Callable[[str, Period, Lang], Request]
"""Makes the request for a report of the set."""


def write_set(
    facts: Facts,
    periods: Sequence[Period],
    langs: Sequence[Lang],
    formats: Sequence[str],
    folder: Path,
    shown: Shown,
    request_of: RequestOf | None = None,
    refused: list[Refused] | None = None,
    only: Collection[str] = (),
) -> list[Made]:
    """Run every report (or ``only`` some) that can be run for each period, in each language and format, into ``folder``.

    A report that refuses its request is put into ``refused`` (without it, the refusal is raised); the others are made.
    """
    once = Once(facts.engine)
    shared = replace(facts, engine=once)
    ask = request_of or (lambda code, period, lang: Request(code, period, lang=lang))
    codes = [code for code in REPORTS if not only or code in only]
    jobs = [(period, code) for period in periods for code in codes if period.grain in REPORTS[code].grains]
    with RenderPool(len(jobs) * len(langs) * len(formats)) as pool:
        for done, (period, code) in enumerate(jobs):
            shown(done, len(jobs), f"{code} {period.name}")
            try:
                for lang in langs:
                    request = replace(ask(code, period, lang), charts=any(f in PICTURED for f in formats))
                    result = run_report(shared, request)
                    pool.submit(result, formats, folder)
            except UserError as error:
                if refused is None:
                    raise
                refused.append(Refused(code, str(error)))
            once.forget_large()
        return pool.made()
