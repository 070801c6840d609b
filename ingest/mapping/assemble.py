"""The events of all rules of a batch as one Arrow table a stream, rows in the order of the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.domain.catalogue import TYPES, column_name, columns_of
from opsledger.domain.fields import FieldSpec, Kind
from opsledger.ingest.border.columns import schema_of
from opsledger.ingest.chunk import OnChange

ON_CHANGE = pa.field("on_change", pa.int8())
_NUMBERS = (Kind.INT, Kind.TIME, Kind.BOOL, Kind.DECIMAL)
_BLOCK = 16_384


@dataclass(slots=True)
class Part:
    """What one rule made. A value that is no list is that of every event."""

    type: str
    records: Any
    at: Any
    ids: Any
    payloads: list[str]
    subjects: list[str] = field(default_factory=list)
    names: dict[str, str | list[str]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    on_change: OnChange = OnChange.CONFLICT


def assembled(stream: str, parts: Sequence[Part], dead: Any) -> pa.Table:
    """The stream's table (``schema_of`` and ``on_change``), without the events of dead rows."""
    records = np.concatenate([part.records for part in parts])
    order = np.argsort(records, kind="stable")
    if len(dead):
        order = order[~np.isin(records[order], dead)]
    stack = _Stack(parts, order)
    columns: dict[str, Any] = {
        "subject": stack.texts([part.subjects for part in parts], pa.string()),
        "payload": stack.texts([part.payloads for part in parts], pa.binary()),
        "occurred_at": pa.array(stack.numbers([part.at for part in parts])).cast(pa.timestamp("us", "UTC")),
        "event_id": _ids(stack.numbers([part.ids for part in parts])),
        "record": pa.array(records[order]),
        "type": stack.fixed([part.type for part in parts]),
        "version": pa.array(stack.spread([TYPES[part.type].VERSION for part in parts], np.uint16)),
        "on_change": pa.array(stack.spread([int(part.on_change) for part in parts], np.int8)),
    }
    for name in ("tenant", "vendor", "source", "actor"):
        columns[name] = stack.names([part.names[name] for part in parts])
    for spec in columns_of(stream):
        if any(spec.name in part.data for part in parts):
            columns[column_name(spec.name)] = stack.data(spec, stream)
    schema = schema_of(stream).append(ON_CHANGE)
    size = len(order)
    return pa.table([columns[f.name] if f.name in columns else _absent(f.type, size) for f in schema], schema=schema)


class _Stack:
    """The parts' columns one below the other, then in order."""

    def __init__(self, parts: Sequence[Part], order: Any) -> None:
        self._parts, self._order = parts, order
        self._sizes = [len(part.records) for part in parts]
        self._indices = pa.array(order)

    def numbers(self, columns: Sequence[Any]) -> Any:
        """Numpy columns."""
        return np.concatenate(columns)[self._order]

    def spread(self, values: Sequence[int], kind: type[np.generic]) -> Any:
        """One number a part."""
        return np.repeat(np.array(values, kind), self._sizes)[self._order]

    def fixed(self, values: Sequence[str]) -> pa.Array:
        """One text a part."""
        distinct = list(dict.fromkeys(values))
        codes = self.spread([distinct.index(value) for value in values], np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(distinct, pa.string()))

    def texts(self, columns: Sequence[list[str]], type_: pa.DataType) -> pa.Array:
        """Lists of texts."""
        return pa.concat_arrays([pa.array(column, type_) for column in columns]).take(self._indices)

    def names(self, columns: Sequence[str | list[str]]) -> pa.Array:
        """Texts that repeat; one text may stand for a whole part."""
        plain = [column for column in columns if isinstance(column, str)]
        if len(plain) == len(columns):
            return self.fixed(plain)
        book: dict[str, int] = {}
        codes = [
            np.full(size, book.setdefault(column, len(book)), np.int32) if isinstance(column, str) else _codes(column, book)
            for column, size in zip(columns, self._sizes, strict=True)
        ]
        return pa.DictionaryArray.from_arrays(pa.array(self.numbers(codes)), pa.array(list(book), pa.string()))

    def data(self, spec: FieldSpec, stream: str) -> pa.Array:
        """A data field, absent in the parts whose events do not have it."""
        kind, type_ = spec.rule.kind, schema_of(stream).field(column_name(spec.name)).type
        if pa.types.is_dictionary(type_):
            return self.names([self._column(part, spec, "") for part in self._parts])
        if kind is Kind.ITEMS:
            return self.fixed(["[]" if spec.name in part.data else "" for part in self._parts]).cast(pa.string())
        if kind is Kind.TEXT:
            return self.texts([_list(self._column(p, spec, ""), n) for p, n in self._sized()], type_)
        arrays = [_typed(self._column(p, spec, None), n, kind, type_) for p, n in self._sized()]
        return pa.concat_arrays(arrays).take(self._indices)

    def _sized(self) -> list[tuple[Part, int]]:
        return list(zip(self._parts, self._sizes, strict=True))

    @staticmethod
    def _column(part: Part, spec: FieldSpec, absent: Any) -> Any:
        values = part.data.get(spec.name, absent)
        if isinstance(values, list) and absent is not None and None in values:
            return [absent if value is None else value for value in values]
        return values


def _list(value: Any, size: int) -> list[Any]:
    return value if isinstance(value, list) else [value] * size


def _typed(value: Any, size: int, kind: Kind, type_: pa.DataType) -> pa.Array:
    if value is None:
        return pa.nulls(size, type_)
    plain = pa.int64() if kind is Kind.TIME else type_
    return pa.array(_list(value, size), plain).cast(type_)


class _Codes(dict[str, int]):
    """Numbers names in the order in which they come."""

    def __init__(self, book: dict[str, int]) -> None:
        super().__init__(book)
        self._book = book

    def __missing__(self, name: str) -> int:
        code = self[name] = self._book[name] = len(self._book)
        return code


def _codes(column: list[str], book: dict[str, int]) -> Any:
    look: Callable[[str], int] = _Codes(book).__getitem__
    return np.fromiter(map(look, column), np.int32, len(column))


def in_order(table: pa.Table, dead: Any) -> pa.Table:
    """A table's rows in the order of the input, without those of dead records."""
    records = table["record"].to_numpy()
    order = np.argsort(records, kind="stable")
    return table.unify_dictionaries().combine_chunks().take(pa.array(order[~np.isin(records[order], dead)]))


def with_on_change(table: pa.Table, on_change: OnChange) -> pa.Table:
    """The table with the column that says what to do when an id is known with other content."""
    return table.append_column(ON_CHANGE, pa.array(np.full(len(table), int(on_change), np.int8)))


def _ids(ids: Any) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids))])


def _absent(type_: pa.DataType, size: int) -> pa.Array:
    if size > _BLOCK:
        return pa.concat_arrays([_nothing(type_)] * (size // _BLOCK) + [_nothing(type_).slice(0, size % _BLOCK)])
    return _nothing(type_).slice(0, size)


@cache
def _nothing(type_: pa.DataType) -> pa.Array:
    """A block of absent values: empty texts and lists, zero ids, else nulls."""
    if pa.types.is_dictionary(type_):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(_BLOCK, np.int32)), pa.array([""], pa.string()))
    if pa.types.is_string(type_):
        return pa.array([""] * _BLOCK, type_)
    if pa.types.is_fixed_size_binary(type_):
        return _ids(np.zeros((_BLOCK, type_.byte_width), np.uint8))
    return pa.array([[]] * _BLOCK, type_) if pa.types.is_list(type_) else pa.nulls(_BLOCK, type_)
