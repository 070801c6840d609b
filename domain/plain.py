"""Declared data as plain JSON values and back, with every limit of the declaration checked: for what people decide here.

Facts come in through the border (ingest). Commands and stored decisions do not, so their limits are read off the same
rules of ``domain.fields`` by this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from uuid import UUID

from opsledger.domain.errors import UserError, nearest
from opsledger.domain.fields import EARLIEST_YEAR, MAX_DOCUMENT_DEPTH, MAX_TEXT_BYTES, FieldSpec, Kind, specs_of
from opsledger.domain.numbers import is_short

Plain = dict[str, Any]
T = TypeVar("T")


def time_text(value: datetime) -> str:
    """A moment as RFC 3339 in UTC with microseconds: ``2026-01-05T01:02:03.000000Z``."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_plain(data: object) -> Plain:
    """The fields of a declared dataclass as JSON values; absent optional fields are left out."""
    values = ((spec, getattr(data, spec.name)) for spec in specs_of(type(data)))
    return {spec.name: _plain_value(spec, value) for spec, value in values if value is not None}


def from_plain(declaration: type[T], values: Mapping[str, Any]) -> T:
    """A declared dataclass from JSON values (or from values already of the right type).

    Raises UserError that names the field, for an unknown or missing name and for a value outside its limits.
    """
    specs = {spec.name: spec for spec in specs_of(declaration)}
    for name in values:
        if name not in specs:
            raise UserError(f"unknown field '{name}'{nearest(name, tuple(specs))}")
    missing = [s.name for s in specs.values() if not s.optional and values.get(s.name) is None]
    if missing:
        raise UserError(f"'{missing[0]}' is missing")
    given = {name: value for name, value in values.items() if value is not None}
    return declaration(**{name: _value(specs[name], value) for name, value in given.items()})


def checked(data: T) -> T:
    """The same data after a check of every limit; raises UserError as ``from_plain``."""
    return from_plain(type(data), to_plain(data))


def _plain_value(spec: FieldSpec, value: Any) -> Any:
    kind = spec.rule.kind
    if kind is Kind.TIME and isinstance(value, datetime):
        return time_text(value) if value.tzinfo else value
    if kind is Kind.ITEMS:
        return [to_plain(item) for item in value]
    if kind is Kind.IDS:
        return [str(item) for item in value]
    return str(value) if kind in (Kind.DECIMAL, Kind.ID) else value


def _value(spec: FieldSpec, value: Any) -> Any:
    try:
        return _READERS[spec.rule.kind](spec, value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise UserError(f"'{spec.name}': {error}") from error


def _string(spec: FieldSpec, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is needed, not {type(value).__name__}")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise ValueError("the text is not valid Unicode") from error
    if size > spec.rule.max_bytes:
        raise ValueError(f"{size} bytes long; at most {spec.rule.max_bytes} are allowed")
    if not value and spec.rule.kind is Kind.NAME:
        raise ValueError("it is empty")
    return value


def _choice(spec: FieldSpec, value: Any) -> str:
    if value not in spec.choices:
        raise ValueError(f"'{value}' is not allowed{nearest(str(value), spec.choices)}")
    return str(value)


def _bounded(spec: FieldSpec, value: int | Decimal) -> None:
    low, high = spec.rule.ge, spec.rule.le
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(f"{value} is outside {low} to {high}")


def _integer(spec: FieldSpec, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a whole number is needed, not '{value}'")
    _bounded(spec, value)
    return value


def _decimal(spec: FieldSpec, value: Any) -> Decimal:
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise TypeError(f"a decimal number in quotes is needed, not '{value}'")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"'{str(value)[:80]}' is not a number") from error
    if not is_short(number):
        raise ValueError(f"{str(value)[:80]} needs to be a number with at most 4 decimal places")
    _bounded(spec, number)
    return number


def read_time(value: Any) -> datetime:
    """A moment, UTC, from RFC 3339 text or an aware datetime; ValueError or TypeError tells what is wrong."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"'{value}' has no UTC offset; write it like 2026-01-05T09:00:00+08:00")
    if moment.year < EARLIEST_YEAR:
        raise ValueError(f"{value} is before {EARLIEST_YEAR}")
    return moment.astimezone(UTC)


def _flag(_spec: FieldSpec, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false is needed, not '{value}'")
    return value


def _id(_spec: FieldSpec, value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def _ids(spec: FieldSpec, value: Any) -> tuple[UUID, ...]:
    if not isinstance(value, list | tuple) or len(value) > spec.rule.max_items:
        raise ValueError(f"a list of at most {spec.rule.max_items} ids is needed")
    return tuple(_id(spec, item) for item in value)


def _items(spec: FieldSpec, value: Any) -> tuple[Any, ...]:
    if spec.item is None or not isinstance(value, list | tuple) or len(value) > spec.rule.max_items:
        raise ValueError(f"a list of at most {spec.rule.max_items} items is needed")
    return tuple(from_plain(spec.item, item) for item in value)


def document(value: Any, depth: int = MAX_DOCUMENT_DEPTH) -> Any:
    """A copy of a JSON document in which decimal numbers are text, so that no number passes through a binary fraction.

    Raises ValueError for a binary float, a name that is not text, or nesting deeper than ``depth``.
    """
    if depth < 1:
        raise ValueError(f"nested deeper than {MAX_DOCUMENT_DEPTH} levels")
    if isinstance(value, Mapping):
        if bad := next((key for key in value if not isinstance(key, str)), None):
            raise ValueError(f"the name {bad!r} has to be text")
        return {key: document(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item, depth - 1) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str) and len(value.encode(errors="replace")) > MAX_TEXT_BYTES:
        raise ValueError(f"a text in it is longer than {MAX_TEXT_BYTES} bytes")
    if value is None or isinstance(value, str | int | bool):
        return value
    raise ValueError(f"{value!r} ({type(value).__name__}) cannot be kept exactly; write it as text in quotes")


def _document(_spec: FieldSpec, value: Any) -> Plain:
    if not isinstance(value, Mapping):
        raise TypeError("an object is needed")
    made: Plain = document(value)
    return made


_READERS: dict[Kind, Callable[[FieldSpec, Any], Any]] = {
    Kind.NAME: _string,
    Kind.TEXT: _string,
    Kind.CHOICE: _choice,
    Kind.INT: _integer,
    Kind.DECIMAL: _decimal,
    Kind.TIME: lambda _spec, value: read_time(value),
    Kind.BOOL: _flag,
    Kind.ID: _id,
    Kind.IDS: _ids,
    Kind.ITEMS: _items,
    Kind.DOCUMENT: _document,
}
