"""Checks a request against the report's definition: what it cannot honour is refused, naming what it can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opsledger.domain.calendar import Period
from opsledger.domain.errors import UserError, nearest
from opsledger.projections.master.targets import Targets, targets_of
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import MOVES, Attribution, Label, Metric
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, Profile
from opsledger.projections.metrics.profiles import profile as profile_of
from opsledger.projections.metrics.query import DAY_MS, DEFAULT_WINDOW_MS, Question, cells_of
from opsledger.projections.metrics.tables import DIMENSIONS, TABLES
from opsledger.projections.reports.catalogue import report as report_of
from opsledger.projections.reports.compare import compare_of, period_compared
from opsledger.projections.reports.model import Report, Request

MAX_THRESHOLD_MS = 24 * 3600 * 1000
MAX_WINDOW_DAYS = 366


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was found good: with its report, metrics, attribution and cut of time.

    ``before`` is the period that the figures are compared with; ``note`` is to be said about it.
    """

    facts: Facts
    request: Request
    report: Report
    profile: Profile
    metrics: tuple[Metric, ...]
    targets: Targets
    asked: Attribution | None
    cut: Cut | None
    before: Period | None = None
    note: Label | None = None

    def metric(self, code: str) -> Metric:
        """What a code means under the job's profile."""
        return self.profile.metric(code)

    def question(self, metrics: Iterable[Metric], dimensions: tuple[str, ...] = (), cut: Cut | None = None) -> Question:
        """A question about the job's period under its filters."""
        only, days = dict(self.request.only), self.request.window_days
        window = DEFAULT_WINDOW_MS if days is None else days * DAY_MS
        return Question(cells_of(metrics, self.asked), self.request.period, dimensions, cut, only, window)


def checked(facts: Facts, request: Request) -> Job:
    """The job that a request describes; UserError for what the report cannot honour."""
    report = report_of(request.report)
    profile = profile_of(request.profile)
    metrics = tuple(map(profile.metric, report.metrics))
    for check in (_check_grain, _check_cell, _check_profile):
        check(report, request)
    _check_filters(report, metrics, request)
    _check_threshold(metrics, request)
    _check_window(metrics, request)
    asked = _attribution(report, metrics, request)
    every = _every(report, request)
    compare = compare_of(report, request)
    before, note = (None, None) if compare is None else period_compared(request.period, compare)
    targets = targets_of(facts.engine, facts.tenant, request.period.stop, request.threshold_ms)
    cut = None if every is None else Cut(request.period, every)
    return Job(facts, request, report, profile, metrics, targets, asked, cut, before, note)


def _check_grain(report: Report, request: Request) -> None:
    if report.any_span or request.period.grain in report.grains:
        return
    valid = " or ".join(f"--{grain}" for grain in report.grains)
    raise UserError(f"{report.code} cannot be run for a {request.period.grain}; use {valid}")


def _check_cell(report: Report, request: Request) -> None:
    if request.cell is not None and report.code != CELL_REPORT:
        raise UserError(f"the rows behind a cell are listed by {CELL_REPORT}: opsledger report run {CELL_REPORT} --from-cell …")


CELL_REPORT = "call_detail"


def _check_profile(report: Report, request: Request) -> None:
    if request.profile == DEFAULT_PROFILE:
        return
    if not report.metrics:
        raise UserError(f"{report.code} lists facts and has no metrics that a profile could change; leave --profile out")
    profile = profile_of(request.profile)
    if not any(profile.defines(code) or profile.differs(code) for code in report.metrics):
        raise UserError(f"{profile.label.en} defines no metric of {report.code}; leave --profile out")


def filters_of(report: Report, metrics: Sequence[Metric]) -> tuple[str, ...]:
    """What a report can be narrowed by: what it names, and every dimension that all of its facts know."""
    tables = [TABLES[name] for metric in metrics for name in metric.tables]
    known = [name for name in DIMENSIONS if tables and all(name in table.dimensions for table in tables)]
    return tuple(dict.fromkeys((*report.filters, *known)))


def _check_filters(report: Report, metrics: Sequence[Metric], request: Request) -> None:
    valid = filters_of(report, metrics)
    for name in request.only:
        if name not in valid:
            raise UserError(f"{report.code} cannot be narrowed by {name}; valid: {', '.join(valid) or 'nothing'}")


def _check_threshold(metrics: tuple[Metric, ...], request: Request) -> None:
    if not 0 <= request.threshold_ms <= MAX_THRESHOLD_MS:
        raise UserError(f"a threshold lies between 0 and {MAX_THRESHOLD_MS // 1000} seconds")
    if request.threshold_ms != profile_of(request.profile).threshold_ms and not any(map(uses_threshold, metrics)):
        raise UserError(f"{request.report} has no metric with a threshold; leave --threshold out")


def _check_window(metrics: tuple[Metric, ...], request: Request) -> None:
    if request.window_days is None:
        return
    if not 1 <= request.window_days <= MAX_WINDOW_DAYS:
        raise UserError(f"a window lies between 1 and {MAX_WINDOW_DAYS} days")
    if not any(map(uses_window, metrics)):
        raise UserError(f"{request.report} has no metric with a window of days; leave --window out")


def uses_threshold(metric: Metric) -> bool:
    """Whether a threshold changes the metric."""
    return _names(metric, "{threshold_ms:")


def uses_window(metric: Metric) -> bool:
    """Whether the window for repeated calls changes the metric."""
    return _names(metric, "{window_ms:")


def _names(metric: Metric, parameter: str) -> bool:
    texts = (text for a in metric.amounts for text in (a.value, a.where, TABLES[a.table].view))
    return any(parameter in text for text in texts)


def _attribution(report: Report, metrics: Sequence[Metric], request: Request) -> Attribution | None:
    if request.attribution is None:
        return None
    if not report.metrics:
        raise UserError(f"{report.code} lists facts and attributes nothing; leave --attribution out")
    if request.attribution not in MOVES:
        raise UserError(f"there is no attribution '{request.attribution}'{nearest(request.attribution, tuple(MOVES))}")
    honoured = [move for move in MOVES if any(m.under(move) is move for m in metrics)]
    if request.attribution not in honoured:
        valid = f"valid: {', '.join(honoured)}" if honoured else "leave --attribution out"
        raise UserError(f"no metric of {report.code} can be counted by '{request.attribution}'; {valid}")
    return Attribution(request.attribution)


def _every(report: Report, request: Request) -> Every | None:
    choices = report.intervals.get(request.period.grain) or next(iter(report.intervals.values()), ())
    if request.interval is None:
        return choices[0] if choices else None
    if request.interval in choices:
        return Every(request.interval)
    if not choices:
        raise UserError(f"{report.code} is not cut by time; leave --interval out")
    raise UserError(f"{report.code} has no interval '{request.interval}'{nearest(request.interval, tuple(choices))}")
