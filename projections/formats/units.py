"""Units as people and programs read them, and numbers written in them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from opsledger.projections.metrics.model import Label, Lang, Unit
from opsledger.projections.reports.model import BY_ROW, INTERVAL, TEXT, TIME

MONEY, FLAG = "money", "flag"
_SHORT: Mapping[str, Label] = {
    Unit.COUNT: Label("number", "个"),
    Unit.MS: Label("h:mm:ss", "时:分:秒"),
    Unit.RATIO: Label("%", "%"),
    Unit.POINTS: Label("points", "分"),
    Unit.PER_HOUR: Label("per hour", "每小时"),
    MONEY: Label("amount", "金额"),
    "days": Label("days", "天"),
    "per_call": Label("per call", "每通"),
    "quantity": Label("", ""),
    "exact": Label("", ""),
    "unit_price": Label("", ""),
}
"""Unit → what stands under a title where values are shown for reading."""
_RAW = {Unit.COUNT: "", Unit.MS: "ms", Unit.RATIO: "0–1", Unit.PER_HOUR: "/h", Unit.POINTS: "", "days": "d"}
"""Unit → what stands behind a title where values are raw; '' where the number is what it says."""
_EXACT = ("quantity", "exact", "unit_price")
"""Numbers of a statement: every decimal that they have, and no unit of their own."""
NOT_FIGURES = (TEXT, TIME, INTERVAL, FLAG, BY_ROW, "")


def unit_text(unit: str, lang: Lang, currency: str = "") -> str:
    """The unit of values as they are shown: ``h:mm:ss``, ``%``; a currency's code for money where it is known."""
    if unit == MONEY and currency:
        return currency
    if unit in _SHORT:
        return _SHORT[unit].text(lang)
    return "" if unit in NOT_FIGURES else unit.replace("_", " ")


def raw_unit(unit: str, currency: str = "") -> str:
    """The unit of raw values: ``ms``, ``0–1``; '' for a count."""
    if unit == MONEY:
        return currency
    return "" if unit in NOT_FIGURES else _RAW.get(unit, unit.replace("_", " "))


def is_figure(unit: str) -> bool:
    """Whether a column of this unit holds numbers to be read as such (its values may have their row's unit)."""
    return unit == BY_ROW or unit not in NOT_FIGURES


def duration(ms: int | Decimal) -> str:
    """``mm:ss``, or ``h:mm:ss`` from an hour on; rounded to seconds."""
    seconds = int((abs(Decimal(ms)) / 1000).quantize(Decimal(1), ROUND_HALF_UP))
    sign = "-" if ms < 0 and seconds else ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours:,}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes:02}:{rest:02}"


def _places(value: int | Decimal, places: int) -> str:
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"


def number(value: int | Decimal, unit: str) -> str:
    """A number in its unit, rounded for reading: a count, a duration, a percentage, an amount of money."""
    if unit == Unit.MS:
        return duration(value)
    if unit == Unit.RATIO:
        return f"{_places(value * 100, 2)} %"
    if unit in _EXACT:
        return f"{Decimal(value).normalize():,f}"
    whole = isinstance(value, int) or value == value.to_integral_value()
    return f"{int(value):,}" if whole and unit not in (Unit.PER_HOUR, MONEY) else _places(value, 2)
