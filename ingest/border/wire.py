"""The fast form of an event: one compiled msgspec struct a type, derived from the declarations.

The fast path accepts a subset of what the judge (border.judge) accepts and gives the same result for it;
whatever it refuses is given to the judge to accept or to explain. Strings are bounded here in characters, a quarter
of the bytes that the rules allow, so that the compiled check can never be the laxer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

import msgspec

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.envelope import IN_HOUSE
from opsledger.domain.fields import MAX_LIST, FieldSpec, Kind, Rule, specs_of


class WireEvent(Protocol):
    """What every struct of ``STRUCTS`` has. Times are aware; ``data`` is the struct of the type's fields."""

    id: UUID
    source: str
    subject: str
    time: datetime
    tenant: str
    data: Any
    vendor: str
    actor: str
    causedby: UUID | None
    corrects: UUID | None
    correctssource: str
    dataschema: str


@dataclass(frozen=True, slots=True, eq=False)
class Holds:
    """What a family of structs holds times, ids and the schema's name in; told apart by identity."""

    time: Any
    id: Any
    ids: Any
    dataschema: Any


_NAME = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]  # 64 characters are at most 256 bytes
_SHORT_BYTES = 16
_SHORT = 64
"""Fields of fewer bytes (a currency, a month) are bounded as ASCII instead."""
OBJECTS = Holds(time=Annotated[datetime, msgspec.Meta(tz=True)], id=UUID, ids=tuple[UUID, ...], dataschema=str)
"""Python objects: what everybody works with."""
TEXTS = Holds(
    time=Annotated[str, msgspec.Meta(min_length=20, max_length=35)],
    id=Annotated[str, msgspec.Meta(min_length=36, max_length=36)],
    ids=tuple[Annotated[str, msgspec.Meta(min_length=36, max_length=36)], ...],
    dataschema=Literal[""],
)
"""The text as it came, checked and converted a column at a time: for imports in bulk (border.bulk)."""


def _text_type(rule: Rule) -> Any:
    low = 1 if rule.kind is Kind.NAME else 0
    if rule.max_bytes < _SHORT_BYTES:  # a currency, a month: a quarter would be too few, so ASCII only
        return Annotated[str, msgspec.Meta(min_length=low, max_length=rule.max_bytes, pattern="^[ -~]*$")]
    return Annotated[str, msgspec.Meta(min_length=low, max_length=rule.max_bytes // 4)]


def _item_type(spec: FieldSpec, holds: Holds) -> Any:
    if spec.item is None:
        raise TypeError(f"{spec.name}: items need a declared item")
    item: Any = item_struct(spec.item, holds)
    return Annotated[tuple[item, ...], msgspec.Meta(max_length=MAX_LIST)]


def _field_type(spec: FieldSpec, holds: Holds) -> Any:
    rule = spec.rule
    plain: dict[Kind, Any] = {
        Kind.INT: Annotated[int, msgspec.Meta(ge=rule.ge, le=rule.le)],
        Kind.DECIMAL: Decimal,
        Kind.TIME: holds.time,
        Kind.BOOL: bool,
        Kind.ID: holds.id,
        Kind.IDS: Annotated[holds.ids, msgspec.Meta(max_length=rule.max_items)],
        Kind.DOCUMENT: dict[str, Any],
    }
    if rule.kind in (Kind.NAME, Kind.TEXT):
        return _text_type(rule)
    if rule.kind is Kind.CHOICE:
        return Literal[spec.choices]
    return _item_type(spec, holds) if rule.kind is Kind.ITEMS else plain[rule.kind]


def _data_struct(name: str, specs: tuple[FieldSpec, ...], holds: Holds) -> type[msgspec.Struct]:
    types = [(s.name, _field_type(s, holds), s.optional) for s in specs]
    fields = [(name, type_ | None, None) if optional else (name, type_) for name, type_, optional in types]
    return msgspec.defstruct(name, fields, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False)


@cache
def item_struct(item: type, holds: Holds) -> type[Any]:
    """The struct of a declared item (one line of a list inside data)."""
    return _data_struct(item.__name__, specs_of(item), holds)


@cache
def data_struct(type_: str, holds: Holds) -> type[Any]:
    """The struct of a type's data."""
    return _data_struct(TYPES[type_].__name__, fields_of(type_), holds)


@cache
def event_struct(type_: str, holds: Holds) -> type[Any]:
    """The struct of a whole event of a type: envelope and data."""
    fields: list[Any] = [
        ("specversion", Literal["1.0"]),
        ("id", holds.id),
        ("source", _NAME),
        ("subject", _NAME),
        ("time", holds.time),
        ("tenant", _NAME),
        ("data", data_struct(type_, holds)),
        ("vendor", _NAME, IN_HOUSE),
        ("actor", Annotated[str, msgspec.Meta(max_length=64)], ""),
        ("causedby", holds.id | None, None),
        ("corrects", holds.id | None, None),
        ("correctssource", Annotated[str, msgspec.Meta(max_length=64)], ""),
        ("dataschema", holds.dataschema, ""),
    ]
    name = TYPES[type_].__name__ + "Event"
    return msgspec.defstruct(name, fields, tag_field="type", tag=type_, frozen=True, omit_defaults=True, gc=False)


def schema_name(type_: str) -> str:
    """The ``dataschema`` of a type's newest version; empty (absent) for version 1."""
    version = TYPES[type_].VERSION
    return f"urn:opsledger:{type_}:{version}" if version > 1 else ""


STRUCTS: dict[str, type[Any]] = {type_: event_struct(type_, OBJECTS) for type_ in TYPES}
"""Type name → compiled struct of the whole event (envelope and data)."""

DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, STRUCTS.values()))
ENCODER = msgspec.json.Encoder()
