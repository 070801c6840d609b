"""Numbers as people write them into terms and commands: of a size that arithmetic and print can bear."""

from __future__ import annotations

from decimal import Decimal

PLACES = 4
_MAX_DIGITS = 40
_MAX_EXPONENT = 40


def is_short(number: Decimal) -> bool:
    """Whether a decimal is finite and has at most four places. ``1e999999999`` and ``1e-999999999`` are a few characters that
    no arithmetic takes, or that are printed as a gigabyte of zeros: their exponents are looked at before anything else."""
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    if len(digits) > _MAX_DIGITS or not isinstance(exponent, int) or abs(exponent) > _MAX_EXPONENT:
        return False
    return -int(number.normalize().as_tuple().exponent) <= PLACES
