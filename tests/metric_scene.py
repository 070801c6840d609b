"""A period with made-up facts around it, and every metric of it counted twice: by the engine and row by row in Python."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts, ask, parts_of
from opsledger.projections.metrics.model import Attribution, Metric
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.metrics.registry import METRICS
from tests import fact_rows, fact_tables, naive_metrics, naive_suite
from tests.naive_core import MS, Parts, Row, Rows, folded
from tests.naive_views import Doors, Frame, with_views

ONE_DAY = 24 * 60
WINDOW = timedelta(hours=2)
Figures = dict[int, tuple[Decimal | None, ...]]
"""Number of an interval → numerator and denominator; intervals in which there is nothing are left out."""
_CALENDAR = '{"workdays": [1, 2, 3, 4, 5]}'
_WORKDAYS, _WEEKEND = frozenset(range(1, 6)), frozenset((6,))


@dataclass(frozen=True)
class Scene:
    """A tenant's made-up facts around a period. ``cutoff`` lies in the period: some things are open, or not due yet."""

    client: Any
    tenant: str
    period: Period
    cutoff: datetime
    rows: Rows

    @property
    def facts(self) -> Facts:
        """The facts as the product sees them."""
        return Facts(self.client, self.tenant, self.cutoff)

    @property
    def every(self) -> Every:
        """How the period is cut: a day into half hours, more into days."""
        return Every.HALF_HOUR if self.period.grain is Grain.DAY else Every.DAY

    def marks(self, *, whole: bool = False) -> list[datetime]:
        """Moments at which a local interval begins, found by walking through the period quarter by quarter in its zone."""
        if whole:
            return [self.period.start, self.period.stop]
        minutes = 30 if self.every is Every.HALF_HOUR else ONE_DAY
        zone, found, last = ZoneInfo(self.period.zone), [], None
        moment = self.period.start
        while moment < self.period.stop:
            local = moment.astimezone(zone)
            key = (local.date(), *(() if minutes == ONE_DAY else (local.hour, local.minute // minutes, local.utcoffset())))
            if key != last:
                found.append(moment)
            last, moment = key, moment + timedelta(minutes=5)
        return [*found, self.period.stop]

    def twins(self) -> Parts:
        """Each metric's twin in Python."""
        return naive_metrics.metrics(self.cutoff, self.period.start, self.period.stop) | naive_suite.suite()


def make_scene(
    client: Any, tenant: str, when: tuple[Grain, date, str], seed: int, count: int, before_end: timedelta = timedelta(hours=3)
) -> Scene:
    """Facts that begin before the period and end after it, stored under a tenant of their own."""
    period = make_period(*when)
    start = period.start - timedelta(hours=20)
    span_s = int((period.stop - start).total_seconds()) + 40_000
    made = fact_rows.make_rows(random.Random(seed), start, span_s, count)
    _at_once(made["calls"])
    for table, some in made.items():
        fact_tables.insert(client, table, some, tenant)
    cutoff = period.stop - before_end
    frame = Frame(period.start, period.stop, period.zone, cutoff, WINDOW)
    return Scene(client, tenant, period, cutoff, with_views(made, frame, _doors(client, tenant, period)))


def _at_once(calls: list[Row]) -> None:
    """Has every seventh call begin at the moment of the one before it, of the same customer about the same."""
    for one, other in zip(calls[::7], calls[1::7], strict=False):
        other |= {name: one[name] for name in ("started_at", "customer", "category", "direction")}


def _doors(client: Any, tenant: str, period: Period) -> tuple[Doors, ...]:
    """Two configurations: the second one takes effect in the middle of the period, at no round hour."""
    middle = period.start + (period.stop - period.start) / 2
    change = middle.replace(minute=7, second=0, microsecond=0)
    first = Doors(((480, 1200, _WORKDAYS), (1350, ONE_DAY + 45, _WEEKEND)), 3, period.start - timedelta(days=40), period.zone)
    second = Doors(((540, 720, _WORKDAYS), (600, 1440, _WORKDAYS)), 2, change, period.zone)
    hours = {"h1": "08:00-20:00", "h2": {"6": "22:30-00:45"}}, {"h1": "09:00-12:00", "h2": ["10:00-24:00"]}
    for doors, opening in zip((first, second), hours, strict=True):
        told: dict[str, Any] = {"opening_hours": json.dumps(opening), "calendar": _CALENDAR, "seats": doors.seats}
        fact_tables.configure(client, tenant=tenant, zone=period.zone, since=doors.since, **told)
    return first, second


def movable(asked: Attribution | None, metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics that can be asked for under an attribution; all of them under their own (None)."""
    return [m for m in metrics if asked is None or (m.movable and m.can(asked))]


def by_engine(
    scene: Scene, asked: Attribution | None, *, whole: bool = False, metrics: Mapping[str, Metric] = METRICS
) -> dict[str, Figures]:
    """Code → the figures that the engine counts, all asked for at once."""
    wanted = movable(asked, metrics.values())
    cut = None if whole else Cut(scene.period, scene.every)
    question = Question(cells_of(wanted, asked), scene.period, (), cut, window_ms=WINDOW // MS)
    found: dict[str, Figures] = {m.code: {} for m in wanted}
    for key, sums in ask(scene.facts, question):
        for m, parts in zip(wanted, parts_of(wanted, asked, question.cells, sums), strict=True):
            sides = (parts.numerator,) if m.denominator is None else (parts.numerator, parts.denominator)
            found[m.code][int(key[0]) if key else 0] = tuple(None if side is None else Decimal(side) for side in sides)
    return {code: _some(figures) for code, figures in found.items()}


def by_python(scene: Scene, asked: Attribution | None, *, whole: bool = False) -> dict[str, Figures]:
    """Code → the figures that plain Python counts."""
    marks, twins = scene.marks(whole=whole), scene.twins()
    found = {}
    for m in movable(asked, METRICS.values()):
        parts = [p for p in twins[m.code] if p is not None]
        sides = [folded(p, scene.rows[p.table], m.under(asked).value, marks, scene.cutoff) for p in parts]
        numbers = {number for side in sides for number in side}
        found[m.code] = _some({n: tuple(side.get(n, Decimal(0)) for side in sides) for n in sorted(numbers)})
    return found


def _some(figures: Figures) -> Figures:
    return {number: sides for number, sides in figures.items() if any(sides)}


def differing(one: Mapping[str, Figures], other: Mapping[str, Figures]) -> dict[str, tuple[Figures, Figures]]:
    """Code → both figures, where they are not the same."""
    return {code: (one[code], other[code]) for code in one if one[code] != other[code]}
