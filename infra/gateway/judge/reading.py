"""Judges what a statement reads: functions, tables, and the pieces that questions are made of."""

from __future__ import annotations

from opsledger.infra.gateway.judge.functions import named_verdict, table_verdict, takes_structure, verdict
from opsledger.infra.gateway.judge.places import SYSTEM, Place, may_read
from opsledger.infra.gateway.judge.tree import Node
from opsledger.infra.gateway.judge.verdict import Case, denied, not_understood
from opsledger.infra.gateway.roles import Role

SELECT = frozenset({"SelectWithUnionQuery", "SelectQuery", "SelectIntersectExceptQuery"})
_PIECES = SELECT | frozenset(
    {
        *("ExpressionList", "Function", "Identifier", "Literal", "Subquery", "Asterisk", "QualifiedAsterisk", "WithElement"),
        *("ColumnsTransformerList", "ColumnsExceptTransformer", "ColumnsReplaceTransformer", "ColumnsListMatcher"),
        *("ColumnsReplaceTransformer::Replacement", "ColumnsRegexpMatcher", "QualifiedColumnsListMatcher", "Set"),
        *("QualifiedColumnsRegexpMatcher", "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "ArrayJoin"),
        *("TableIdentifier", "TableJoin", "SampleRatio", "OrderByElement", "WindowDefinition", "WindowListElement"),
        *("InterpolateElement", "DataType", "NameTypePair"),
    }
)
_IN = frozenset({"in", "notin", "nullin", "notnullin"})
_OF_BLOCKS = frozenset({"blockNumber", "blockSize", "rowNumberInBlock", "rowNumberInAllBlocks", "blockSerializedSize"})
_BESIDE_SELECT = frozenset({"Identifier", "Set"})
"""What may stand behind a SELECT in its node: the format's name and settings; a text there is a file's name."""


def judge_reading(case: Case, node: Node, *, more: frozenset[str] = frozenset(), names: frozenset[str] = frozenset()) -> None:
    """ServerError where a part of a statement reads what its user may not.

    ``more`` are further kinds of nodes that may occur, ``names`` further names that stand where functions do.
    """
    for parent, piece in node.walk():
        if piece.kind not in _PIECES and piece.kind not in more:
            raise not_understood(case.user, piece.text, piece.kind)
        if piece.kind == "SelectWithUnionQuery" and not {c.kind for c in piece.children[1:]} <= _BESIDE_SELECT:
            raise not_understood(case.user, "what stands behind the question")
        if piece.kind == "Function":
            _judge_function(case, parent, piece, names)
        elif piece.kind == "TableIdentifier":
            judge_table(case, piece.name)


def _judge_function(case: Case, parent: Node | None, function: Node, names: frozenset[str]) -> None:
    name = function.name
    if parent is not None and parent.kind == "TableExpression":
        _judge_table_function(case, function)
        return
    if name in names:
        return
    if why := verdict(name, trusted=case.user.writes):
        raise denied(case.user, f"the function '{name[:80]}' {why}")
    if case.user.is_bound and name in _OF_BLOCKS:
        raise denied(case.user, f"the function '{name}' tells how many rows were read")
    for argument in _arguments(function):
        if argument.kind == "Identifier" and (why := named_verdict(name, argument.name)):
            raise denied(case.user, f"the function '{argument.name[:80]}', given to {name}, {why}")
    if name.lower().removeprefix("global").removesuffix("ignoreset") in _IN:
        _judge_set(case, function)


def _arguments(function: Node) -> list[Node]:
    return function.children[0].children if function.children else []


def _judge_table_function(case: Case, function: Node) -> None:
    name, arguments = function.name, _arguments(function)
    first = arguments[0] if arguments else Node("")
    if why := table_verdict(name, trusted=case.user.role is not Role.READER, first=f"{first.kind} {first.name}"):
        raise denied(case.user, f"the table function '{name[:80]}' {why}")
    if takes_structure(name) or name == "merge":
        case.depends.append(name)  # on what is bound to it, too
    if name == "merge":
        _judge_merge(case, arguments)


def _judge_merge(case: Case, arguments: list[Node]) -> None:
    """``merge`` reads the tables that a pattern fits: only of one database, and of one that may be read as a whole."""
    first = arguments[0] if len(arguments) == 2 else Node("")
    database = {
        "Function": case.database if first.name == "currentDatabase" else "",
        "Literal": first.name.removeprefix("'").removesuffix("'"),
        "Identifier": first.name,
    }.get(first.kind, "")
    if not database or database in SYSTEM or not may_read(case.user, Place(database, "")):
        raise denied(case.user, "merge takes a database that may be read, and a pattern")


def _judge_set(case: Case, function: Node) -> None:
    """``x IN name``: the name may be a table's, which is then read, also by an alias; a column's is nobody's business."""
    values = _arguments(function)
    if len(values) == 2 and values[1].kind == "Identifier":
        for name in _meant(case, values[1].name):
            _judge_set_of(case, name)


def _meant(case: Case, name: str) -> set[str]:
    """The names that a name may stand for: itself, and what has it as an alias anywhere in the statement."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        found |= waiting
        of = [piece.name for _, piece in case.tree.walk() if piece.kind == "Identifier" and piece.alias in waiting]
        waiting = {*of} - found
    return found


def _judge_set_of(case: Case, name: str) -> None:
    place = case.place(name)
    if name in case.along or may_read(case.user, place):
        return
    case.depends.append(str(place))
    if case.exists(*place):
        raise denied(case.user, f"'{place}' is not for reading")


def judge_table(case: Case, name: str) -> None:
    """ServerError for a table that the user may not read. What does not exist is the engine's to tell, or a WITH's name."""
    if name in case.along:
        return
    place = case.place(name)
    if may_read(case.user, place):
        return
    case.depends.append(name)
    if "." in name or case.exists(*place):
        raise denied(case.user, f"'{place}' is not for reading")
