"""JSON Schema (2020-12) of every event type, for those who write records elsewhere; derived from the declarations."""

from __future__ import annotations

from typing import Any

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.envelope import IN_HOUSE
from opsledger.domain.fields import MAX_NAME_BYTES, FieldSpec, Kind, specs_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset, kept to the microsecond"}
_NAME = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES}
_DECIMAL = r"^-?[0-9]{1,13}(\.[0-9]{1,4})?$"


def schema_of(type_: str) -> dict[str, Any]:
    """The JSON Schema of one event type, newest version. KeyError for a type that is not declared.

    Limits in bytes of UTF-8 are given as characters here, which JSON Schema counts; the border counts bytes.
    """
    declaration = TYPES[type_]
    return {
        "$schema": DIALECT,
        "$id": f"urn:opsledger:{type_}:{declaration.VERSION}",
        "title": f"{type_} {declaration.ZH}",
        "description": declaration.__doc__,
        "type": "object",
        "properties": {
            "type": only(type_),
            "specversion": {"type": "string", "const": "1.0"},
            "id": _UUID,
            "source": _NAME,
            "subject": _NAME,
            "time": _TIME,
            "tenant": _NAME,
            "vendor": {**_NAME, "default": IN_HOUSE},
            "actor": {"type": "string", "maxLength": MAX_NAME_BYTES, "default": ""},
            "causedby": _UUID,
            "corrects": _UUID,
            "correctssource": {"type": "string", "maxLength": MAX_NAME_BYTES, "default": ""},
            "dataschema": {"type": "string", "pattern": rf"^urn:opsledger:{type_.replace('.', '[.]')}:[1-9][0-9]*$"},
            "data": _object(fields_of(type_)),
        },
        "required": ["type", "specversion", "id", "source", "subject", "time", "tenant", "data"],
    }


def only(word: str) -> dict[str, Any]:
    """A text that can be one word alone. To the dialect ``const`` would do; generators of clients tell types by ``enum``."""
    return {"type": "string", "const": word, "enum": [word]}


def _object(specs: tuple[FieldSpec, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {s.name: _described(s) for s in specs},
        "required": [s.name for s in specs if not s.optional],
        "additionalProperties": False,
    }


def _described(spec: FieldSpec) -> dict[str, Any]:
    made = _field(spec)
    if spec.rule.unit and "description" not in made:
        made = {**made, "description": f"unit: {spec.rule.unit}"}
    return {"anyOf": [made, {"type": "null"}]} if spec.optional else made


def _field(spec: FieldSpec) -> dict[str, Any]:
    rule = spec.rule
    match rule.kind:
        case Kind.NAME | Kind.TEXT:
            return {"type": "string", "minLength": int(rule.kind is Kind.NAME), "maxLength": rule.max_bytes}
        case Kind.INT:
            return {"type": "integer", "minimum": rule.ge, "maximum": rule.le}
        case Kind.DECIMAL:
            number = {"type": "number", "minimum": rule.ge, "maximum": rule.le}
            return {"anyOf": [{"type": "string", "pattern": _DECIMAL}, number]}
        case Kind.CHOICE:
            return {"type": "string", "enum": list(spec.choices)}
        case Kind.IDS:
            return {"type": "array", "items": _UUID, "maxItems": rule.max_items}
        case Kind.ITEMS:
            return {"type": "array", "items": _object(specs_of(spec.item or object)), "maxItems": rule.max_items}
        case _:
            return dict(_PLAIN[rule.kind])


_PLAIN: dict[Kind, dict[str, Any]] = {
    Kind.TIME: _TIME,
    Kind.BOOL: {"type": "boolean"},
    Kind.ID: _UUID,
    Kind.DOCUMENT: {"type": "object"},
}
