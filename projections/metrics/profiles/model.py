"""What a profile is: the metrics that a system defines itself, each made from the dictionary's own amounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from opsledger.projections.metrics.measure import DEFAULT_THRESHOLD_MS
from opsledger.projections.metrics.model import Amount, Attribution, Label, Metric
from opsledger.projections.metrics.queues import OUTCOME_METRICS
from opsledger.projections.metrics.registry import METRICS

DEFAULT_PROFILE = "cn-hotline"
COUNTED = ("entries", "answered", "unanswered", "waiting", "left_queue", "refused", *OUTCOME_METRICS)
"""What the ledger counts is the same under every profile: law 2 is made of these, so no profile may count them anew."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of definitions: ``metrics`` holds those that the system gives itself, by code.

    A metric that it does not give keeps the dictionary's definition; reports say so in a footnote. ``threshold_ms``
    is used where a report is asked for none. ``attribution`` says where the system counts whatever can be moved.
    """

    code: str
    label: Label
    source: str
    about: Label
    metrics: Mapping[str, Metric] = field(default_factory=dict, hash=False)
    threshold_ms: int = DEFAULT_THRESHOLD_MS
    attribution: Attribution | None = None

    def __post_init__(self) -> None:
        for code in COUNTED:
            if code in self.metrics and self.metrics[code].amounts != METRICS[code].amounts:
                raise ValueError(f"{self.code} counts {code} anew; what the ledger counts is the same under every profile")

    def metric(self, code: str) -> Metric:
        """What a code means under this profile."""
        return self.metrics.get(code) or _moved(METRICS[code], self.attribution)

    def defines(self, code: str) -> bool:
        """Whether the system has a definition of its own; otherwise the dictionary's stands in."""
        return self.code == DEFAULT_PROFILE or code in self.metrics

    def differs(self, code: str) -> bool:
        """Whether the metric gives other numbers than under the default profile: other amounts, or counted elsewhere."""
        mine, own = self.metric(code), METRICS[code]
        return mine.amounts != own.amounts or mine.default is not own.default

    def recounts(self, code: str) -> bool:
        """Whether its formula is another one, not only the moment at which it counts."""
        return _formula(self.metric(code)) != _formula(METRICS[code])


def _formula(metric: Metric) -> list[tuple[str, str, str]]:
    return [(a.table, a.value, a.where) for a in metric.amounts]


def _moved(metric: Metric, attribution: Attribution | None) -> Metric:
    if attribution is None or not metric.movable or not metric.can(attribution):
        return metric
    return replace(metric, default=attribution)


@dataclass(frozen=True, slots=True)
class Book:
    """Where a system's definitions stand, and where it counts an amount unless a metric says otherwise."""

    source: str
    attribution: Attribution | None = None

    def says(
        self,
        code: str,
        label: Label,
        definition: Label | None = None,
        numerator: Amount | None = None,
        denominator: Amount | None = None,
        at: Attribution | None = None,
    ) -> Metric:
        """The dictionary's metric as the system has it; what is left out is as the dictionary says."""
        own = METRICS[code]
        return replace(
            _moved(own, at or self.attribution),
            label=label,
            definition=definition or own.definition,
            numerator=numerator or own.numerator,
            denominator=denominator or own.denominator,
            source=self.source,
        )


def by_code(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    """Code → metric."""
    return MappingProxyType({m.code: m for m in metrics})


CN_HOTLINE = Profile(
    DEFAULT_PROFILE,
    Label("Chinese hotlines", "国内热线"),
    "spec/02-metrics",
    Label("The dictionary's own definitions.", "指标字典自身的定义。"),
)
