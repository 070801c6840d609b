"""Columns of a frame in other forms, each made once whatever number of rules uses it. For ``Frame.derived``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.ingest.mapping.encode import name_limit, quoted, time_text, time_texts
from opsledger.ingest.mapping.frame import Frame, Node

_is_name = name_limit(MAX_NAME_BYTES)


def micros(frame: Frame, node: Node) -> Any:
    """Times as numpy microseconds; zero where there is none."""
    values = frame.of(node)
    if frame.flaws(node):
        values = [value if value.__class__ is int else 0 for value in values]
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return np.array([min(max(value, -(2**62)), 2**62) for value in values], np.int64)


def time_column(frame: Frame, node: Node) -> list[str]:
    """Times as RFC 3339 texts; empty where there is none."""
    if not frame.flaws(node):
        return time_texts(frame.derived(node, micros))
    return [time_text(value) if value.__class__ is int else "" for value in frame.of(node)]


def encoded(frame: Frame, node: Node) -> list[bytes]:
    """Texts as UTF-8; empty where there is none."""
    if not frame.flaws(node):
        return [value.encode() for value in frame.of(node)]
    return [value.encode() if value.__class__ is str else b"" for value in frame.of(node)]


def quoted_names(frame: Frame, node: Node) -> list[str]:
    """Texts as JSON; empty where there is none."""
    if not frame.flaws(node):
        return list(map(quoted, frame.of(node)))
    return [quoted(value) if value.__class__ is str else "" for value in frame.of(node)]


def odd_names(frame: Frame, node: Node) -> set[str]:
    """The texts that are not plainly names."""
    return {value for value in frame.of(node) if value.__class__ is str and not _is_name(value)}


def texts(frame: Frame, node: Node) -> pa.Array:
    """Texts as an Arrow column; null where there is none."""
    values = frame.of(node)
    if frame.flaws(node):
        values = [value if value.__class__ is str else None for value in values]
    return pa.array(values, pa.string())


def codes(frame: Frame, node: Node) -> tuple[Any, list[str]]:
    """Texts that repeat, as numbers and the texts they stand for; -1 where there is none."""
    book = _Book()
    found: Iterable[int] = map(book.__getitem__, frame.of(node))
    if frame.flaws(node):
        found = (book[value] if value.__class__ is str else -1 for value in frame.of(node))
    return np.fromiter(found, np.int32, frame.size), list(book)


class _Book(dict[str, int]):
    """Numbers texts in the order in which they come."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code
