"""The forms of value of a mapping, each compiled into a node; ``docs`` of the forms stand in ``schema``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opsledger.ingest.mapping import durations, moments
from opsledger.ingest.mapping.conditions import condition
from opsledger.ingest.mapping.document import MappingError, Path_
from opsledger.ingest.mapping.encode import quoted
from opsledger.ingest.mapping.frame import Frame, Node, Of, combined, constant, lacking, mapped
from opsledger.ingest.mapping.numbers import localised, named
from opsledger.ingest.mapping.refused import Refused, refuse
from opsledger.ingest.mapping.scope import Scope
from opsledger.ingest.mapping.times import shown

Form = Mapping[str, Any]


def value(written: Any, scope: Scope, path: Path_) -> Node:
    """The node of a value as ``schema.Value`` gives it: a text with {names} in it, or a form."""
    if isinstance(written, str):
        return scope.template(written, path)
    if isinstance(written, list):
        return constant([])
    return _FORMS[written["form"]](written, scope, path)


def _constant(form: Form, scope: Scope, path: Path_) -> Node:
    return constant(form["constant"])


def _column(form: Form, scope: Scope, path: Path_) -> Node:
    node = scope.operand(form["column"], (*path, "column"))
    if "true" in form or "false" in form:
        return _flag(form, node, path)
    if "map" in form:
        return _translated(form, node, path)
    if "default" in form:
        return _or_constant(node, form["default"])
    if "cut" not in form and "case" not in form:
        return node
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{node.label} is a {node.kind}; cut and case work on text")
    return mapped(node, Of.TEXT, _shaper(form))


def _shaper(form: Form) -> Callable[[str], str]:
    size, change = form.get("cut"), {"lower": str.lower, "upper": str.upper}.get(form.get("case", ""), str)

    def shape(text: str) -> str:
        text = change(text)
        return text if size is None or len(text.encode()) <= size else text.encode()[:size].decode("utf-8", "ignore")

    return shape


def _flag(form: Form, node: Node, path: Path_) -> Node:
    if "true" not in form or "false" not in form:
        raise MappingError(path, "needs both true: and false:, so that any other word is refused and not taken for no")
    words = {fold(word, form): False for word in form["false"]} | {fold(word, form): True for word in form["true"]}
    if len(words) < len(form["true"]) + len(form["false"]):
        raise MappingError(path, "a word stands for both true and false")
    return _looked_up(node, words, form, Of.FLAG)


def _translated(form: Form, node: Node, path: Path_) -> Node:
    if node.kind not in (Of.TEXT, Of.NUMBER):
        raise MappingError(path, f"{node.label} is a {node.kind}; map: translates words")
    words = {fold(word, form): target or None for word, target in form["map"].items()}
    return _looked_up(node, words, form, Of.TEXT)


def fold(word: str, form: Form) -> str:
    """A word as it is compared."""
    return word.casefold() if form.get("ignore_case") else word


def _looked_up(node: Node, words: Mapping[str, Any], form: Form, kind: Of) -> Node:
    """Words by a closed list; a word that is not on it gives the default, or refuses the row."""
    default = form.get("default")

    def look(text: Any) -> Any:
        folded = fold(str(text), form)
        if folded in words:
            return words[folded]
        if default is not None:
            return default or None
        return refuse(f"column '{node.label}': '{shown(str(text))}' is not among the words of its map; add it, or a default")

    found = mapped(node, kind, look)
    return _or_constant(found, words[""]) if words.get("") is not None else found


def _or_constant(node: Node, instead: Any) -> Node:
    """The node with something in the place of missing."""
    return Node(node.kind, lambda frame: [instead if v is None else v for v in frame.of(node)], node.label, pure=node.pure)


def _start(form: Form, scope: Scope, path: Path_) -> Node:
    start = _of_kind(scope.operand(form["start"], (*path, "start")), Of.TIME, scope, (*path, "start"))
    if ("plus" in form) == ("minus" in form):
        raise MappingError(path, "needs plus: or minus:, a duration")
    side = "plus" if "plus" in form else "minus"
    length, sign = _length(form[side], scope, (*path, side)), 1000 if side == "plus" else -1000

    def run(frame: Frame) -> list[Any]:
        rows = zip(frame.of(start), frame.of(length), strict=True)
        if frame.flaws(start) or frame.flaws(length):
            return [t + sign * ms if t.__class__ is int and ms.__class__ is int else lacking((t, ms)) for t, ms in rows]
        return [t + sign * ms for t, ms in rows]

    return Node(Of.TIME, run, start.label)


def _length(written: Any, scope: Scope, path: Path_) -> Node:
    """A duration: a form, a name, or one written out (``90s``)."""
    if not isinstance(written, str):
        return _of_kind(value(written, scope, path), Of.DURATION, scope, path)
    if (ms := durations.literal(written)) is not None:
        return constant(ms, Of.DURATION)
    return _of_kind(scope.operand(written, path), Of.DURATION, scope, path)


def _of_kind(node: Node, kind: Of, scope: Scope, path: Path_) -> Node:
    if node.kind is not kind:
        forms = {Of.TIME: "{time: …} or {date: …}", Of.DURATION: "{duration: …, unit: …}"}
        hint = scope.meant(node, f"make it one by {forms[kind]} in let:")
        raise MappingError(path, f"{node.label} is a {node.kind}, and a {kind} is wanted{hint}")
    return node


def _duration(form: Form, scope: Scope, path: Path_) -> Node:
    node = scope.operand(form["duration"], (*path, "duration"))
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{node.label} is a {node.kind} already")
    return mapped(node, Of.DURATION, named(durations.reader_of(form["unit"]), node.label))


def _between(form: Form, scope: Scope, path: Path_) -> Node:
    nodes = [_of_kind(scope.operand(word, path), Of.TIME, scope, path) for word in form["between"]]
    return combined(nodes, Of.DURATION, lambda a, b: (b - a) // 1000, f"{nodes[0].label} … {nodes[1].label}")


def _sum(form: Form, scope: Scope, path: Path_) -> Node:
    plus = [_length(word, scope, (*path, "sum")) for word in form["sum"]]
    less = [_length(word, scope, (*path, "less")) for word in form.get("less", ())]
    size = len(plus)
    return combined([*plus, *less], Of.DURATION, lambda *ms: sum(ms[:size]) - sum(ms[size:]), plus[0].label)


def _number(form: Form, scope: Scope, path: Path_) -> Node:
    node = scope.operand(form["number"], (*path, "number"))
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{node.label} is a {node.kind} already")
    if form["decimal"] == form.get("thousands"):
        raise MappingError(path, f"'{form['decimal']}' cannot be both the decimal sign and the mark between thousands")
    return mapped(node, Of.NUMBER, named(localised(form["decimal"], form.get("thousands", "")), node.label))


def _first(form: Form, scope: Scope, path: Path_) -> Node:
    nodes = [value(item, scope, (*path, "first", i)) for i, item in enumerate(form["first"])]
    _same_kind(nodes, path)

    def run(frame: Frame) -> list[Any]:
        values = frame.of(nodes[0])
        for node in nodes[1:]:
            values = [b if a is None else a for a, b in zip(values, frame.of(node), strict=True)]
        return values

    return Node(nodes[0].kind, run, nodes[0].label, pure=all(node.pure for node in nodes))


def _document(form: Form, scope: Scope, path: Path_) -> Node:
    names = [f"{quoted(name)}:" for name in form["document"]]
    nodes = [_part(written, scope, (*path, "document", name)) for name, written in form["document"].items()]

    def run(frame: Frame) -> list[Any]:
        return [_object(names, row) for row in zip(*map(frame.of, nodes), strict=True)]

    return Node(Of.DOCUMENT, run, nodes[0].label)


def _part(written: Any, scope: Scope, path: Path_) -> Node:
    node = value(written, scope, path)
    if node.kind is Of.NUMBER:
        return mapped(node, Of.TEXT, str)
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{node.label} is a {node.kind}; a document holds text and numbers")
    return node


def _object(names: Sequence[str], row: Sequence[Any]) -> Any:
    """The names and values that are there as a JSON object; missing where none is, refused where one is."""
    for each in row:
        if each.__class__ is Refused:
            return each
    parts = [name + quoted(text) for name, text in zip(names, row, strict=True) if text is not None]
    return "{" + ",".join(parts) + "}" if parts else None


def _when(form: Form, scope: Scope, path: Path_) -> Node:
    test = condition(form["when"], scope, (*path, "when"))
    then = value(form["then"], scope, (*path, "then"))
    otherwise = value(form["otherwise"], scope, (*path, "else")) if "otherwise" in form else constant(None, then.kind)
    _same_kind([then, otherwise], path)

    def run(frame: Frame) -> list[Any]:
        rows = zip(frame.of(test), frame.of(then), frame.of(otherwise), strict=True)
        return [lacking((t,)) or (a if t else b) for t, a, b in rows]

    return Node(then.kind, run, then.label)


def _same_kind(nodes: list[Node], path: Path_) -> None:
    for node in nodes[1:]:
        if node.kind is not nodes[0].kind:
            first = nodes[0]
            raise MappingError(path, f"{first.label} is a {first.kind} and {node.label} a {node.kind}; both must be the same")


_FORMS: dict[str, Callable[[Form, Scope, Path_], Node]] = {
    "constant": _constant,
    "column": _column,
    "time": moments.timestamp,
    "date": moments.day_and_clock,
    "clock": moments.clock_near,
    "start": _start,
    "duration": _duration,
    "between": _between,
    "sum": _sum,
    "number": _number,
    "document": _document,
    "first": _first,
    "when": _when,
}
