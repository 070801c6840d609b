"""The judge's kinds of value, as strict as JSON: no text for numbers, no numbers for flags, bytes of UTF-8 counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, NoReturn
from uuid import UUID

from marshmallow import ValidationError, fields

from opsledger.domain.errors import nearest
from opsledger.domain.fields import MAX_DOCUMENT_DEPTH, MAX_NAME_BYTES, MAX_TEXT_BYTES

NO_OFFSET = "no offset"
"""Starts the message of a time whose moment is not known for want of an offset."""
PLACES = 4
"""Decimals carry at most this many places."""
_TEN_THOUSANDTH = Decimal(1).scaleb(-PLACES)
_UUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_JSON_NAMES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def _kind(value: Any) -> str:
    return _JSON_NAMES.get(type(value), type(value).__name__)


def _wrong(wanted: str, value: Any) -> NoReturn:
    raise ValidationError(f"wants {wanted}, got {_kind(value)}")


class _Strict(fields.Field[Any]):
    default_error_messages = {"required": "is missing", "null": "may not be null"}  # noqa: RUF012  marshmallow's own interface


class TextField(_Strict):
    """Text of at most so many bytes of UTF-8."""

    def __init__(self, *, max_bytes: int = MAX_TEXT_BYTES, min_bytes: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.max_bytes, self.min_bytes = max_bytes, min_bytes

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        if not isinstance(value, str):
            _wrong("text", value)
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise ValidationError("holds half of a surrogate pair, which is not a character") from None
        if size < self.min_bytes:
            raise ValidationError("may not be empty")
        if size > self.max_bytes:
            raise ValidationError(f"has {size} bytes, at most {self.max_bytes} are allowed")
        return value


class NameField(TextField):
    """An identifier: not empty, at most 256 bytes."""

    def __init__(self, *, max_bytes: int = MAX_NAME_BYTES, min_bytes: int = 1, **options: Any) -> None:
        super().__init__(max_bytes=max_bytes, min_bytes=min_bytes, **options)


class ChoiceField(_Strict):
    """One of a closed set of words."""

    def __init__(self, choices: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.choices = tuple(choices)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        if not isinstance(value, str):
            _wrong("text", value)
        if value not in self.choices:
            raise ValidationError(f"'{shown(value)}' is not known{nearest(value, self.choices)}")
        return value


class TrueFalseField(_Strict):
    """true or false; nothing else stands for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> bool:
        return value if isinstance(value, bool) else _wrong("true or false", value)


class IntField(_Strict):
    """A whole number, written as one, within inclusive bounds."""

    def __init__(self, ge: int | None, le: int | None, **options: Any) -> None:
        super().__init__(**options)
        self.ge, self.le = ge, le

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError(f"wants a whole number, got {shown(value) if isinstance(value, Decimal) else _kind(value)}")
        _within(value, self.ge, self.le)
        return value


class DecimalField(_Strict):
    """An exact number, as text or as a JSON number, of at most 4 places and within inclusive bounds."""

    def __init__(self, ge: int | None, le: int | None, **options: Any) -> None:
        super().__init__(**options)
        self.ge, self.le = ge, le

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            _wrong("a decimal number", value)
        try:
            number = Decimal(value)
        except (InvalidOperation, ValueError):
            raise ValidationError(f"'{shown(value)}' is not a decimal number") from None
        if not number.is_finite():
            raise ValidationError(f"'{shown(value)}' is not a finite number")
        _within(number, self.ge, self.le)
        if not fits_places(number):
            raise ValidationError(f"{shown(value)} has more than {PLACES} places")
        return number


def fits_places(number: Decimal) -> bool:
    """Whether a finite decimal (below 10**15) has at most 4 places; zeros at the end do not count."""
    exponent = number.as_tuple().exponent
    return (isinstance(exponent, int) and exponent >= -PLACES) or number == number.quantize(_TEN_THOUSANDTH)


def _within(value: int | Decimal, ge: int | None, le: int | None) -> None:
    if (ge is not None and value < ge) or (le is not None and value > le):
        raise ValidationError(f"{shown(value)} is outside {ge} to {le}")


