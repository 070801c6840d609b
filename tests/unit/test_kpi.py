"""The acceptance cases of the outsourced-desk contract, and what holds for every figure."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.kpi import Bonus, Scale, Shortfall, Steps, Target, Worth, points_of, worth_of
from opsledger.domain.money import rounded, to_money, total

ANSWERED = Target(Decimal(40), Decimal(97), Decimal(2), percent=True)
SATISFACTION = Target(Decimal(30), Decimal(90), Decimal(1), percent=True)
QUALITY = Target(Decimal(30), Decimal(90), Decimal(1))
PROPORTIONAL = Shortfall(Decimal(80))
FLAT = Shortfall(Decimal(80), inclusive=False, rate=Decimal(20))


def scale(shortfall: Shortfall = PROPORTIONAL, bonus: Bonus = Bonus.EXCESS, **more: Decimal) -> Scale:
    return Scale(Fraction(2000, 2), Fraction(7000), shortfall, bonus, **more)


def amount(points: str, **kwargs: object) -> Decimal:
    return to_money(worth_of(scale(**kwargs), Fraction(points)).amount)  # type: ignore[arg-type]  # test data


@pytest.mark.parametrize(
    ("figure", "points"),
    [("97/100", "40"), ("1", "40"), ("96/100", "38"), ("965/1000", "39"), ("87/100", "20"), ("77/100", "0"), ("0", "0")],
)
def test_two_points_go_for_each_percentage_point_below_97(figure: str, points: str) -> None:
    assert points_of(ANSWERED, Fraction(figure)) == Fraction(points)


def test_a_part_of_a_point_is_taken_in_proportion_unless_the_terms_say_whole() -> None:
    assert points_of(ANSWERED, Fraction(965, 1000)) == 39  # 96.5 % loses 1 point
    assert points_of(ANSWERED, Fraction(965, 1000), Steps.WHOLE) == 40
    assert points_of(ANSWERED, Fraction(955, 1000), Steps.WHOLE) == 38
    assert points_of(QUALITY, Fraction("89.5")) == Fraction("29.5")
    assert points_of(QUALITY, Fraction("89.5"), Steps.WHOLE) == 30


def test_satisfaction_loses_one_point_a_percentage_point() -> None:
    assert points_of(SATISFACTION, Fraction(80, 100)) == 20


def test_120_points_earn_200_yuan() -> None:
    assert amount("120") == Decimal("200.00")


def test_80_points_at_a_fee_of_7000_cost_1400_yuan() -> None:
    assert amount("80") == Decimal("-1400.00")


@pytest.mark.parametrize("points", ["80.0001", "90", "99.9999", "100"])
def test_between_80_and_100_there_is_neither(points: str) -> None:
    assert amount(points) == 0


@pytest.mark.parametrize(
    ("points", "yuan"),
    [("80", "0"), ("79.9999", "-1400.00"), ("50", "-1400.00"), ("0", "-1400.00"), ("110", "100.00")],
)
def test_the_other_reading_takes_a_flat_fifth_below_80(points: str, yuan: str) -> None:
    assert amount(points, shortfall=FLAT) == Decimal(yuan)


def test_in_proportion_70_points_cost_three_tenths_of_the_fee() -> None:
    assert amount("70") == Decimal("-2100.00")


@pytest.mark.parametrize(("points", "yuan"), [("100", "1000.00"), ("105", "1050.00"), ("95", "0")])
def test_the_reading_pool_pays_the_share_of_the_pool_by_points(points: str, yuan: str) -> None:
    assert amount(points, bonus=Bonus.POOL) == Decimal(yuan)


def test_the_pool_may_be_paid_from_fewer_points_when_the_terms_say_so() -> None:
    assert amount("95", bonus=Bonus.POOL, bonus_from=Decimal(81)) == Decimal("950.00")


def test_a_deduction_is_points_short_times_a_hundredth_of_the_fee() -> None:
    assert worth_of(scale(), Fraction(80)) == Worth(Fraction(20), Fraction(-70))
    assert worth_of(scale(), Fraction(120)) == Worth(Fraction(20), Fraction(10))


@given(st.fractions(0, 1), st.fractions(0, 1), st.sampled_from(Steps))
def test_points_never_fall_below_0_nor_rise_above_full_and_a_better_figure_never_loses(
    one: Fraction, other: Fraction, steps: Steps
) -> None:
    low, high = sorted((one, other))
    assert 0 <= points_of(ANSWERED, low, steps) <= points_of(ANSWERED, high, steps) <= 40
    assert points_of(ANSWERED, low, Steps.WHOLE) >= points_of(ANSWERED, low)


def test_thirds_are_exact_so_that_a_total_of_80_is_80() -> None:
    """The control: with 28 digits, thirds of a point would leave the total just off 80."""
    items = [points_of(Target(Decimal(40), Decimal(40), Decimal(1)), Fraction(80, 3)) for _ in range(3)]
    assert sum(items) == 80
    assert sum(Decimal(80) / Decimal(3) for _ in range(3)) != 80


@pytest.mark.parametrize(
    ("exact", "shown"), [("0.005", "0.00"), ("0.015", "0.02"), ("0.025", "0.02"), ("-0.005", "0.00"), ("2.675", "2.68")]
)
def test_money_is_rounded_half_to_even_and_zero_has_no_sign(exact: str, shown: str) -> None:
    assert str(to_money(Fraction(exact))) == shown


@given(st.decimals(-(10**9), 10**9, places=4))
def test_rounding_does_not_depend_on_the_callers_decimal_context(exact: Decimal) -> None:
    with localcontext(Context(prec=5)):
        poor = (to_money(exact), rounded(exact, 4), total([to_money(exact), Decimal("0.01")]))
    assert poor == (to_money(exact), rounded(exact, 4), total([to_money(exact), Decimal("0.01")]))
    assert rounded(exact, 4) == exact
    assert abs(to_money(exact) - exact) <= Decimal("0.005")
