"""Named sets of definitions over the same events: what a metric means under another system's rules (spec: variants)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from opsledger.domain.errors import UserError, nearest
from opsledger.projections.metrics.model import Label, Metric
from opsledger.projections.metrics.registry import METRICS

DEFAULT_PROFILE = "cn-hotline"


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of definitions: ``metrics`` holds those that differ from the dictionary, by code."""

    code: str
    label: Label
    source: str
    metrics: Mapping[str, Metric] = field(default_factory=dict, hash=False)

    def metric(self, code: str) -> Metric:
        """What a code means under this profile."""
        return self.metrics.get(code) or METRICS[code]


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {p.code: p for p in (Profile(DEFAULT_PROFILE, Label("Chinese hotlines", "国内热线"), "spec/02-metrics"),)}
)
"""Code → profile, the default first."""


def profile(code: str) -> Profile:
    """The profile of a code; UserError with the nearest valid code where there is none."""
    try:
        return PROFILES[code]
    except KeyError:
        raise UserError(f"there is no profile '{code}'{nearest(code, tuple(PROFILES))}") from None
