"""Money is exact until it is written on a line; there it is rounded once, half to even, to 0.01."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

PLACES = 2
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.01")


def to_money(amount: Fraction | Decimal | int) -> Decimal:
    """An exact amount as money: two decimal places, half to even. Zero carries no sign."""
    return rounded(amount, PLACES)


def rounded(value: Fraction | Decimal | int, places: int) -> Decimal:
    """An exact number with a fixed count of decimal places, half to even; for quantities and unit amounts too."""
    hundredths = round(Fraction(value) * 10**places)  # Fraction.__round__ is exact and goes half to even
    return Decimal(hundredths).scaleb(-places, _EXACT)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts that are rounded already; it needs no further rounding, whatever the caller's context."""
    result = Decimal(0).quantize(_CENT)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result
