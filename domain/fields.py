"""The kinds of field an event may carry, each with its limits and unit: the only place where a limit is written.

Border schemas, the fast decoder, ledger columns, JSON Schema and docs/events.md are all derived from these rules.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

MAX_EVENT_BYTES = 256 * 1024
MAX_TEXT_BYTES = 8 * 1024
MAX_NAME_BYTES = 256
MAX_DURATION_MS = 366 * 24 * 3600 * 1000
MAX_FUTURE_S = 5 * 60
MAX_LIST = 5_000
MAX_DOCUMENT_DEPTH = 16
EARLIEST_YEAR = 1990


class Kind(StrEnum):
    """What a field holds; each derived artefact switches on this and on nothing else."""

    NAME = "name"
    TEXT = "text"
    INT = "int"
    DECIMAL = "decimal"
    TIME = "time"
    BOOL = "bool"
    CHOICE = "choice"
    ID = "id"
    IDS = "ids"
    ITEMS = "items"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits of a kind of field: bytes of UTF-8 for strings, inclusive bounds for numbers."""

    kind: Kind
    unit: str = ""
    max_bytes: int = MAX_NAME_BYTES
    ge: int | None = None
    le: int | None = None
    max_items: int = MAX_LIST


Name = Annotated[str, Rule(Kind.NAME)]
"""An identifier or short label: 1 to 256 bytes, never empty."""
Text = Annotated[str, Rule(Kind.TEXT, max_bytes=MAX_TEXT_BYTES)]
"""Free text: 0 to 8 KiB."""
Millis = Annotated[int, Rule(Kind.INT, unit="ms", ge=0, le=MAX_DURATION_MS)]
"""A duration in whole milliseconds, never negative, at most 366 days."""
Count = Annotated[int, Rule(Kind.INT, ge=0, le=1_000_000_000)]
Rank = Annotated[int, Rule(Kind.INT, ge=-1_000_000, le=1_000_000)]
Amount = Annotated[Decimal, Rule(Kind.DECIMAL, unit="money", ge=-(10**12), le=10**12)]
"""Money or a quantity: decimal, at most 4 places, 12 digits before the point."""
Score = Annotated[Decimal, Rule(Kind.DECIMAL, unit="points", ge=-(10**6), le=10**6)]
Time = Annotated[datetime, Rule(Kind.TIME, unit="UTC")]
Flag = Annotated[bool, Rule(Kind.BOOL)]
EventId = Annotated[UUID, Rule(Kind.ID)]
EventIds = Annotated[tuple[UUID, ...], Rule(Kind.IDS)]
Document = Annotated[dict[str, Any], Rule(Kind.DOCUMENT)]
"""A JSON object, at most 16 levels deep (contract terms, a calendar, targets)."""
Month = Annotated[str, Rule(Kind.NAME, max_bytes=7)]
"""A calendar month, ``2026-01``."""
Currency = Annotated[str, Rule(Kind.NAME, max_bytes=3)]
"""ISO 4217 code."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of an event's data, as read off its declaration."""

    name: str
    rule: Rule
    optional: bool
    choices: tuple[str, ...] = ()
    item: type | None = None


def specs_of(declaration: type) -> tuple[FieldSpec, ...]:
    """The field specs of an event's data class (or of a nested item), in declaration order."""
    hints = get_type_hints(declaration, include_extras=True)
    return tuple(_spec(f.name, hints[f.name], f.default is not MISSING) for f in fields(declaration))


def _spec(name: str, hint: Any, has_default: bool) -> FieldSpec:
    inner, optional = _without_none(hint)
    if optional != has_default:
        raise TypeError(f"field {name}: optional fields, and only they, default to None")
    if get_origin(inner) is Literal:
        return FieldSpec(name, Rule(Kind.CHOICE), optional, choices=get_args(inner))
    rule = next((m for m in getattr(inner, "__metadata__", ()) if isinstance(m, Rule)), None)
    if rule is not None:
        return FieldSpec(name, rule, optional)
    if get_origin(inner) is tuple:
        return FieldSpec(name, Rule(Kind.ITEMS), optional, item=get_args(inner)[0])
    raise TypeError(f"field {name}: {inner!r} is not one of the kinds of domain.fields")


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, UnionType):
        rest = [a for a in get_args(hint) if a is not NoneType]
        return rest[0], len(rest) < len(get_args(hint))
    return hint, False
