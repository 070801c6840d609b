"""The events of all rules of a batch as one Arrow table a stream, rows in the order of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.domain.catalogue import TYPES, column_name, columns_of
from opsledger.domain.fields import FieldSpec, Kind
from opsledger.ingest.border.columns import schema_of
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.mapping import columns
from opsledger.ingest.mapping.frame import Frame, Node

ON_CHANGE = pa.field("on_change", pa.int8())
_BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Column:
    """A rule's values for one column: the same in all events, or a node's in some rows of a frame (``default`` if missing)."""

    constant: Any = None
    frame: Frame | None = None
    node: Node | None = None
    places: Any = None
    default: str = ""

    def values(self, size: int) -> list[Any]:
        """The values one by one."""
        if self.frame is None or self.node is None:
            return [self.constant] * size
        column = self.frame.of(self.node)
        return [column[place] for place in self.places.tolist()]

    def codes(self, size: int) -> tuple[Any, list[str]]:
        """Numbers and the texts they stand for."""
        if self.frame is None or self.node is None:
            return np.zeros(size, np.int32), [self.constant if self.constant is not None else ""]
        found, book = self.frame.derived(self.node, columns.codes)
        mine = found[self.places]
        return np.where(mine < 0, len(book), mine), [*book, self.default]

    def texts(self, size: int) -> pa.Array:
        """The texts as an Arrow column."""
        if self.frame is None or self.node is None:
            return pa.array([self.constant or ""] * size, pa.string())
        found = self.frame.derived(self.node, columns.texts).take(pa.array(self.places))
        return found.fill_null(self.default) if found.null_count else found


ABSENT = Column()


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule made."""

    type: str
    records: Any
    at: Any
    ids: Any
    payloads: list[str]
    subjects: Column
    names: dict[str, Column]
    data: dict[str, Column]
    on_change: OnChange


def assembled(stream: str, parts: Sequence[Part], dead: Any) -> pa.Table:
    """The stream's table (``schema_of`` and ``on_change``), without the events of dead rows."""
    records = np.concatenate([part.records for part in parts])
    order = np.argsort(records, kind="stable")
    if len(dead):
        order = order[~np.isin(records[order], dead)]
    stack = _Stack(parts, order)
    found: dict[str, Any] = {
        "subject": stack.texts([part.subjects for part in parts]),
        "payload": stack.payloads(),
        "occurred_at": pa.array(stack.numbers([part.at for part in parts])).cast(pa.timestamp("us", "UTC")),
        "event_id": _ids(stack.numbers([part.ids for part in parts])),
        "record": pa.array(records[order]),
        "type": stack.names([Column(part.type) for part in parts]),
        "version": pa.array(stack.spread([TYPES[part.type].VERSION for part in parts], np.uint16)),
        "on_change": pa.array(stack.spread([int(part.on_change) for part in parts], np.int8)),
    }
    for name in ("tenant", "vendor", "source", "actor"):
        found[name] = stack.names([part.names[name] for part in parts])
    for spec in columns_of(stream):
        if any(spec.name in part.data for part in parts):
            found[column_name(spec.name)] = stack.data(spec, stream)
    schema = schema_of(stream).append(ON_CHANGE)
    size = len(order)
    return pa.table([found[f.name] if f.name in found else _absent(f.type, size) for f in schema], schema=schema)


class _Stack:
    """The parts' columns one below the other, then in order."""

    def __init__(self, parts: Sequence[Part], order: Any) -> None:
        self._parts, self._order = parts, order
        self._sizes = [len(part.records) for part in parts]
        self._indices = pa.array(order)

    def numbers(self, arrays: Sequence[Any]) -> Any:
        """Numpy columns."""
        return np.concatenate(arrays)[self._order]

    def spread(self, values: Sequence[int], kind: type[np.generic]) -> Any:
        """One number a part."""
        return np.repeat(np.array(values, kind), self._sizes)[self._order]

    def payloads(self) -> pa.Array:
        """The events' bytes."""
        return pa.concat_arrays([pa.array(part.payloads, pa.binary()) for part in self._parts]).take(self._indices)

    def texts(self, parts: Sequence[Column]) -> pa.Array:
        """Texts that do not repeat."""
        arrays = [column.texts(size) for column, size in zip(parts, self._sizes, strict=True)]
        return pa.concat_arrays(arrays).take(self._indices)

    def names(self, parts: Sequence[Column]) -> pa.Array:
        """Texts that repeat, by number."""
        book: dict[str, int] = {}
        numbers = []
        for column, size in zip(parts, self._sizes, strict=True):
            mine, words = column.codes(size)
            numbers.append(np.array([book.setdefault(word, len(book)) for word in words], np.int32)[mine])
        return pa.DictionaryArray.from_arrays(pa.array(self.numbers(numbers)), pa.array(list(book), pa.string()))

    def data(self, spec: FieldSpec, stream: str) -> pa.Array:
        """A data field, absent in the parts whose events do not have it."""
        kind, type_ = spec.rule.kind, schema_of(stream).field(column_name(spec.name)).type
        mine = [part.data.get(spec.name, ABSENT) for part in self._parts]
        if pa.types.is_dictionary(type_):
            return self.names(mine)
        if kind is Kind.ITEMS:
            return self.texts([Column("[]" if spec.name in part.data else "") for part in self._parts])
        if kind in (Kind.TEXT, Kind.DOCUMENT):
            return self.texts(mine)
        arrays = [_typed(column, n, kind, type_) for column, n in zip(mine, self._sizes, strict=True)]
        return pa.concat_arrays(arrays).take(self._indices)


def _typed(column: Column, size: int, kind: Kind, type_: pa.DataType) -> pa.Array:
    if column is ABSENT:
        return pa.nulls(size, type_)
    return pa.array(column.values(size), pa.int64() if kind is Kind.TIME else type_).cast(type_)


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
