"""From decoded events to Arrow tables with the ledger's columns, one table a stream, rows in the order of the input."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opsledger.domain.catalogue import TYPES, column_name, columns_of, fields_of
from opsledger.domain.fields import FieldSpec, Kind
from opsledger.ingest.border.wire import ENCODER, WireEvent

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
_ENVELOPE: tuple[tuple[str, str, Kind], ...] = (
    ("tenant", "tenant", Kind.NAME),
    ("subject", "subject", Kind.TEXT),
    ("occurred_at", "time", Kind.TIME),
    ("event_id", "id", Kind.ID),
    ("vendor", "vendor", Kind.NAME),
    ("source", "source", Kind.NAME),
    ("actor", "actor", Kind.NAME),
    ("caused_by", "causedby", Kind.ID),
    ("corrects", "corrects", Kind.ID),
    ("corrects_source", "correctssource", Kind.NAME),
)

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Form:
    """How one family of structs holds times and ids: each function takes a column without gaps."""

    micros: Callable[[Sequence[Any]], Ints]
    """Microseconds since 1970, UTC."""
    ids: Callable[[Sequence[Any]], bytes]
    """16 bytes each, joined."""


@cache
def schema_of(stream: str) -> pa.Schema:
    """The Arrow schema of a stream's batch: envelope, typed data fields, payload, and ``record``.

    ``record`` is the ordinal, within its chunk, of the input record that the event was made from.
    Absent strings are empty, absent ids are zero, all else absent is null.
    """
    data = [(column_name(s.name), _ARROW[s.rule.kind]) for s in columns_of(stream)]
    fixed = [(name, _ARROW[kind]) for name, _, kind in _ENVELOPE]
    return pa.schema(
        [*fixed, ("type", _DICT), ("version", pa.uint16()), ("payload", pa.binary()), *data, ("record", pa.int64())]
    )


def tables_of(events: Sequence[WireEvent], payloads: Sequence[bytes], records: Sequence[int]) -> dict[str, pa.Table]:
    """One table a stream (see ``schema_of``) from wire events, their log values and their record ordinals."""
    return build(events, payloads, records, WIRE)


def build(events: Sequence[Any], payloads: Sequence[bytes], records: Sequence[int], form: Form) -> dict[str, pa.Table]:
    """As ``tables_of``, for structs of any form."""
    streams: dict[str, dict[type, list[int]]] = defaultdict(dict)
    for struct, indexes in _by_type(events).items():
        streams[_type_of(struct).partition(".")[0]][struct] = indexes
    return {stream: _Stream(stream, groups, events, form).table(payloads, records) for stream, groups in streams.items()}


def _by_type(events: Sequence[Any]) -> dict[type, list[int]]:
    groups: dict[type, list[int]] = defaultdict(list)
    for index, struct in enumerate(map(type, events)):
        groups[struct].append(index)
    return groups


def _type_of(struct: type) -> str:
    tag: str = struct.__struct_config__.tag  # type: ignore[attr-defined]  # every member of the families has one
    return tag


class _Stream:
    """The events of one stream on their way to be a table; numbers are placed by numpy, the rest by Arrow."""

    def __init__(self, stream: str, groups: dict[type, list[int]], events: Sequence[Any], form: Form) -> None:
        self.stream, self.form = stream, form
        self.rows = _merged(groups.values())
        self.events = events if len(self.rows) == len(events) else [events[i] for i in self.rows]
        self.size = len(self.rows)
        self.places = {struct: np.searchsorted(self.rows, indexes) for struct, indexes in groups.items()}
        self.data = {struct: [events[i].data for i in indexes] for struct, indexes in groups.items()}

    def table(self, payloads: Sequence[bytes], records: Sequence[int]) -> pa.Table:
        whole = self.size == len(payloads)
        columns = {name: self._envelope(attribute, kind) for name, attribute, kind in _ENVELOPE}
        columns["corrects_source"] = or_own(columns["corrects_source"], columns["source"])
        columns |= {column_name(s.name): self._field(s) for s in columns_of(self.stream)}
        columns["type"], columns["version"] = self._types()
        columns["payload"] = pa.array(payloads if whole else [payloads[i] for i in self.rows], pa.binary())
        columns["record"] = pa.array(np.asarray(records, np.int64)[self.rows])
        schema = schema_of(self.stream)
        return pa.table([columns[f.name] for f in schema], schema=schema)

    def _envelope(self, attribute: str, kind: Kind) -> pa.Array:
        values = list(map(attrgetter(attribute), self.events))
        if kind is Kind.ID and None in values:
            return _column(kind, [(np.arange(self.size), values)], self.size, self.form)
        return _BUILDERS[kind](None, values, self.size, self.form)

    def _field(self, spec: FieldSpec) -> pa.Array:
        get = attrgetter(spec.name)
        parts = [
            (self.places[struct], list(map(get, datas)))
            for struct, datas in self.data.items()
            if spec.name in _names(_type_of(struct))
        ]
        return _column(spec.rule.kind, parts, self.size, self.form)

    def _types(self) -> tuple[pa.Array, pa.Array]:
        codes, versions = np.zeros(self.size, np.int32), np.zeros(self.size, np.uint16)
        names = []
        for code, (struct, places) in enumerate(self.places.items()):
            names.append(_type_of(struct))
            codes[places], versions[places] = code, TYPES[names[-1]].VERSION
        return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string())), pa.array(versions)


def or_own(named: pa.Array, own: pa.Array) -> pa.Array:
    """Whose event is corrected: where it is not said, the source's own. Where nobody says it, the ledger fills the column."""
    if named.dictionary.to_pylist() in ([], [""]):
        return named
    texts = named.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), own.cast(pa.string()), texts).dictionary_encode()


