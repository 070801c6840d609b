"""A statement as the engine's own parser understands it: the lines of EXPLAIN AST as a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE = re.compile(r"(?P<indent> *)(?P<text>.*?)(?: \(children (?P<children>\d+)\))?", re.DOTALL)
_ALIAS = " (alias "


class NotUnderstoodError(Exception):
    """The lines are no tree: a name in the statement has broken them."""


@dataclass(slots=True)
class Node:
    """One node: its kind is the first word of ``text``, the rest what it is named by."""

    text: str
    children: list[Node] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What the node is, e.g. ``Function``."""
        return self.text.partition(" ")[0]

    @property
    def name(self) -> str:
        """What stands behind the kind, without an alias."""
        return self._named()[0]

    @property
    def alias(self) -> str:
        """The name that the statement gives to it; '' for none."""
        return self._named()[1]

    def _named(self) -> tuple[str, str]:
        whole = self.text.partition(" ")[2]
        at = whole.find(_ALIAS)
        if at < 0 or not whole.endswith(")"):
            return whole, ""
        return whole[:at], whole[at + len(_ALIAS) : -1]

    def walk(self) -> Iterator[tuple[Node | None, Node]]:
        """Every node below and including this one, with its parent."""
        waiting: list[tuple[Node | None, Node]] = [(None, self)]
        while waiting:
            parent, node = waiting.pop()
            yield parent, node
            waiting += [(node, child) for child in reversed(node.children)]


def parsed(lines: str) -> Node:
    """The tree. NotUnderstoodError where the numbers of children do not fit."""
    root: Node | None = None
    above: list[tuple[Node, int]] = []
    for line in lines.rstrip("\n").split("\n"):
        found = _LINE.fullmatch(line)
        if found is None or not found["text"]:
            raise NotUnderstoodError(line[:100])
        depth, node, expected = len(found["indent"]), Node(found["text"]), int(found["children"] or 0)
        _close(above, depth)
        if depth != len(above) or (depth == 0 and root is not None):
            raise NotUnderstoodError(line[:100])
        if above:
            above[-1][0].children.append(node)
        root = root or node
        above.append((node, expected))
    _close(above, 0)
    if root is None:
        raise NotUnderstoodError("nothing")
    return root


def _close(above: list[tuple[Node, int]], depth: int) -> None:
    """Leave the nodes that have no more children; each must have had as many as it said."""
    while len(above) > depth:
        node, expected = above.pop()
        if len(node.children) != expected:
            raise NotUnderstoodError(node.text[:100])
