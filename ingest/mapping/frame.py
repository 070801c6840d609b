"""Rows are worked on by the column: a node gives the values of one expression for a whole batch of rows at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from opsledger.ingest.mapping.refused import Refused

T = TypeVar("T")
MEMO_SIZE = 100_000
"""Distinct values that a memo keeps; it is emptied when full, so that memory stays flat whatever the file holds."""


_FLAWS = {type(None), Refused}


class Of(StrEnum):
    """What the values of a node are, beside missing (None) and refused (Refused)."""

    TEXT = "text"
    NUMBER = "number"
    """int or Decimal."""
    DURATION = "duration"
    """int, milliseconds."""
    TIME = "time"
    """int, microseconds since 1970, UTC."""
    FLAG = "true or false"
    DOCUMENT = "document"
    """str, a JSON object."""


@dataclass(slots=True)
class Frame:
    """A batch of rows as columns of raw texts, and what was computed from them."""

    size: int
    columns: Sequence[Sequence[str]]
    known: dict[Node, list[Any]] = field(default_factory=dict)
    _flaws: dict[Node, set[type]] = field(default_factory=dict)
    _derived: dict[tuple[Node, Any], Any] = field(default_factory=dict)

    def of(self, node: Node) -> list[Any]:
        """The node's values for the batch, computed once."""
        values = self.known.get(node)
        if values is None:
            values = self.known[node] = node.run(self)
        return values

    def derived(self, node: Node, compute: Callable[[Frame, Node], T]) -> T:
        """What a function makes of a node's values, computed once."""
        key = (node, compute)
        if key not in self._derived:
            self._derived[key] = compute(self, node)
        found: T = self._derived[key]
        return found

    def flaws(self, node: Node) -> set[type]:
        """Of NoneType (missing) and Refused, those that are among the node's values."""
        if node.constant is not None:
            return set()
        found = self._flaws.get(node)
        if found is None:
            found = self._flaws[node] = _FLAWS.intersection(map(type, self.of(node)))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One expression. ``pure``: its values are never refused. ``constant``: the value it always has."""

    kind: Of
    run: Callable[[Frame], list[Any]]
    label: str
    pure: bool = False
    constant: Any = None


def constant(value: Any, kind: Of = Of.TEXT) -> Node:
    """A node that has one value in every row."""
    return Node(kind, lambda frame: [value] * frame.size, f"'{value}'", pure=True, constant=value)


class Memo(dict[Any, Any]):
    """Results by distinct value; missing and refused values stand for themselves."""

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, value: Hashable) -> Any:
        if value is None or value.__class__ is Refused:
            return value
        if len(self) >= MEMO_SIZE:
            self.clear()
        result = self[value] = self._compute(value)
        return result


def mapped(node: Node, kind: Of, compute: Callable[[Any], Any], label: str = "") -> Node:
    """A node whose values depend on another's alone, each distinct value computed once."""
    look = Memo(compute).__getitem__
    if node.constant is not None:
        return constant(compute(node.constant), kind)
    return Node(kind, lambda frame: list(map(look, frame.of(node))), label or node.label)


def combined(nodes: Sequence[Node], kind: Of, compute: Callable[..., Any], label: str) -> Node:
    """A node computed from several; refused if one of them is, else missing if one of them is."""

    def run(frame: Frame) -> list[Any]:
        rows = zip(*map(frame.of, nodes), strict=True)
        if not any(frame.flaws(node) for node in nodes):
            return [compute(*row) for row in rows]
        return [lacking(row) if unusable(row) else compute(*row) for row in rows]

    return Node(kind, run, label)


def unusable(row: Sequence[Any]) -> bool:
    """Whether a value among these is missing or refused."""
    return any(value is None or value.__class__ is Refused for value in row)


def lacking(row: Sequence[Any]) -> Refused | None:
    """What stands for a result that cannot be had from these: the first refusal, else missing."""
    return next((value for value in row if value.__class__ is Refused), None)
