"""A mapping's event rules, compiled: what is asked of each row, and which node fills which field of which event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.errors import nearest
from opsledger.domain.fields import FieldSpec, Kind
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.mapping import values
from opsledger.ingest.mapping.conditions import condition
from opsledger.ingest.mapping.document import MappingError, Path_
from opsledger.ingest.mapping.frame import Node, Of, constant, mapped
from opsledger.ingest.mapping.numbers import named, number_node
from opsledger.ingest.mapping.refused import Refused, refuse
from opsledger.ingest.mapping.scope import Scope, joined
from opsledger.ingest.mapping.times import shown

KEY_MARK = "\x1f"
"""Stands between the parts of a row's key, as in ``domain.envelope.fact_id``."""
ROW = "row"
"""``key: row``: the row has no key of its own; it is known by its content."""
_ON_CHANGE = {"dead": OnChange.CONFLICT, "keep": OnChange.KEEP_FIRST, "correct": OnChange.CORRECT}
_TEXTS = (Kind.NAME, Kind.TEXT, Kind.CHOICE)
_UNFILLABLE = (Kind.ID, Kind.IDS)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's data and the node that gives its values, in the field's own kind."""

    spec: FieldSpec
    node: Node


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of event that a row may become. ``siblings``: rules that could make the same id from one row share a group."""

    type: str
    when: Node | None
    at: Node
    subject: Node
    key: Node
    group: str
    fields: tuple[Field, ...]
    vendor: Node
    actor: Node
    on_change: OnChange


def compile_rules(shape: Mapping[str, Any], scope: Scope) -> tuple[Rule, ...]:
    """The rules of a mapping whose names are those of ``scope``. MappingError at the first that cannot be."""
    return tuple(_rule(event, shape, scope, ("events", i)) for i, event in enumerate(shape["events"]))


def _rule(event: Mapping[str, Any], shape: Mapping[str, Any], scope: Scope, path: Path_) -> Rule:
    type_ = _type(event["type"], (*path, "type"))
    words = tuple(event.get("key") or shape["key"])
    part = event.get("part", "")
    return Rule(
        type=type_,
        when=condition(event["when"], scope, (*path, "when")) if "when" in event else None,
        at=_time(event["at"], scope, (*path, "at")),
        subject=_subject(event, shape, scope, path),
        key=_key(words, part, scope, (*path, "key") if "key" in event else ("key",)),
        group=KEY_MARK.join((type_, *words, part)),
        fields=_fields(type_, event["data"], scope, (*path, "data")),
        vendor=_text(event.get("vendor", shape.get("vendor", "in-house")), scope, (*path, "vendor")),
        actor=_text(event.get("actor", ""), scope, (*path, "actor")),
        on_change=_ON_CHANGE[event.get("on_change", shape["on_change"])],
    )


def _type(type_: str, path: Path_) -> str:
    if type_ not in TYPES:
        raise MappingError(path, f"'{type_}' is no event type{nearest(type_, tuple(TYPES))}")
    if TYPES[type_].DECISION:
        raise MappingError(path, f"{type_} is a decision; it is made here by a command, not imported")
    return type_


def _time(written: Any, scope: Scope, path: Path_) -> Node:
    node = values.value(written, scope, path)
    if node.kind is not Of.TIME:
        hint = scope.meant(node, "write {time: …} or {date: …, clock: …}")
        raise MappingError(path, f"{node.label} is a {node.kind}, not a time{hint}")
    return node


def _text(written: Any, scope: Scope, path: Path_) -> Node:
    node = values.value(written, scope, path)
    if node.kind is Of.NUMBER:
        return mapped(node, Of.TEXT, str)
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{node.label} is a {node.kind}, and a text is wanted")
    return node


def tenant_node(written: Any, scope: Scope) -> Node:
    """The tenant of every event of a mapping."""
    return _text(written, scope, ("tenant",))


def _subject(event: Mapping[str, Any], shape: Mapping[str, Any], scope: Scope, path: Path_) -> Node:
    place: Path_ = (*path, "subject") if "subject" in event else ("subject",)
    node = _text(event.get("subject", shape["subject"]), scope, place)
    if node.constant is not None:
        raise MappingError(place, f"{node.label} is the same for every row; write the column in braces: '{{call_id}}'")
    space = shape.get("id_space")
    return joined([constant(space + ":"), node], node.label, place) if space else node


def _key(words: Sequence[str], part: str, scope: Scope, path: Path_) -> Node:
    if ROW in words and len(words) > 1:
        raise MappingError(path, "'row' stands alone: it is the hash of the whole row")
    nodes = [row_key() if word == ROW else _key_part(word, scope, path) for word in words]
    parts: list[Node] = [constant(part)] if part else []
    for index, node in enumerate(reversed(nodes)):
        parts[:0] = [node, constant(KEY_MARK)] if index or part else [node]
    return joined(parts, " + ".join(words), path)


