"""What a report is, what is asked of it and what comes back: one result for every format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path

from opsledger.domain.calendar import Grain, Period
from opsledger.projections.master.names import NO_NAMES, Names
from opsledger.projections.metrics.intervals import Every, Interval
from opsledger.projections.metrics.model import Label, Lang
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, PROFILES


class Shape(StrEnum):
    """How a report is laid out."""

    ROWS = "rows"
    """A row per combination of dimensions, a column per metric."""
    INDICATORS = "indicators"
    """A row per metric."""
    LIST = "list"
    """A row per fact."""
    CHECKS = "checks"
    """A row per check of the data, then what was found by source."""
    BULLETIN = "bulletin"
    """One page: headline figures, then the best and the worst."""
    STATEMENT = "statement"
    """A row per line of a contract's month."""
    KPI = "kpi"
    """A row per agent whom a contract scores, a column per item."""


class ChartKind(StrEnum):
    """What a chart shows."""

    SERVICE = "service"
    """Answered and unanswered per interval, stacked, with the service level as a line."""
    HEAT = "heat"
    """A metric by weekday and half hour."""
    BARS = "bars"
    """The largest values of a metric by a dimension."""
    TREND = "trend"
    """A metric per interval, with its target as a line."""
    DISTRIBUTION = "distribution"
    """Queue entries by how long they waited, in bands: each metric a part of the bar; the threshold marked."""


@dataclass(frozen=True, slots=True)
class ChartPlan:
    """A chart that a report may carry: which metrics, by which dimension where it is not time."""

    kind: ChartKind
    label: Label
    metrics: tuple[str, ...]
    dimension: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows: ``file`` is a SELECT (a .sql file beside the suite), ``columns`` are its columns in order.

    ``columns``: name → (unit, title); ``added`` names those whose values are added up at the foot. ``counted``: column → the
    report's metric that stands at the foot of it, counted by itself; rows that do not add up to it break law 1.
    """

    file: str
    columns: Mapping[str, tuple[str, Label]]
    added: tuple[str, ...] = ()
    counted: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The SELECT."""
        return _text(self.file)


@cache
def _text(file: str) -> str:
    return (Path(__file__).parent / "suite" / file).read_text("utf-8")


class Compare(StrEnum):
    """What a period's figures are compared with."""

    PREVIOUS = "previous"
    LAST_YEAR = "last_year"


@dataclass(frozen=True, slots=True)
class Report:
    """One definition of a report: what it is called, for which periods it runs, its rows and its metrics."""

    code: str
    group: Label
    label: Label
    shape: Shape
    grains: tuple[Grain, ...]
    metrics: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    intervals: Mapping[Grain, tuple[Every, ...]] = field(default_factory=dict)
    """How time may be cut for each grain; the first is the default. Empty: rows are not cut by time."""
    filters: tuple[str, ...] = ()
    previous: bool = False
    """Whether each figure always stands beside that of the period before."""
    listing: Listing | None = None
    any_span: bool = False
    charts: tuple[ChartPlan, ...] = ()
    headline: tuple[str, ...] = ()
    """The metrics that a page shows first, large."""
    order: str = ""
    """The metric by which rows come in descending order; empty: by their dimensions."""
    below: tuple[tuple[Label, Listing], ...] = ()
    """Further tables under the first: title and SELECT of each."""
    shares: Mapping[str, str] = field(default_factory=dict)
    """Metric → the dimension within which each row's share of it is shown beside it; '' = of all rows."""


PROFILE_THRESHOLD = -(1 << 31)
"""Stands for: no threshold was asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. ``only`` = dimension → the values that are kept.

    ``interval``, ``attribution``, ``profile`` and ``compare`` are as the user wrote them; ``run_report`` refuses what the
    report cannot honour.
    """

    report: str
    period: Period
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    threshold_ms: int = PROFILE_THRESHOLD
    """Milliseconds; left out, it is the profile's own."""
    attribution: str | None = None
    interval: str | None = None
    profile: str = DEFAULT_PROFILE
    compare: str | None = None
    cell: str | None = None
    """For ``call_detail`` alone: the reference of a cell of another report (see ``cells``); its rows are listed."""
    window_days: int | None = None
    """Days within which a further call means that the first did not settle it; None: the metric's own default."""
    lang: Lang = "en"
    charts: bool = False

    def __post_init__(self) -> None:
        if self.threshold_ms == PROFILE_THRESHOLD:
            own = PROFILES.get(self.profile, PROFILES[DEFAULT_PROFILE])  # an unknown profile is refused when it is run
            object.__setattr__(self, "threshold_ms", own.threshold_ms)


Value = str | int | Decimal | bool | datetime | Interval | None
"""A value of a result: raw, in its column's unit."""

BY_ROW = "by_row"
"""Unit of a column whose values have units of their row's: ``unit`` names that of the value; of a ratio's two parts,
the dictionary of metrics does."""
TEXT, TIME, INTERVAL = "text", "time", "interval"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: machine name, title and definition in the result's language, unit of its raw values."""

    name: str
    title: str
    unit: str
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A further table of a report, below the first: the same kinds of columns and raw values."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    totals: tuple[Value, ...] | None = None
    places: tuple[tuple[str, ...], ...] = ()
    """As ``Result.places``."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's data: records of plain values, in the order in which they are drawn."""

    kind: ChartKind
    title: str
    labels: Mapping[str, str]
    data: tuple[Mapping[str, str | int | float | None], ...]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """What a reader must know: how far the facts go, what is missing, whether the laws of the numbers hold.

    ``cutoff`` and ``refreshed_at`` are UTC; ``positions`` = topic/partition → next offset.
    """

    cutoff: datetime
    positions: Mapping[str, int]
    refreshed_at: datetime | None
    as_known_at: datetime | None
    closed: bool | None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    laws_hold: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """A report as run. ``rows`` and ``totals`` hold raw values in the order of ``columns``."""

    report: str
    title: str
    group: str
    lang: Lang
    period: Period
    parameters: Mapping[str, str]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    totals: tuple[Value, ...] | None
    footer: Footer
    every: Every | None = None
    charts: tuple[Chart, ...] = ()
    headline: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    names: Names = NO_NAMES
    """What ids are called, for people; ``rows`` hold the ids."""
    met: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    """(number of the row, −1 for the totals; name of the column) → whether the figure meets its target."""
    request: Request | None = None
    """What was asked for: ``cells.ref_of`` names a figure by it."""
    places: tuple[tuple[str, ...], ...] = ()
    """What stands behind the figures of each row, where it is not a metric's: see ``targets.Lead``."""

    @property
    def ok(self) -> bool:
        """Whether every law that applies held; otherwise the exit code must say so."""
        return self.footer.laws_hold
