"""evaluation 质检: a monitored call scored on a form. Subject = evaluation id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Count, Name, Score, Text

Method = Literal["live", "recorded"]


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """One item of the form: points taken off each time, and how often."""

    item: Name
    deduction: Score
    times: Count


@dataclass(frozen=True, slots=True)
class EvaluationSampled:
    """A call is chosen to be monitored."""

    TYPE: ClassVar[str] = "evaluation.sampled"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "抽检"
    DECISION: ClassVar[bool] = False

    call: Name
    method: Method
    form: Name
    evaluator: Name
    agent: Name | None = None


@dataclass(frozen=True, slots=True)
class EvaluationScored:
    """The evaluator scores the form."""

    TYPE: ClassVar[str] = "evaluation.scored"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "评分"
    DECISION: ClassVar[bool] = False

    items: tuple[ScoreItem, ...]
    score: Score


@dataclass(frozen=True, slots=True)
class EvaluationApproved:
    """The score counts from now on."""

    TYPE: ClassVar[str] = "evaluation.approved"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "评分审批"
    DECISION: ClassVar[bool] = True

    by: Name


@dataclass(frozen=True, slots=True)
class EvaluationDisputed:
    """The agent objects."""

    TYPE: ClassVar[str] = "evaluation.disputed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "评分异议"
    DECISION: ClassVar[bool] = False

    reason: Text


@dataclass(frozen=True, slots=True)
class EvaluationRescored:
    """A new score takes the place of the old."""

    TYPE: ClassVar[str] = "evaluation.rescored"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "复评"
    DECISION: ClassVar[bool] = False

    items: tuple[ScoreItem, ...]
    score: Score
    reason: Text


@dataclass(frozen=True, slots=True)
class EvaluationFedBack:
    """The agent was told."""

    TYPE: ClassVar[str] = "evaluation.fed_back"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "反馈"
    DECISION: ClassVar[bool] = False
