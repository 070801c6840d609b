"""The judge's marshmallow schemas, one a type, derived from the declarations: what is valid, and why something is not."""

from __future__ import annotations

from functools import cache
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.envelope import IN_HOUSE
from opsledger.domain.errors import nearest
from opsledger.domain.fields import FieldSpec, Kind, specs_of
from opsledger.ingest.border.values import (
    ChoiceField,
    DecimalField,
    DocumentField,
    IdField,
    IntField,
    ListField,
    NameField,
    TextField,
    TimeField,
    TrueFalseField,
)

UNKNOWN_NAME = "is not a known name"
"""Starts the message about a name that the data does not have."""


class DataSchema(Schema):
    """A JSON object whose names are all known: an unknown one is refused with the nearest valid word."""

    error_messages = {"type": "wants an object"}  # noqa: RUF012  marshmallow's own interface

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def only_known_names(self, _data: Any, original: Any, **_: Any) -> None:
        """ValidationError naming the first unknown word."""
        unknown = [name for name in original if name not in self.fields] if isinstance(original, dict) else []
        if unknown:
            valid = tuple(self.fields) or ("no fields at all",)
            raise ValidationError(f"{UNKNOWN_NAME}{nearest(str(unknown[0]), valid)}", str(unknown[0])[:100])

    class Meta:
        """Unknown names are judged by ``only_known_names``."""

        unknown = EXCLUDE


class EnvelopeSchema(Schema):
    """The attributes that every event has; other attributes are allowed (CloudEvents extensions) and ignored."""

    specversion = ChoiceField(("1.0",), required=True)
    id = IdField(required=True)
    source = NameField(required=True)
    subject = NameField(required=True)
    time = TimeField(required=True)
    tenant = NameField(required=True)
    vendor = NameField(load_default=IN_HOUSE)
    actor = NameField(load_default="", min_bytes=0)
    causedby = IdField(load_default=None, allow_none=True)
    corrects = IdField(load_default=None, allow_none=True)
    correctssource = NameField(load_default="", min_bytes=0)

    class Meta:
        """Extensions stay in the payload."""

        unknown = EXCLUDE


@cache
def schema_of_type(type_: str) -> Schema:
    """The schema of a type's data, newest version."""
    return _schema(TYPES[type_].__name__, fields_of(type_))


@cache
def envelope_schema() -> Schema:
    """The schema of the envelope."""
    return EnvelopeSchema()


def _schema(name: str, specs: tuple[FieldSpec, ...]) -> Schema:
    made = DataSchema.from_dict({s.name: _field(s) for s in specs}, name=name)
    return made()


def _field(spec: FieldSpec) -> fields.Field[Any]:
    rule = spec.rule
    options: dict[str, Any] = {"load_default": None, "allow_none": True} if spec.optional else {"required": True}
    match rule.kind:
        case Kind.NAME:
            return NameField(max_bytes=rule.max_bytes, **options)
        case Kind.TEXT:
            return TextField(max_bytes=rule.max_bytes, **options)
        case Kind.CHOICE:
            return ChoiceField(spec.choices, **options)
        case Kind.INT:
            return IntField(rule.ge, rule.le, **options)
        case Kind.DECIMAL:
            return DecimalField(rule.ge, rule.le, **options)
        case Kind.IDS:
            return ListField(IdField(), rule.max_items, **options)
        case Kind.ITEMS:
            return _items(spec, options)
        case _:
            return _PLAIN[rule.kind](**options)


def _items(spec: FieldSpec, options: dict[str, Any]) -> fields.Field[Any]:
    if spec.item is None:
        raise TypeError(f"{spec.name}: items need a declared item")
    nested: fields.Field[Any] = fields.Nested(_schema(spec.item.__name__, specs_of(spec.item)))
    return ListField(nested, spec.rule.max_items, **options)


_PLAIN: dict[Kind, type[fields.Field[Any]]] = {
    Kind.TIME: TimeField,
    Kind.BOOL: TrueFalseField,
    Kind.ID: IdField,
    Kind.DOCUMENT: DocumentField,
}