class IdField(_Strict):
    """A UUID: 32 hexadecimal digits, with or without its four hyphens."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> UUID:
        if not isinstance(value, str):
            _wrong("a UUID", value)
        if not _UUID.fullmatch(value):
            raise ValidationError(f"'{shown(value)}' is not a UUID")
        return UUID(value)


class TimeField(_Strict):
    """A moment, RFC 3339 with its offset; kept to the microsecond, a seventh digit rounds it (half up).

    A leap second is kept as the last microsecond before the next minute: later than all before it, no later than what follows,
    and in its own day and month.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> datetime:
        if not isinstance(value, str):
            _wrong("a time", value)
        return parse_time(value)


def parse_time(text: str) -> datetime:
    """An aware datetime from RFC 3339 text. ValidationError where it is none, or has no offset."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValidationError(f"'{shown(text)}' is not a time like 2026-01-05T01:02:03.123456Z")
    fraction, offset = found[7] or "", found[8]
    if offset is None:
        raise ValidationError(f"{NO_OFFSET}: '{shown(text)}' does not say Z or +08:00, so its moment is not known")
    micros = int(fraction[:6].ljust(6, "0")) + (fraction[6:7] >= "5")
    try:
        if found[6] == "60":
            return _leap(datetime(*(int(found[i]) for i in range(1, 6)), 59, tzinfo=_zone(offset)))  # type: ignore[arg-type, misc]
        whole = datetime(*(int(found[i]) for i in range(1, 7)), tzinfo=_zone(offset))  # type: ignore[arg-type, misc]  # six ints
        return whole + timedelta(microseconds=micros)
    except (ValueError, OverflowError) as error:
        raise ValidationError(f"'{shown(text)}' is not a time: {error}") from None


def _leap(before: datetime) -> datetime:
    """The leap second after a second. ValueError where none can be: they come at the end of a month of UTC."""
    after = before.astimezone(UTC) + timedelta(seconds=1)
    if (after.day, after.hour, after.minute) != (1, 0, 0):
        raise ValueError("second 60 is only at the end of a month (UTC)")
    return before.replace(microsecond=999_999)


def _zone(offset: str) -> timezone:
    hours, minutes = (0, 0) if offset in "Zz" else (int(offset[1:3]), int(offset[-2:]))
    if hours > 23 or minutes > 59:
        raise ValueError(f"offset {offset} is more than a day")
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if offset[0] == "-" else delta) if delta else UTC


class ListField(_Strict):
    """A list of at most so many items, given back as a tuple."""

    def __init__(self, item: fields.Field[Any], max_items: int, **options: Any) -> None:
        super().__init__(**options)
        self.item, self.max_items = item, max_items

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            _wrong("a list", value)
        if len(value) > self.max_items:
            raise ValidationError(f"has {len(value)} items, at most {self.max_items} are allowed")
        return tuple(self._one(index, item) for index, item in enumerate(value))

    def _one(self, index: int, value: Any) -> Any:
        try:
            return self.item.deserialize(value, str(index), None)
        except ValidationError as error:
            raise ValidationError({str(index): error.messages}) from None


class DocumentField(_Strict):
    """A JSON object of at most 16 levels; its numbers are floats where they have a point."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            _wrong("an object", value)
        document: dict[str, Any] = _plain(value, 1)
        return document


def _plain(value: Any, depth: int) -> Any:
    if depth > MAX_DOCUMENT_DEPTH and isinstance(value, (dict, list)):
        raise ValidationError(f"is nested more than {MAX_DOCUMENT_DEPTH} levels deep")
    if isinstance(value, dict):
        return {_plain(name, depth): _plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, str):
        return TextField().deserialize(value)
    if isinstance(value, Decimal):
        return _float(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        raise ValidationError(f"{shown(value)} is too large a whole number")
    return value


def _float(value: Decimal) -> float:
    number = float(value)
    if not isfinite(number):
        raise ValidationError(f"{shown(value)} is too large a number")
    return number


def shown(value: Any) -> str:
    """A value cut short for a message."""
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "…"
