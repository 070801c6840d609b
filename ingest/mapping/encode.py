"""Values of one field as JSON text and as Arrow columns; what is not plainly within its limits is marked for the judge.

The marks only ever send more to the judge (border.judge) than it would refuse; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from json import encoder
from typing import Any

import numpy as np

from opsledger.domain.fields import FieldSpec, Kind
from opsledger.ingest.mapping.frame import MEMO_SIZE

quoted: Callable[[str], str] = encoder.encode_basestring
"""A text as JSON, characters beyond ASCII as they are."""
_DAY_S = 86_400
_CLOCKS = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(_DAY_S)]
_CLOCKS_Z = [clock + "Z" for clock in _CLOCKS]
_TIMES = (
    int(datetime(1900, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000,
    int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000,
)


class Encoder(dict[Any, str]):
    """The JSON of each distinct value of a field, ``"name":value``; empty where there is no value.

    An optional field brings the comma before it along. ``odd`` holds the values that are not plainly right.
    """

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.odd: set[Any] = set()
        self._head = f'{"," if spec.optional else ""}"{spec.name}":'
        self._text = _JSON[spec.rule.kind]
        self._plain = _PLAIN[spec.rule.kind](spec)

    def __missing__(self, value: Any) -> str:
        if value is None:
            return ""
        if len(self) >= MEMO_SIZE:
            self.clear()
            self.odd.clear()
        if not self._plain(value):
            self.odd.add(value)
        text = self[value] = self._head + self._text(value)
        return text


def name_limit(max_bytes: int) -> Callable[[Any], bool]:
    """Whether a text is plainly one of 1 to so many bytes."""
    return lambda value: 0 < len(value) <= max_bytes and (value.isascii() or is_text(value, max_bytes))


def is_text(value: str, max_bytes: int) -> bool:
    """Whether a text is of whole characters and at most so many bytes of UTF-8."""
    try:
        return len(value.encode()) <= max_bytes
    except UnicodeEncodeError:
        return False


def time_text(micros: int) -> str:
    """RFC 3339 in UTC of microseconds since 1970: with six decimals, or none. Any year from 1 to 9999."""
    seconds, part = divmod(micros, 1_000_000)
    day, second = divmod(seconds, _DAY_S)
    return f"{_days[day]}{_CLOCKS[second]}.{part:06}Z" if part else _days[day] + _CLOCKS_Z[second]


class _Days(dict[int, str]):
    """The date of each day since 1970, with the letter that follows it."""

    def __missing__(self, day: int) -> str:
        if len(self) >= MEMO_SIZE:
            self.clear()
        try:
            text = datetime.fromordinal(719_163 + day).date().isoformat() + "T"
        except (ValueError, OverflowError):
            text = "0000-00-00T"  # not in any calendar: the judge refuses it
        self[day] = text
        return text


_days = _Days()


def time_texts(micros: Any) -> list[str]:
    """``time_text`` of a whole numpy column."""
    seconds, parts = np.divmod(micros, 1_000_000)
    if parts.any():
        return [time_text(value) for value in micros.tolist()]
    days, clocks = np.divmod(seconds, _DAY_S)
    return [_days[day] + _CLOCKS_Z[clock] for day, clock in zip(days.tolist(), clocks.tolist(), strict=True)]


def _choice(spec: FieldSpec) -> Callable[[Any], bool]:
    return frozenset(spec.choices).__contains__


def _within(spec: FieldSpec) -> Callable[[Any], bool]:
    low, high = spec.rule.ge, spec.rule.le
    return lambda value: low is not None and high is not None and low <= value <= high


def _exact(spec: FieldSpec) -> Callable[[Any], bool]:
    inside = _within(spec)
    return lambda value: inside(value) and -4 <= _exponent(value) <= 0


def _exponent(value: Any) -> int:
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return exponent if isinstance(exponent, int) else 1


def _json_number(value: Any) -> str:
    """Decimals travel as JSON text, so that no reader makes a float of them."""
    return f'"{value}"'


def _always(spec: FieldSpec) -> Callable[[Any], bool]:
    return lambda value: True


_JSON: dict[Kind, Callable[[Any], str]] = {
    Kind.NAME: quoted,
    Kind.TEXT: quoted,
    Kind.CHOICE: quoted,
    Kind.INT: str,
    Kind.DECIMAL: _json_number,
    Kind.BOOL: lambda value: "true" if value else "false",
    Kind.TIME: lambda value: f'"{time_text(value)}"',
    Kind.ITEMS: lambda value: "[]",
    Kind.DOCUMENT: lambda value: value,  # it is JSON already
}
_PLAIN: dict[Kind, Callable[[FieldSpec], Callable[[Any], bool]]] = {
    Kind.NAME: lambda spec: name_limit(spec.rule.max_bytes),
    Kind.TEXT: lambda spec: lambda value: is_text(value, spec.rule.max_bytes),
    Kind.CHOICE: _choice,
    Kind.INT: _within,
    Kind.DECIMAL: _exact,
    Kind.BOOL: _always,
    Kind.TIME: lambda spec: lambda value: _TIMES[0] <= value < _TIMES[1],
    Kind.ITEMS: _always,
    Kind.DOCUMENT: lambda spec: lambda value: False,  # how deep and how long it may be, the judge knows
}
