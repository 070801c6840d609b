"""How much of a period came late, from the ledger: what makes a report differ from the one that was shown in time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from opsledger.domain.calendar import Period, make_span
from opsledger.domain.catalogue import STREAMS
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.facts.tables import STREAMS as FACT_STREAMS
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.metrics.tables import TABLES
from opsledger.projections.reports.request import Job

_SLOT_S = 900


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Events of a period that were recorded late: ``late`` unasked for, ``backfilled`` by imports marked as such."""

    late: int = 0
    backfilled: int = 0


@dataclass(frozen=True, slots=True)
class Closings:
    """When months were closed: month → the moment (UTC) at which the first contract was; ``open`` are those not, or no
    longer, closed."""

    at: Mapping[str, datetime]
    open: tuple[str, ...]

    @property
    def closed(self) -> bool | None:
        """Whether all of the months are closed; None where nothing was ever closed for any."""
        return not self.open if self.at else None


def closings(facts: Facts, period: Period) -> Closings:
    """What is closed of the months that a period touches (``period.closed`` and ``period.reopened`` of the ledger)."""
    months = tuple(dict.fromkeys(f"{day:%Y-%m}" for day in period.days))
    bound: Parameters = {"tenant": facts.tenant, "months": list(months)}
    rows = facts.engine.query(_sql("closed"), parameters=bound).result_rows
    at = {str(month): moment for month, moment, _ in rows}
    reopened = {str(month) for month, _, again in rows if again}
    return Closings(at, tuple(m for m in months if m not in at or m in reopened))


def arrivals(facts: Facts, period: Period, streams: Sequence[str], closed: Closings | None = None) -> Arrivals:
    """Events of some streams that belong to a period and were recorded late (spec: envelope, late).

    Late: after the event's month was closed; where it was not, more than ``facts.late_after`` after the period's end.
    """
    if not streams:
        return Arrivals()
    found = {False: 0, True: 0}
    for text, bound in late_questions(facts, period, closed):
        sql = "\nUNION ALL\n".join(text.replace("{stream:Identifier}", f"`{stream}`") for stream in streams)
        for backfill, n in facts.engine.query(sql, parameters=bound).result_rows:
            found[bool(backfill)] += int(n)
    return Arrivals(found[False], found[True])


def late_questions(facts: Facts, period: Period, closed: Closings | None = None) -> Iterable[tuple[str, Parameters]]:
    """The SELECTs that count what came late, one a part of the period (see ``arrivals``), each of ``{stream:Identifier}``,
    with what is bound into it."""
    for part, moment, exact in _parts(facts, period, closed or closings(facts, period)):
        if moment < facts.cutoff:
            limits = {"start": part.start, "stop": part.stop, "late": moment}
            bound: Parameters = {"tenant": facts.tenant}
            if exact:
                bound |= {name: utc_text(at) for name, at in limits.items()}
            else:
                bound |= {f"{name}_slot": slot_of(at) for name, at in limits.items()}
            yield _sql("late_after_close" if exact else "late"), bound


def slot_of(moment: datetime) -> int:
    """The quarter hour since 1970 that begins at, or holds, a moment."""
    return int(moment.timestamp()) // _SLOT_S


def _parts(facts: Facts, period: Period, closed: Closings) -> Iterable[tuple[Period, datetime, bool]]:
    """The period cut by closed and open months: each part with the moment from which on an event of it is late, and
    whether that moment has to be taken to the microsecond."""
    late = period.stop + facts.late_after
    aligned = late.timestamp() % _SLOT_S == 0
    runs: list[list[date]] = []
    for day in period.days:
        if runs and _closing(closed, runs[-1][0]) == _closing(closed, day):
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        part = period if len(runs) == 1 else make_span(run[0], run[-1], period.zone)
        moment = _closing(closed, run[0])
        yield part, moment or late, moment is not None or not aligned


def _closing(closed: Closings, day: date) -> datetime | None:
    return closed.at.get(f"{day:%Y-%m}")


_STREAM_OF = {fact.name: fact.stream for fact in FACTS} | {stream: stream for stream in STREAMS}
_READ = re.compile(r"\b(?:FROM|JOIN)\s+`?(\w+)`?", re.IGNORECASE)


def streams_read(sources: Iterable[str]) -> tuple[str, ...]:
    """The streams behind what SELECTs, or names of tables, read; names that are neither facts nor ledger are passed over."""
    names = [name for text in sources for name in ([text] if text in _STREAM_OF else _READ.findall(text))]
    return tuple(dict.fromkeys(_STREAM_OF[name] for name in names if name in _STREAM_OF))


def streams_of(job: Job) -> tuple[str, ...]:
    """The streams whose events a report's figures are made from; all that facts are made from where it does not say."""
    sources = [TABLES[name].view or name for metric in job.metrics for name in metric.tables]
    listings = (job.report.listing, *(listing for _, listing in job.report.below))
    sources += [listing.text for listing in listings if listing is not None]
    return streams_read(sources) or FACT_STREAMS


@cache
def _sql(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