def _column(kind: Kind, parts: Sequence[tuple[Any, list[Any]]], size: int, form: Form) -> pa.Array:
    """One column from the values of several types, each with the rows where they belong."""
    present = [_present(places, values) for places, values in parts]
    places = np.concatenate([p for p, _ in present]) if present else np.empty(0, np.int64)
    return _BUILDERS[kind](places, list(chain.from_iterable(v for _, v in present)), size, form)


def _merged(groups: Any) -> Ints:
    rows = np.concatenate([np.asarray(indexes, np.int64) for indexes in groups])
    rows.sort(kind="stable")
    return rows


@cache
def _names(type_: str) -> frozenset[str]:
    return frozenset(s.name for s in fields_of(type_))


def _present(places: Any, values: list[Any]) -> tuple[Any, list[Any]]:
    """Places and values without those that are None."""
    if None not in values:
        return places, values
    found = [i for i, v in enumerate(values) if v is not None]
    return places[found], [values[i] for i in found]


# The builders take the rows where the values belong (None: one value a row, in order), none of them absent.


def _names_column(places: Any, values: list[Any], size: int, _form: Form) -> pa.Array:
    encoded = pa.array(values, pa.string()).dictionary_encode()
    if places is None:
        return encoded
    codes = np.zeros(size, np.int32)
    codes[places] = encoded.indices.to_numpy() + 1
    return pa.DictionaryArray.from_arrays(codes, pa.concat_arrays([pa.array([""]), encoded.dictionary]))


def _texts_column(places: Any, values: list[Any], size: int, _form: Form) -> pa.Array:
    return pa.array(_spread(places, values, size, ""), pa.string())


def _json_column(places: Any, values: list[Any], size: int, _form: Form) -> pa.Array:
    return pa.array(_spread(places, [ENCODER.encode(v).decode() for v in values], size, ""), pa.string())


def _decimals_column(places: Any, values: list[Any], size: int, _form: Form) -> pa.Array:
    return pa.array(_spread(places, [round(v, 4) for v in values], size, None), _ARROW[Kind.DECIMAL])


def _id_lists_column(places: Any, values: list[Any], size: int, form: Form) -> pa.Array:
    lists = [[form.ids([v]) for v in ids] for ids in values]
    return pa.array(_spread(places, lists, size, ()), _ARROW[Kind.IDS])


def _ids_column(places: Any, values: list[Any], size: int, form: Form) -> pa.Array:
    cells = np.frombuffer(form.ids(values), np.uint8).reshape(-1, 16)
    if places is not None:
        some, cells = cells, np.zeros((size, 16), np.uint8)
        cells[places] = some
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), size, [None, pa.py_buffer(cells)])


def _ints_column(places: Any, values: list[Any], size: int, _form: Form) -> pa.Array:
    return _numbers(places, np.asarray(values, np.int64), size)


def _times_column(places: Any, values: list[Any], size: int, form: Form) -> pa.Array:
    return _numbers(places, form.micros(values), size).view(_TIMESTAMP)


def _flags_column(places: Any, values: list[Any], size: int, _form: Form) -> pa.Array:
    return _numbers(places, np.asarray(values, np.bool_), size)


def _numbers(places: Any, values: Any, size: int) -> pa.Array:
    if places is None:
        return pa.array(values)
    cells, absent = np.zeros(size, values.dtype), np.ones(size, np.bool_)
    cells[places], absent[places] = values, False
    return pa.array(cells, mask=absent)


def _spread(places: Any, values: list[Any], size: int, absent: Any) -> list[Any]:
    if places is None:
        return values
    cells = [absent] * size
    for place, value in zip(places, values, strict=True):
        cells[place] = value
    return cells


_BUILDERS: dict[Kind, Callable[[Any, list[Any], int, Form], pa.Array]] = {
    Kind.NAME: _names_column,
    Kind.CHOICE: _names_column,
    Kind.TEXT: _texts_column,
    Kind.ITEMS: _json_column,
    Kind.DOCUMENT: _json_column,
    Kind.DECIMAL: _decimals_column,
    Kind.ID: _ids_column,
    Kind.IDS: _id_lists_column,
    Kind.INT: _ints_column,
    Kind.TIME: _times_column,
    Kind.BOOL: _flags_column,
}


def _micros_of_datetimes(values: Sequence[Any]) -> Ints:
    """Exact: a double is only trusted with whole seconds (after 2106 it no longer holds every microsecond)."""
    size = len(values)
    seconds = np.fromiter((v.timestamp() for v in values), np.float64, size)
    micros = np.fromiter((v.microsecond for v in values), np.int64, size)
    whole: Ints = np.rint(seconds - micros / 1e6).astype(np.int64) * 1_000_000
    return whole + micros


def _bytes_of_uuids(values: Sequence[Any]) -> bytes:
    return b"".join([v.bytes for v in values])


WIRE = Form(micros=_micros_of_datetimes, ids=_bytes_of_uuids)
"""The form of ``wire.STRUCTS``: aware datetimes and UUIDs."""
