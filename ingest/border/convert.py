"""Between the wire and the domain: wire struct ↔ Event, and the bytes that the log keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import cache
from typing import Any, cast

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.envelope import Event, EventData
from opsledger.domain.fields import FieldSpec, Kind, specs_of
from opsledger.ingest.border.wire import (
    ENCODER,
    OBJECTS,
    STRUCTS,
    TEXTS,
    WireEvent,
    data_struct,
    event_struct,
    item_struct,
    schema_name,
)


def to_event(wire: WireEvent) -> Event:
    """The domain's event of a wire struct; all times in UTC, money as Decimal."""
    type_ = type_of(wire)
    return Event(
        event_id=wire.id,
        subject=wire.subject,
        tenant=wire.tenant,
        occurred_at=wire.time.astimezone(UTC),
        source=wire.source,
        data=cast("EventData", _declared(TYPES[type_], fields_of(type_), wire.data)),
        vendor=wire.vendor,
        actor=wire.actor,
        caused_by=wire.causedby,
        corrects=wire.corrects,
        corrects_source=wire.correctssource,
    )


def from_event(event: Event) -> WireEvent:
    """The wire struct of an event. Nothing is judged: give ``encode`` of it to a Border for that."""
    made: WireEvent = STRUCTS[event.type](
        specversion="1.0",
        id=event.event_id,
        source=event.source,
        subject=event.subject,
        time=event.occurred_at,
        tenant=event.tenant,
        data=_structured(data_struct(event.type, OBJECTS), fields_of(event.type), event.data),
        vendor=event.vendor,
        actor=event.actor,
        causedby=event.caused_by,
        corrects=event.corrects,
        correctssource=event.corrects_source,
        dataschema=schema_name(event.type),
    )
    return made


def as_texts(wire: WireEvent) -> Any:
    """The same event as a struct of texts (``wire.TEXTS``), to stand among those that were decoded in bulk."""
    type_ = type_of(wire)
    data = {s.name: _text(s.rule.kind, getattr(wire.data, s.name)) for s in fields_of(type_)}
    return event_struct(type_, TEXTS)(
        specversion="1.0",
        id=str(wire.id),
        source=wire.source,
        subject=wire.subject,
        time=_text(Kind.TIME, wire.time),
        tenant=wire.tenant,
        data=data_struct(type_, TEXTS)(**data),
        vendor=wire.vendor,
        actor=wire.actor,
        causedby=_text(Kind.ID, wire.causedby),
        corrects=_text(Kind.ID, wire.corrects),
        correctssource=wire.correctssource,
    )


def _text(kind: Kind, value: Any) -> Any:
    if value is None or kind not in (Kind.TIME, Kind.ID, Kind.IDS):
        return value
    if kind is Kind.TIME:
        return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    return str(value) if kind is Kind.ID else tuple(map(str, value))


def encode(wire: WireEvent) -> bytes:
    """The canonical JSON of an event: one line, without what is absent, times in UTC with Z, decimals as text."""
    return ENCODER.encode(wire)


def type_of(wire: WireEvent) -> str:
    """The event type of a wire struct."""
    return cast("str", cast("Any", wire).__struct_config__.tag)


def _declared(declaration: type, specs: tuple[FieldSpec, ...], data: Any) -> object:
    return declaration(**{s.name: _converter(s)(getattr(data, s.name)) for s in specs})


def _structured(struct: type[Any], specs: tuple[FieldSpec, ...], data: object) -> Any:
    return struct(**{s.name: _items_out(s, getattr(data, s.name)) for s in specs})


@cache
def _converter(spec: FieldSpec) -> Callable[[Any], Any]:
    if spec.rule.kind is Kind.TIME:
        return lambda value: None if value is None else value.astimezone(UTC)
    if spec.rule.kind is Kind.ITEMS and spec.item is not None:
        item, specs = spec.item, specs_of(spec.item)
        return lambda values: None if values is None else tuple(_declared(item, specs, v) for v in values)
    return lambda value: value


def _items_out(spec: FieldSpec, value: Any) -> Any:
    if spec.item is None or value is None:
        return value
    struct, specs = item_struct(spec.item, OBJECTS), specs_of(spec.item)
    return tuple(_structured(struct, specs, item) for item in value)
