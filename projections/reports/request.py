"""Checks a request against the report's definition: what it cannot honour is refused, naming what it can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsledger.domain.errors import UserError, nearest
from opsledger.projections.master.targets import Targets, targets_of
from opsledger.projections.metrics.intervals import Cut, Every
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import MOVES, Attribution, Metric
from opsledger.projections.metrics.profiles import Profile
from opsledger.projections.metrics.profiles import profile as profile_of
from opsledger.projections.metrics.query import Question, cells_of
from opsledger.projections.reports.catalogue import report as report_of
from opsledger.projections.reports.model import Report, Request

MAX_THRESHOLD_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was found good: with its report, metrics, attribution and cut of time."""

    facts: Facts
    request: Request
    report: Report
    profile: Profile
    metrics: tuple[Metric, ...]
    targets: Targets
    asked: Attribution | None
    cut: Cut | None

    def metric(self, code: str) -> Metric:
        """What a code means under the job's profile."""
        return self.profile.metric(code)

    def question(self, metrics: Iterable[Metric], dimensions: tuple[str, ...] = (), cut: Cut | None = None) -> Question:
        """A question about the job's period under its filters."""
        only = dict(self.request.only)
        return Question(cells_of(metrics, self.asked), self.request.period, dimensions, cut, only)


def checked(facts: Facts, request: Request) -> Job:
    """The job that a request describes; UserError for what the report cannot honour."""
    report = report_of(request.report)
    profile = profile_of(request.profile)
    metrics = tuple(map(profile.metric, report.metrics))
    _check_grain(report, request)
    _check_filters(report, request)
    _check_threshold(metrics, request)
    asked = _attribution(report, request)
    every = _every(report, request)
    targets = targets_of(facts.engine, facts.tenant, request.period.stop, request.threshold_ms)
    return Job(facts, request, report, profile, metrics, targets, asked, None if every is None else Cut(request.period, every))


def _check_grain(report: Report, request: Request) -> None:
    if report.any_span or request.period.grain in report.grains:
        return
    valid = " or ".join(f"--{grain}" for grain in report.grains)
    raise UserError(f"{report.code} cannot be run for a {request.period.grain}; use {valid}")


def _check_filters(report: Report, request: Request) -> None:
    for name in request.only:
        if name not in report.filters:
            raise UserError(f"{report.code} cannot be narrowed by {name}; valid: {', '.join(report.filters)}")


def _check_threshold(metrics: tuple[Metric, ...], request: Request) -> None:
    if not 0 <= request.threshold_ms <= MAX_THRESHOLD_MS:
        raise UserError(f"a threshold lies between 0 and {MAX_THRESHOLD_MS // 1000} seconds")
    if request.threshold_ms != Request.__dataclass_fields__["threshold_ms"].default and not any(map(uses_threshold, metrics)):
        raise UserError(f"{request.report} has no metric with a threshold; leave --threshold out")


def uses_threshold(metric: Metric) -> bool:
    """Whether a threshold changes the metric."""
    return any("{threshold_ms:" in amount.where for amount in metric.amounts)


def _attribution(report: Report, request: Request) -> Attribution | None:
    if request.attribution is None:
        return None
    if not report.metrics:
        raise UserError(f"{report.code} lists facts and attributes nothing; leave --attribution out")
    if request.attribution in MOVES:
        return Attribution(request.attribution)
    raise UserError(f"there is no attribution '{request.attribution}'{nearest(request.attribution, tuple(MOVES))}")


def _every(report: Report, request: Request) -> Every | None:
    choices = report.intervals.get(request.period.grain) or next(iter(report.intervals.values()), ())
    if request.interval is None:
        return choices[0] if choices else None
    if request.interval in choices:
        return Every(request.interval)
    if not choices:
        raise UserError(f"{report.code} is not cut by time; leave --interval out")
    raise UserError(f"{report.code} has no interval '{request.interval}'{nearest(request.interval, tuple(choices))}")