def _key_part(word: str, scope: Scope, path: Path_) -> Node:
    node = scope.operand(word, path)
    return mapped(node, Of.TEXT, str) if node.kind is not Of.TEXT else node


def row_key() -> Node:
    """The key that the reader gives to each row where it has none: hash of its cells + ordinal among identical rows."""
    return Node(Of.TEXT, lambda frame: list(frame.columns[-1]), "row", pure=True)


def _fields(type_: str, data: Mapping[str, Any], scope: Scope, path: Path_) -> tuple[Field, ...]:
    specs = {spec.name: spec for spec in fields_of(type_)}
    for name in data:
        if name not in specs:
            hint = nearest(name, tuple(specs)) if specs else "; it has no fields"
            raise MappingError((*path, name), f"{type_} has no field '{name}'{hint}")
    absent = [name for name, spec in specs.items() if not spec.optional and name not in data]
    if absent:
        raise MappingError(path, f"{type_} needs {', '.join(absent)}")
    return tuple(Field(spec, _fit(spec, data[name], scope, (*path, name))) for name, spec in specs.items() if name in data)


def _fit(spec: FieldSpec, written: Any, scope: Scope, path: Path_) -> Node:
    """The node of a field, made to give values of the field's kind."""
    kind = spec.rule.kind
    if kind in _UNFILLABLE:
        raise MappingError(path, f"{spec.name} is a {kind} and cannot be filled from a table")
    if kind is Kind.ITEMS:
        if written != []:
            raise MappingError(path, f"{spec.name} is a list; of a table only the empty list [] can be made")
        return constant((), Of.TEXT)
    node = values.value(written, scope, path)
    if kind in _TEXTS:
        return _text_field(spec, node, written, path)
    return _TYPED[kind](spec, node, path)


def _text_field(spec: FieldSpec, node: Node, written: Any, path: Path_) -> Node:
    if node.kind is Of.NUMBER:
        node = mapped(node, Of.TEXT, str)
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{spec.name} is text, and {node.label} is a {node.kind}")
    for word in _fixed_words(node, written) if spec.choices else ():
        if word not in spec.choices:
            raise MappingError(path, f"'{word}' is not a {spec.name}{nearest(word, spec.choices)}")
    return node


def _fixed_words(node: Node, written: Any) -> list[str]:
    """The words of a field that the mapping itself spells out."""
    if node.constant is not None:
        return [node.constant]
    if isinstance(written, str):
        return []
    return [word for word in [*written.get("map", {}).values(), written.get("default", "")] if word]


def _int_field(spec: FieldSpec, node: Node, path: Path_) -> Node:
    if node.kind is Of.DURATION:
        if spec.rule.unit != "ms":
            raise MappingError(path, f"{spec.name} is a number, and {node.label} is a duration")
        return node
    if spec.rule.unit == "ms":
        raise MappingError(path, f"{spec.name} is a duration; write {{duration: …, unit: …}}")
    if node.kind not in (Of.TEXT, Of.NUMBER):
        raise MappingError(path, f"{spec.name} is a number, and {node.label} is a {node.kind}")
    whole = mapped(number_node(node), Of.NUMBER, named(_whole, node.label))
    return _checked_constant(whole, path)


def _whole(number: Any) -> int | Refused:
    return number if isinstance(number, int) else refuse(f"{shown(str(number))} is not a whole number")


def _decimal_field(spec: FieldSpec, node: Node, path: Path_) -> Node:
    if node.kind not in (Of.TEXT, Of.NUMBER):
        raise MappingError(path, f"{spec.name} is a number, and {node.label} is a {node.kind}")
    return _checked_constant(number_node(node), path)


def _checked_constant(node: Node, path: Path_) -> Node:
    if isinstance(node.constant, Refused):
        raise MappingError(path, node.constant.detail)
    return node


def _flag_field(spec: FieldSpec, node: Node, path: Path_) -> Node:
    if node.kind is Of.FLAG:
        return node
    if node.constant in ("true", "false"):
        return constant(node.constant == "true", Of.FLAG)
    hint = "write {column: …, true: [Y], false: [N]}, or true or false itself"
    raise MappingError(path, f"{spec.name} is true or false; {hint}")


def _time_field(spec: FieldSpec, node: Node, path: Path_) -> Node:
    if node.kind is not Of.TIME:
        raise MappingError(path, f"{spec.name} is a time, and {node.label} is a {node.kind}; write {{time: …}}")
    return node


def _document_field(spec: FieldSpec, node: Node, path: Path_) -> Node:
    if node.kind is not Of.DOCUMENT:
        raise MappingError(path, f"{spec.name} is a document; write {{document: {{name: value, …}}}}")
    return node


_TYPED = {
    Kind.INT: _int_field,
    Kind.DECIMAL: _decimal_field,
    Kind.BOOL: _flag_field,
    Kind.TIME: _time_field,
    Kind.DOCUMENT: _document_field,
}
