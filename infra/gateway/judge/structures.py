"""Structures: texts with columns and types that table functions take, in which the engine would also take expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.judge.lists import listed
from opsledger.infra.gateway.statement import Token, tokens

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED = {"'": "'", "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
TYPES = listed("""
    Int8 Int16 Int32 Int64 Int128 Int256 UInt8 UInt16 UInt32 UInt64 UInt128 UInt256 Float32 Float64 BFloat16 Decimal
    Decimal32 Decimal64 Decimal128 Decimal256 Bool String FixedString UUID IPv4 IPv6 Date Date32 DateTime DateTime32
    DateTime64 Time Time64 Enum Enum8 Enum16 Array Tuple Map Nested Nullable LowCardinality JSON Variant Dynamic
    AggregateFunction SimpleAggregateFunction
""")
_PUNCTUATION = frozenset({b",", b"=", b"-", b"."})
_DEEPEST = 50


def holds_no_call(first: str) -> bool:
    """Whether an argument, as EXPLAIN AST shows it, is no structure, or a plain one."""
    if not first.startswith("Literal '"):
        return first.startswith("Literal ") or first == "Function tuple"
    text = _ESCAPED.sub(lambda found: _UNESCAPED.get(found[1], "\0"), first.removeprefix("Literal '").removesuffix("'"))
    return is_structure(text)


def is_structure(text: str) -> bool:
    """Whether a text is plain names with plain types: no quoted name, no default, no comment, no call."""
    raw = text.encode("utf-8", "replace")
    try:
        found = list(tokens(raw))
    except ServerError:
        return False
    between = zip([0, *(token.end for token in found)], [*(token.start for token in found), len(raw)], strict=True)
    if any(raw[start:stop].strip() for start, stop in between):
        return False  # a comment: where it ends is the engine's affair
    if not all(_may_stand(raw, token, following) for token, following in zip_longest(found, found[1:])):
        return False
    return all(_is_column(raw, column) for column in _columns(found))


def _word(raw: bytes, token: Token) -> str:
    return raw[token.start : token.end].decode() if token.kind == "word" else ""


def _may_stand(raw: bytes, token: Token, following: Token | None) -> bool:
    if token.depth > _DEEPEST:
        return False
    if following is not None and following.text == b"(" and token.kind != "open" and token.text != b",":
        return _word(raw, token) in TYPES
    if token.kind == "quoted":
        return token.text[:1] == b"'" and token.depth > 0
    return token.kind in ("word", "number") or token.text in (b"(", b")") or token.text in _PUNCTUATION


def _columns(found: Sequence[Token]) -> list[list[Token]]:
    columns: list[list[Token]] = [[]]
    for token in found:
        if token.depth == 0 and token.text == b",":
            columns.append([])
        elif token.depth == 0:
            columns[-1].append(token)
    return columns


def _is_column(raw: bytes, column: Sequence[Token]) -> bool:
    """A name, a type, and at most one pair of parentheses."""
    kinds = [token.kind for token in column]
    return kinds in (["word"] * 2, ["word", "word", "open", "close"]) and _word(raw, column[1]) in TYPES
