"""Lengths of time as tables write them, to whole milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from opsledger.ingest.mapping.refused import Refused, refuse
from opsledger.ingest.mapping.times import shown

_UNIT_MS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})", re.ASCII)
_COLONS = re.compile(r"(-?)(?:(?:(\d{1,4})[ .])?(\d{1,6}):)?(\d{1,6}):(\d\d)(?:[.,](\d{1,9}))?", re.ASCII)
_ISO = re.compile(r"(-?)P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10})(?:\.(\d{1,9}))?S)?)?", re.ASCII)
_LITERAL = re.compile(r"(-?[\d.]+) ?(ms|s|min|h|d)", re.ASCII)


def reader_of(unit: str) -> Callable[[str], int | Refused]:
    """A reader of durations of one unit of ``schema.UNITS``, in milliseconds (half up)."""
    if unit in _UNIT_MS:
        return lambda text: _scaled(text, unit)
    return _iso if unit == "iso" else lambda text: _colons(text, unit)


def literal(text: str) -> int | None:
    """Milliseconds of a duration written in a mapping: ``20s``, ``1.5 min``, ``0:01:30``; None if it is none."""
    found = _LITERAL.fullmatch(text)
    value = _scaled(found[1], found[2]) if found else _colons(text, "h:mm:ss")
    return None if isinstance(value, Refused) else value


def _scaled(text: str, unit: str) -> int | Refused:
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text) * _UNIT_MS[unit]
    if not _NUMBER.fullmatch(text):
        return refuse(f"'{shown(text)}' is not a number of {unit}")
    return int((Decimal(text) * _UNIT_MS[unit]).to_integral_value("ROUND_HALF_UP"))


def _colons(text: str, unit: str) -> int | Refused:
    """``h:mm:ss`` wants three parts, ``mm:ss`` two or three; days may stand before: ``1.02:03:04``."""
    found = _COLONS.fullmatch(text)
    if found is None or (unit == "h:mm:ss" and found[3] is None) or int(found[5]) > 59 or (found[3] and int(found[4]) > 59):
        return refuse(f"'{shown(text)}' is not a duration {unit}")
    hours = int(found[2] or 0) * 24 + int(found[3] or 0)
    seconds = (hours * 60 + int(found[4])) * 60 + int(found[5])
    return (-1 if found[1] else 1) * (seconds * 1000 + _millis(found[6]))


def _iso(text: str) -> int | Refused:
    found = _ISO.fullmatch(text)
    if found is None or not any(found[i] for i in range(2, 6)):
        return refuse(f"'{shown(text)}' is not a duration like PT1M30S")
    days, hours, minutes, seconds = (int(found[i] or 0) for i in range(2, 6))
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return (-1 if found[1] else 1) * (total * 1000 + _millis(found[6]))


def _millis(fraction: str | None) -> int:
    return int((Decimal("0." + fraction) * 1000).to_integral_value("ROUND_HALF_UP")) if fraction else 0
