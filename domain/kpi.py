"""KPI 绩效考核: from figures to points, from points to a bonus or a deduction. Exact fractions; nothing is rounded here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

FULL_SCORE = 100


class Steps(StrEnum):
    """Whether a part of a point below the target counts in proportion, or only whole points do."""

    PROPORTIONAL = "proportional"
    WHOLE = "whole"


class Bonus(StrEnum):
    """``excess``: base × (total − 100) %. ``pool``: base × total %."""

    EXCESS = "excess"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Target:
    """Full points at or above ``target``; below it ``loss`` points go for each unit that is missing.

    The unit is the figure's own: a percentage point where ``percent``, else a point.
    """

    points: Decimal
    target: Decimal
    loss: Decimal
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Shortfall:
    """When money is taken (total ``<= limit``, or ``< limit`` where not ``inclusive``), and how much.

    ``rate`` is a percentage of the fee; None = in proportion, (100 − total) %.
    """

    limit: Decimal
    inclusive: bool = True
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """What a total of points is worth. ``base`` is one agent's share of the pool, ``fee`` the seat's monthly fee."""

    base: Fraction
    fee: Fraction
    shortfall: Shortfall
    bonus: Bonus = Bonus.EXCESS
    bonus_from: Decimal = Decimal(FULL_SCORE)


@dataclass(frozen=True, slots=True)
class Worth:
    """Money for a total: ``quantity`` points (or shares of the fee) at ``unit`` each; a deduction has a negative unit."""

    quantity: Fraction
    unit: Fraction

    @property
    def amount(self) -> Fraction:
        """Exact and signed."""
        return self.quantity * self.unit


def points_of(target: Target, figure: Fraction, steps: Steps = Steps.PROPORTIONAL) -> Fraction:
    """The points of one item, never below 0. ``figure`` is a ratio (0.965) where the target is a percentage."""
    reached = figure * 100 if target.percent else figure
    missing = max(Fraction(0), Fraction(target.target) - reached)
    if steps is Steps.WHOLE:
        missing = Fraction(missing.numerator // missing.denominator)
    return max(Fraction(0), Fraction(target.points) - missing * Fraction(target.loss))


def worth_of(scale: Scale, total: Fraction) -> Worth:
    """A bonus, a deduction, or neither, for a total of points."""
    if _short(scale.shortfall, total):
        return _deduction(scale, total)
    if total >= Fraction(scale.bonus_from):
        over = total - FULL_SCORE if scale.bonus is Bonus.EXCESS else total
        return Worth(max(over, Fraction(0)), scale.base / FULL_SCORE)
    return Worth(Fraction(0), Fraction(0))


def _short(shortfall: Shortfall, total: Fraction) -> bool:
    limit = Fraction(shortfall.limit)
    return total <= limit if shortfall.inclusive else total < limit


def _deduction(scale: Scale, total: Fraction) -> Worth:
    if scale.shortfall.rate is None:
        return Worth(FULL_SCORE - total, -scale.fee / FULL_SCORE)
    return Worth(Fraction(1), -scale.fee * Fraction(scale.shortfall.rate) / 100)
