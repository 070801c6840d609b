"""How long the values of a column are in a Native block: what has to be known to come to the next column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from struct import unpack_from

from opsledger.infra.gateway.errors import NOT_IMPLEMENTED, refused

_WIDTHS = {
    **{f"{sign}Int{bits}": bits // 8 for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    "Float32": 4,
    "Float64": 8,
    "BFloat16": 2,
    "Bool": 1,
    "UUID": 16,
    "IPv4": 4,
    "IPv6": 16,
    "Nothing": 1,
    "Date": 2,
    "Date32": 4,
    "DateTime": 4,
    "DateTime64": 8,
    "Time": 4,
    "Time64": 8,
    "Enum8": 1,
    "Enum16": 2,
    "Decimal32": 4,
    "Decimal64": 8,
    "Decimal128": 16,
    "Decimal256": 32,
}
_DIGITS_OF = ((9, 4), (18, 8), (38, 16), (76, 32))
"""Up to so many digits a Decimal has so many bytes."""
_SHAPES = {
    "Point": "Tuple(Float64, Float64)",
    **dict.fromkeys(("Ring", "LineString"), "Array(Point)"),
    **dict.fromkeys(("Polygon", "MultiLineString"), "Array(Ring)"),
    "MultiPolygon": "Array(Polygon)",
}
_SIMPLE = "SimpleAggregateFunction"
"""Its values are those of its one type."""
_SIGN = re.compile(r"[(),]|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
"""What divides a type; what stands in quotes does not."""
_NAMED = re.compile(r"(?:`(?:[^`\\]|\\.)*`|\w+) +(.+)", re.DOTALL)
"""An element of a tuple that has a name."""
_SEVEN, _MORE = 0x7F, 0x80


def number_at(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & _SEVEN) << shift
        if byte < _MORE:
            return value, at
        shift += 7


def passed(type_: str, data: bytes, at: int, rows: int) -> int:
    """Where the values of a column end that begin at a place. ServerError for a type that is not known here."""
    return _values(type_, data, _beginnings(type_, at), rows) if rows else at


def _taken_apart(type_: str) -> tuple[str, Sequence[str]]:
    """A type's name, and what stands in its parentheses."""
    name, _, rest = type_.partition("(")
    parts, depth, start = [], 0, 0
    inner = rest[:-1]
    for found in _SIGN.finditer(inner):
        depth += (found[0] == "(") - (found[0] == ")")
        if found[0] == "," and not depth:
            parts.append(inner[start : found.start()].strip())
            start = found.end()
    return name, (*parts, inner[start:].strip()) if inner else ()


def _inner(type_: str) -> Sequence[str]:
    """The types of the columns that a type is made of."""
    name, parts = _taken_apart(_SHAPES.get(type_, type_))
    if name == "Map":
        return parts
    if name in ("Tuple", "Nested"):
        return tuple(named[1] if (named := _NAMED.fullmatch(part)) else part for part in parts)
    if name == _SIMPLE:
        return parts[1:]
    return parts[:1] if name in ("Array", "Nullable", "LowCardinality") else ()


def _beginnings(type_: str, at: int) -> int:
    """Behind what all columns of a type begin with: 8 bytes for each LowCardinality."""
    if type_.startswith("LowCardinality("):
        return at + 8
    for inner in _inner(type_):
        at = _beginnings(inner, at)
    return at


def _values(type_: str, data: bytes, at: int, rows: int) -> int:
    name, parts = _taken_apart(_SHAPES.get(type_, type_))
    if (width := _WIDTHS.get(name) or _width(name, parts)) is not None:
        return at + width * rows
    if name == "String":
        for _ in range(rows):
            length, at = number_at(data, at)
            at += length
        return at
    inner = _inner(type_)
    if name == "Nullable":
        return _values(inner[0], data, at + rows, rows)
    if name in ("Array", "Map", "Nested"):
        return _many(inner, data, at, rows)
    if name == "Tuple" and not inner:
        return at + rows
    if name in ("Tuple", _SIMPLE):
        for one in inner:
            at = _values(one, data, at, rows)
        return at
    if name == "LowCardinality":
        return _keyed(inner[0], data, at)
    raise refused(NOT_IMPLEMENTED, f"client_protocol_version for an answer with DateTime of a zone beside {type_[:60]!r}")


def _width(name: str, parts: Sequence[str]) -> int | None:
    if name == "FixedString":
        return int(parts[0])
    if name == "Decimal":
        return next(width for digits, width in _DIGITS_OF if int(parts[0]) <= digits)
    return 8 if name.startswith("Interval") else None


def _many(inner: Sequence[str], data: bytes, at: int, rows: int) -> int:
    """Where each row's elements end, then all elements."""
    (count,) = unpack_from("<Q", data, at + 8 * (rows - 1))
    at += 8 * rows
    for one in inner:
        at = _values(one, data, at, count) if count else at
    return at


def _keyed(inner: str, data: bytes, at: int) -> int:
    """The keys, and for each row the number of its key."""
    flags, keys = unpack_from("<QQ", data, at)
    key = inner.removeprefix("Nullable(").removesuffix(")") if inner.startswith("Nullable(") else inner
    at = _values(key, data, at + 16, keys) if keys else at + 16
    (rows,) = unpack_from("<Q", data, at)
    return int(at + 8 + rows * 2 ** (flags & 3))
