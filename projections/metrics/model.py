"""What a metric is made of: the vocabulary in which the registry is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Lang = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text in both languages of the product."""

    en: str
    zh: str

    def text(self, lang: Lang) -> str:
        """The text in a language."""
        return self.zh if lang == "zh" else self.en


class Unit(StrEnum):
    """What a number counts; raw values are in this unit, formats turn it into something readable."""

    COUNT = "count"
    MS = "ms"
    RATIO = "ratio"
    POINTS = "points"
    PER_HOUR = "per_hour"
    MONEY = "money"


UNIT_LABELS: Mapping[Unit, Label] = {
    Unit.COUNT: Label("count", "个"),
    Unit.MS: Label("milliseconds", "毫秒"),
    Unit.RATIO: Label("ratio (0–1, shown as %)", "比率(0–1,以 % 显示)"),
    Unit.POINTS: Label("points", "分"),
    Unit.PER_HOUR: Label("per hour", "每小时"),
    Unit.MONEY: Label("money, in the currency on record", "金额(按登记币种)"),
}


class Better(StrEnum):
    """Which direction is an improvement."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"


class Attribution(StrEnum):
    """Which interval an amount counts in (spec: attribution)."""

    ENTER = "enter"
    ANSWER = "answer"
    END = "end"
    DUE = "due"
    SPREAD = "spread"


MOVES = (Attribution.ENTER, Attribution.ANSWER, Attribution.END, Attribution.SPREAD)
"""The attributions that a report can be asked for; ``due`` belongs to its metrics alone."""


class Fold(StrEnum):
    """How the amounts of many rows become one number."""

    SUM = "sum"
    P90 = "p90"
    UNION = "union"
    """Milliseconds of the spans, those that overlap counted once."""


Times = tuple[str, ...]
"""Time columns of a fact table; the first that is not null says when the row counts."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What each row of a fact table adds: ``value`` where ``where`` holds, at one of ``times``.

    ``value`` and ``where`` are SQL over the table's columns. They may use the server-bound parameters of a
    run: ``{threshold_ms:Int64}``, ``{window_ms:Int64}``, ``{start:…}``, ``{stop:…}``, ``{cutoff:…}``, ``{tenant:String}``.
    ``span`` = (from, to) columns over which the value spreads; an open end counts to the cutoff. An amount with a span
    and no ``times`` always spreads.
    """

    table: str
    value: str
    where: str = ""
    times: Mapping[Attribution, Times] = field(default_factory=dict, hash=False)
    span: tuple[str, str] | None = None
    fold: Fold = Fold.SUM
    exact: bool = False
    """The value is a decimal, not a whole number."""
    currency: str = ""
    """The column that names the currency of money; amounts in several currencies are never added: their sum is empty."""
    money: bool = False
    """The value is money."""

    @property
    def unit(self) -> Unit:
        """What a sum of it counts: a span's length and every duration are milliseconds."""
        if self.exact:
            return Unit.MONEY if self.money else Unit.POINTS
        return Unit.MS if not self.value or "_ms" in self.value or "'millisecond'" in self.value else Unit.COUNT


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the dictionary: a sum of amounts, or a ratio of two sums.

    ``per`` multiplies a ratio when it is shown (3,600,000 makes calls per ms into calls per hour).
    """

    code: str
    label: Label
    definition: Label
    unit: Unit
    better: Better
    numerator: Amount
    denominator: Amount | None = None
    default: Attribution = Attribution.ENTER
    movable: bool = False
    per: int = 1
    source: str = "spec/02-metrics"
    needs: Label | None = None
    """Why it is empty where it is: what must be on record for there to be anything to divide by."""

    @property
    def additive(self) -> bool:
        """Whether values of different intervals and groups may be added up."""
        return self.denominator is None and self.numerator.fold is Fold.SUM

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """Numerator, and denominator where there is one."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

    @property
    def tables(self) -> tuple[str, ...]:
        """The fact tables that it reads."""
        return tuple(dict.fromkeys(a.table for a in self.amounts))

    def can(self, attribution: Attribution) -> bool:
        """Whether it can be asked for under an attribution."""
        if attribution is self.default:
            return True
        return self.movable and all(_knows(a, attribution) for a in self.amounts)

    def under(self, asked: Attribution | None) -> Attribution:
        """The attribution it is counted by when a report is asked for one."""
        return asked if asked is not None and self.can(asked) else self.default


def _knows(amount: Amount, attribution: Attribution) -> bool:
    if amount.span is not None and not amount.times:
        return True
    return amount.span is not None if attribution is Attribution.SPREAD else attribution in amount.times
