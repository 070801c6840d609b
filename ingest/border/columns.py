"""From decoded events to Arrow tables with the ledger's columns, one table a stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from opsledger.domain.catalogue import TYPES, column_name, columns_of, fields_of
from opsledger.domain.fields import FieldSpec, Kind

_DICT = pa.dictionary(pa.int32(), pa.string())
_TIMESTAMP = pa.timestamp("us", "UTC")
_ARROW: dict[Kind, pa.DataType] = {
    Kind.NAME: _DICT,
    Kind.TEXT: pa.string(),
    Kind.CHOICE: _DICT,
    Kind.INT: pa.int64(),
    Kind.DECIMAL: pa.decimal128(18, 4),
    Kind.TIME: _TIMESTAMP,
    Kind.BOOL: pa.bool_(),
    Kind.ID: pa.binary(16),
    Kind.IDS: pa.list_(pa.binary(16)),
    Kind.ITEMS: pa.string(),
    Kind.DOCUMENT: pa.string(),
}
_ENVELOPE: tuple[tuple[str, str, pa.DataType], ...] = (
    ("tenant", "tenant", _DICT),
    ("subject", "subject", pa.string()),
    ("occurred_at", "time", _TIMESTAMP),
    ("event_id", "id", pa.binary(16)),
    ("vendor", "vendor", _DICT),
    ("source", "source", _DICT),
    ("actor", "actor", _DICT),
    ("caused_by", "causedby", pa.binary(16)),
    ("corrects", "corrects", pa.binary(16)),
)
_STRINGS = (Kind.NAME, Kind.TEXT, Kind.CHOICE, Kind.ITEMS, Kind.DOCUMENT)
_NO_ID = bytes(16)


@cache
def schema_of(stream: str) -> pa.Schema:
    """The Arrow schema of a stream's batch: envelope, typed data fields, payload, and ``record``.

    ``record`` is the ordinal, within its chunk, of the input record that the event was made from.
    Absent strings are empty, absent ids are zero, all else absent is null.
    """
    data = [(column_name(s.name), _ARROW[s.rule.kind]) for s in columns_of(stream)]
    fixed = [(name, type_) for name, _, type_ in _ENVELOPE]
    return pa.schema(
        [*fixed, ("type", _DICT), ("version", pa.uint16()), ("payload", pa.binary()), *data, ("record", pa.int64())]
    )


@cache
def _getter(type_: str) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*[path for _, path, _ in _ENVELOPE], *[f"data.{s.name}" for s in fields_of(type_)])


def tables_of(events: Sequence[Any], payloads: Sequence[bytes], records: Sequence[int]) -> dict[str, pa.Table]:
    """One table a stream (see ``schema_of``) from wire events, their log values and their record ordinals."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, event in enumerate(events):
        groups[event.__struct_config__.tag].append(index)
    streams: dict[str, list[pa.Table]] = defaultdict(list)
    for type_, indexes in groups.items():
        streams[type_.partition(".")[0]].append(_type_table(type_, indexes, events, payloads, records))
    return {stream: pa.concat_tables(tables) for stream, tables in streams.items()}


def _type_table(
    type_: str, indexes: list[int], events: Sequence[Any], payloads: Sequence[bytes], records: Sequence[int]
) -> pa.Table:
    schema = schema_of(type_.partition(".")[0])
    values = list(zip(*map(_getter(type_), (events[i] for i in indexes)), strict=True))
    size = len(indexes)
    columns: dict[str, pa.Array] = {
        name: _array(values[i], arrow, is_string=arrow in (_DICT, pa.string())) for i, (name, _, arrow) in enumerate(_ENVELOPE)
    }
    for spec, column in zip(fields_of(type_), values[len(_ENVELOPE) :], strict=True):
        columns[column_name(spec.name)] = _data_array(spec, column)
    columns["type"] = pa.DictionaryArray.from_arrays(pa.array([0] * size, pa.int32()), [type_])
    columns["version"] = pa.array([TYPES[type_].VERSION] * size, pa.uint16())
    columns["payload"] = pa.array([payloads[i] for i in indexes], pa.binary())
    columns["record"] = pa.array([records[i] for i in indexes], pa.int64())
    return pa.table([columns[f.name] if f.name in columns else _absent(f.type, size) for f in schema], schema=schema)


def _data_array(spec: FieldSpec, values: Sequence[Any]) -> pa.Array:
    kind = spec.rule.kind
    if kind in (Kind.ITEMS, Kind.DOCUMENT):
        return pa.array(["" if v is None else msgspec.json.encode(v).decode() for v in values], pa.string())
    if kind is Kind.IDS:
        return pa.array([[u.bytes for u in v or ()] for v in values], _ARROW[kind])
    if kind is Kind.DECIMAL:
        return pa.array([None if v is None else round(v, 4) for v in values], _ARROW[kind])
    return _array(values, _ARROW[kind], is_string=kind in _STRINGS)


def _array(values: Sequence[Any], arrow: pa.DataType, *, is_string: bool) -> pa.Array:
    if is_string:
        array = pa.array(["" if v is None else v for v in values], pa.string())
        return array.dictionary_encode() if arrow == _DICT else array
    if pa.types.is_timestamp(arrow):
        return pa.array([_micros(v) for v in values], pa.int64()).cast(arrow)
    if pa.types.is_fixed_size_binary(arrow):
        return pa.array([_NO_ID if v is None else v.bytes for v in values], arrow)
    return pa.array(values, arrow)


def _micros(value: datetime | None) -> int | None:
    return None if value is None else round(value.astimezone(UTC).timestamp() * 1_000_000)


def _absent(arrow: pa.DataType, size: int) -> pa.Array:
    if arrow == _DICT:
        return pa.DictionaryArray.from_arrays(pa.array([0] * size, pa.int32()), [""])
    if pa.types.is_string(arrow):
        return pa.array([""] * size, arrow)
    if pa.types.is_list(arrow):
        return pa.array([[]] * size, arrow)
    return pa.nulls(size, arrow)
