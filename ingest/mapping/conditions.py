"""``when:`` — a small language of comparisons, parsed and never evaluated as Python.

outcome == 'AGENT' and server is not missing and q_time > 0
`Answered (Y/N)` in ['Y', 'y'] or not startswith(topic, 'test')
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from opsledger.domain.errors import nearest
from opsledger.ingest.mapping import durations
from opsledger.ingest.mapping.document import MappingError, Path_
from opsledger.ingest.mapping.frame import MEMO_SIZE, Frame, Node, Of, constant, lacking, mapped
from opsledger.ingest.mapping.numbers import number_node
from opsledger.ingest.mapping.refused import Refused
from opsledger.ingest.mapping.scope import Scope

_TOKENS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`([^`]+)`")
_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}
_CHANGES: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}
_FUNCTIONS = (*_TESTS, *_CHANGES)
_EQUALITY = (ast.Eq, ast.NotEq)


def condition(text: str, scope: Scope, path: Path_) -> Node:
    """The node (true or false) of a condition. MappingError where it is not one."""
    return _Parser(text, scope, path).parse()


class _Parser:
    def __init__(self, text: str, scope: Scope, path: Path_) -> None:
        self._text, self._scope, self._path = text, scope, path
        self._quoted: dict[str, str] = {}

    def parse(self) -> Node:
        source = _TOKENS.sub(self._unquote, self._text)
        try:
            tree = ast.parse(source.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._error("is not a condition; write for example: outcome == 'AGENT' and q_time > 0") from None
        try:
            return self._flag(tree.body)
        except RecursionError:
            raise self._error("is nested too deeply") from None

    def _unquote(self, found: re.Match[str]) -> str:
        """A name in backticks becomes an identifier of our own; texts in quotes stay."""
        if found[1] is None:
            return found[0]
        word = f"quoted_{len(self._quoted)}_"
        self._quoted[word] = found[1]
        return word

    def _error(self, message: str) -> MappingError:
        return MappingError(self._path, f"'{self._text}' {message}")

    def _flag(self, tree: ast.expr) -> Node:
        if isinstance(tree, ast.BoolOp):
            parts = [self._flag(part) for part in tree.values]
            return _any_of(parts) if isinstance(tree.op, ast.Or) else _all_of(parts)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return mapped(self._flag(tree.operand), Of.FLAG, operator.not_, self._text)
        if isinstance(tree, ast.Compare):
            return self._chain(tree)
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in _TESTS:
            return self._test(tree)
        node = self._value(tree)
        if node.kind is not Of.FLAG:
            raise self._error(f"wants true or false here, and {node.label} is a {node.kind}; compare it with something")
        return mapped(node, Of.FLAG, bool)

    def _chain(self, tree: ast.Compare) -> Node:
        """``0 < a <= b`` is ``0 < a and a <= b``, as in Python."""
        sides = [tree.left, *tree.comparators]
        return _all_of([self._compare(a, op, b) for a, op, b in zip(sides, tree.ops, sides[1:], strict=False)])

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(op, ast.Is | ast.IsNot):
            return self._missing(left, op, right)
        if isinstance(op, ast.In | ast.NotIn):
            return self._member(left, op, right)
        a, b = self._value(left), self._value(right)
        return self._ordered(*self._same_kind(a, b), op)

    def _missing(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if not (isinstance(right, ast.Name) and right.id == "missing"):
            raise self._error("uses 'is' for something else than 'is missing' or 'is not missing'")
        node, wanted = self._value(left), isinstance(op, ast.Is)

        def run(frame: Frame) -> list[Any]:
            return [value if value.__class__ is Refused else (value is None) is wanted for value in frame.of(node)]

        return Node(Of.FLAG, run, self._text, pure=node.pure)

    def _member(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            raise self._error("wants a list after 'in', for example ['Y', 'yes']")
        node, wanted = self._value(left), isinstance(op, ast.In)
        equal = [self._ordered(*self._same_kind(node, self._value(item)), ast.Eq()) for item in right.elts]
        found = _any_of(equal)
        return found if wanted else mapped(found, Of.FLAG, operator.not_, self._text)

    def _same_kind(self, a: Node, b: Node) -> tuple[Node, Node]:
        if a.kind is b.kind:
            return a, b
        if {a.kind, b.kind} == {Of.TEXT, Of.NUMBER}:
            return number_node(a), number_node(b)
        if a.kind is Of.DURATION:
            return a, self._duration(b)
        if b.kind is Of.DURATION:
            return self._duration(a), b
        raise self._error(f"compares {a.label}, a {a.kind}, with {b.label}, a {b.kind}")

    def _duration(self, node: Node) -> Node:
        value = node.constant
        ms = 0 if value == 0 else durations.literal(value) if isinstance(value, str) else None
        if ms is None:
            raise self._error(f"compares a duration with {node.label}; write it with its unit, for example '20s' or '0:00:20'")
        return constant(ms, Of.DURATION)

    def _ordered(self, a: Node, b: Node, op: ast.cmpop) -> Node:
        """Missing equals nothing, differs from everything, and is neither less nor more."""
        if a.kind is Of.TEXT and not isinstance(op, _EQUALITY):
            raise self._error(f"asks which text is less; compare {a.label} by == and !=, or make it a number or a time first")
        compare, unequal = _OPERATORS[type(op)], isinstance(op, ast.NotEq)

        def decide(x: Any, y: Any) -> bool:
            return unequal if x is None or y is None else compare(x, y)

        if b.constant is None and a.constant is None:
            return _pairs(a, b, decide, self._text)
        node, fixed, swapped = (a, b.constant, False) if b.constant is not None else (b, a.constant, True)
        look = _Decisions((lambda v: decide(fixed, v)) if swapped else (lambda v: decide(v, fixed))).__getitem__
        return Node(Of.FLAG, lambda frame: list(map(look, frame.of(node))), self._text, pure=node.pure)

    def _test(self, tree: ast.Call) -> Node:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if len(tree.args) != 2 or tree.keywords:
            raise self._error(f"wants {name}(column, 'text')")
        node, part = self._value(tree.args[0]), self._value(tree.args[1])
        if node.kind is not Of.TEXT or not isinstance(part.constant, str):
            raise self._error(f"wants {name}(column, 'text')")
        test, text = _TESTS[name], part.constant
        found = mapped(node, Of.FLAG, lambda value: test(value, text), self._text)
        return Node(Of.FLAG, lambda frame: [False if v is None else v for v in frame.of(found)], self._text)

    def _value(self, tree: ast.expr) -> Node:
        if isinstance(tree, ast.Name):
            return self._scope.name(self._quoted.get(tree.id, tree.id), self._path)
        if isinstance(tree, ast.Constant):
            return self._constant(tree.value)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            node = self._value(tree.operand)
            if node.kind is Of.NUMBER and node.constant is not None:
                return constant(-node.constant, Of.NUMBER)
        if isinstance(tree, ast.Call):
            return self._change(tree)
        raise self._error(f"holds {_named(tree)}, which is not part of this language")

    def _constant(self, value: Any) -> Node:
        if isinstance(value, str):
            return constant(value)
        if isinstance(value, bool):
            raise self._error("compares with True or False; write the text of the column, or the flag itself")
        if isinstance(value, int | float):
            return constant(number_node(constant(repr(value))).constant, Of.NUMBER)
        raise self._error("holds a value that is neither text nor a number")

    def _change(self, tree: ast.Call) -> Node:
        name = tree.func.id if isinstance(tree.func, ast.Name) else "?"
        if name not in _CHANGES or len(tree.args) != 1 or tree.keywords:
            hint = f"; wants {name}(column)" if name in _CHANGES else nearest(name, _FUNCTIONS)
            raise self._error(f"calls {name}(){hint}")
        node = self._value(tree.args[0])
        if node.kind is not Of.TEXT:
            raise self._error(f"asks for {name}() of {node.label}, a {node.kind}")
        return mapped(node, Of.TEXT, _CHANGES[name])


def _named(tree: ast.expr) -> str:
    return {"BinOp": "arithmetic", "Attribute": "a dot", "Subscript": "[…]", "Lambda": "a function"}.get(
        type(tree).__name__, f"'{ast.unparse(tree)[:40]}'"
    )


class _Decisions(dict[Any, Any]):
    """What was decided of each distinct value, missing included; a refused one stands for itself."""

    def __init__(self, decide: Callable[[Any], bool]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, value: Any) -> Any:
        if value.__class__ is Refused:
            return value
        if len(self) >= MEMO_SIZE:
            self.clear()
        found = self[value] = self._decide(value)
        return found


def _pairs(a: Node, b: Node, decide: Callable[[Any, Any], bool], label: str) -> Node:
    def run(frame: Frame) -> list[Any]:
        return [lacking((x, y)) or decide(x, y) for x, y in zip(frame.of(a), frame.of(b), strict=True)]

    return Node(Of.FLAG, run, label, pure=a.pure and b.pure)


def _all_of(parts: list[Node]) -> Node:
    """True where all are; a later part is asked only where the earlier ones hold, so that it need not be readable elsewhere."""
    return parts[0] if len(parts) == 1 else _folded(parts, stop=False)


def _any_of(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else _folded(parts, stop=True)


def _folded(parts: list[Node], *, stop: bool) -> Node:
    def run(frame: Frame) -> list[Any]:
        values = frame.of(parts[0])
        for part in parts[1:]:
            if stop:
                values = [b if a is False else a for a, b in zip(values, frame.of(part), strict=True)]
            else:
                values = [b if a is True else a for a, b in zip(values, frame.of(part), strict=True)]
        return values

    return Node(Of.FLAG, run, " and ".join(part.label for part in parts[:1]), pure=all(part.pure for part in parts))
