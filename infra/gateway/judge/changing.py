"""Judges what a writer's statement changes: by the statement as the engine writes it out, word by word."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opsledger.domain.catalogue import STREAMS
from opsledger.infra.gateway.judge.lists import listed
from opsledger.infra.gateway.judge.places import KEPT, NOT_WRITTEN, Place, is_kept
from opsledger.infra.gateway.judge.reading import SELECT, judge_reading
from opsledger.infra.gateway.judge.tree import Node
from opsledger.infra.gateway.judge.verdict import Case, denied, not_understood
from opsledger.infra.gateway.judge.words import Words, in_parentheses
from opsledger.projections.ledger.tables import additions, deduplication

ENGINES = listed("""
    MergeTree ReplacingMergeTree SummingMergeTree AggregatingMergeTree CollapsingMergeTree
    VersionedCollapsingMergeTree Memory Null Log TinyLog StripeLog
""")
"""Engines whose tables lie in the data directory or nowhere; the engine's own user is granted no others (infra/engine)."""
_OF_DATABASES = frozenset({"Atomic"})
_OF_COLUMNS = listed("""
    CODEC NONE LZ4 LZ4HC ZSTD Delta DoubleDelta Gorilla T64 FPC GCD Default minmax set bloom_filter ngrambf_v1
    tokenbf_v1
""")
"""Codecs and skip indexes, which stand where functions do."""
_DEFINITION = listed("""
    CreateQuery Columns ColumnDeclaration Storage Index Projection ProjectionSelectQuery Constraint AlterQuery
    AlterCommand TTLElement Partition Partition_ID Assignment NameTypePair ASTObjectTypeArgument
    StorageOrderByElement TupleDataType EnumDataType ObjectTypedPath
""")
_ALTERS = listed("""
    ADD_COLUMN ADD_PROJECTION MATERIALIZE_PROJECTION DROP_PROJECTION MODIFY_SETTING DROP_COLUMN MODIFY_COLUMN
    RENAME_COLUMN COMMENT_COLUMN CLEAR_COLUMN MATERIALIZE_COLUMN ADD_INDEX DROP_INDEX CLEAR_INDEX
    MATERIALIZE_INDEX CLEAR_PROJECTION RESET_SETTING DELETE UPDATE MODIFY_ORDER_BY DROP_PARTITION
    ADD_CONSTRAINT DROP_CONSTRAINT MODIFY_COMMENT COMMENT_TABLE
""")


def _place(case: Case, words: Words) -> Place:
    first = words.name()
    found = Place(first, words.name()) if words.take(b".") else Place(case.database, first)
    if not found.table or not found.database:
        raise not_understood(case.user, case.formatted.decode(errors="replace"))
    return found


def _places(case: Case, words: Words, *between: bytes) -> Iterator[Place]:
    yield _place(case, words)
    while any(words.take(word) for word in between):
        yield _place(case, words)


def _no_more(case: Case, words: Words) -> None:
    """ServerError where a statement has more words than were read."""
    if words.rest:
        raise not_understood(case.user, words.rest[0].decode(errors="replace"), "a word that is left over")


def _may_take_from(case: Case, place: Place) -> None:
    """ServerError for a table that nothing is taken from."""
    if is_kept(place, case.holds_ledger):
        raise denied(case.user, f"'{place}' is of the ledger, or is kept by the gateway; nothing is taken from it, by nobody")


def _may_fill(case: Case, place: Place) -> None:
    if place.database in NOT_WRITTEN:
        raise denied(case.user, f"the database '{place.database}' is not for writing")


def _judge_create(case: Case) -> None:
    words = Words(case.formatted)
    words.take(b"CREATE")
    replaces = words.take(b"OR", b"REPLACE")
    temporary = words.take(b"TEMPORARY")
    if words.take(b"DATABASE"):
        words.take(b"IF", b"NOT", b"EXISTS")
        _judge_new_database(case, words)
        return
    if not (words.take(b"TABLE") or words.take(b"VIEW")):
        raise denied(case.user, "only databases, tables, temporary tables and plain views are made here")
    words.take(b"IF", b"NOT", b"EXISTS")
    place = _place(case, words)
    if words.take(b"UUID") or words.take(b"ON") or words.has(b"CLUSTER", b"DEFINER", b"SECURITY", b"REFRESH"):
        raise denied(case.user, "a table or view has no UUID, cluster, definer or refresh here")
    if words.has(b"TTL") and words.has(b"SET", b"RECOMPRESS", b"DISK", b"VOLUME"):
        raise denied(case.user, "a TTL deletes rows here, and does nothing else")
    if not temporary:
        _may_fill(case, place)
    if replaces:
        _may_take_from(case, place)
    for child in case.tree.children:
        if child.kind == "Function":
            raise denied(case.user, f"a table is not made AS the table function '{child.name[:80]}'")
    _may_have(case, words, ENGINES)
    judge_reading(case, case.tree, more=_DEFINITION, names=ENGINES | _OF_COLUMNS)


def _may_have(case: Case, words: Words, engines: frozenset[str]) -> None:
    for engine in words.engines():
        if engine not in engines:
            raise denied(case.user, f"the engine '{engine[:80]}' is not one of {', '.join(sorted(engines))}")


def _judge_new_database(case: Case, words: Words) -> None:
    name = words.name()
    if not name or words.take(b"UUID") or words.has(b"CLUSTER"):
        raise not_understood(case.user, case.formatted.decode(errors="replace"))
    if name in NOT_WRITTEN:
        raise denied(case.user, f"the database '{name}' is the gateway's")
    _may_have(case, words, _OF_DATABASES)
    judge_reading(case, case.tree, more=_DEFINITION, names=_OF_DATABASES)


def _judge_drop(case: Case) -> None:
    words = Words(case.formatted)
    if not words.take(b"DROP"):
        raise denied(case.user, "nothing is detached here; drop what is not the ledger's")
    words.take(b"TEMPORARY")
    if words.take(b"DATABASE"):
        words.take(b"IF", b"EXISTS")
        name = words.name()
        if not name or name in KEPT or case.holds_ledger(name):
            raise denied(case.user, f"the database '{name}' is, or may be, a ledger's or the gateway's; nobody drops it")
        words.take(b"SYNC")
        _no_more(case, words)
        return
    if not (words.take(b"TABLE") or words.take(b"VIEW")):
        raise denied(case.user, "only databases, tables and views are dropped here")
    words.take(b"IF", b"EXISTS")
    words.take(b"IF", b"EMPTY")
    for place in _places(case, words, b","):
        _may_take_from(case, place)
    words.take(b"SYNC")
    _no_more(case, words)


def _judge_truncate(case: Case) -> None:
    words = Words(case.formatted)
    if not words.take(b"TRUNCATE", b"TABLE"):
        raise denied(case.user, "tables are emptied one by one")
    words.take(b"IF", b"EXISTS")
    _may_take_from(case, _place(case, words))
    words.take(b"SYNC")
    _no_more(case, words)


def _judge_rename(case: Case) -> None:
    words = Words(case.formatted)
    if not (words.take(b"EXCHANGE", b"TABLES") or words.take(b"RENAME", b"TABLE")):
        raise denied(case.user, "only tables are renamed or exchanged")
    while True:
        words.take(b"IF", b"EXISTS")
        _may_take_from(case, _place(case, words))
        if not (words.take(b"TO") or words.take(b"AND")):
            raise not_understood(case.user, case.formatted.decode(errors="replace"), case.tree.kind)
        _may_take_from(case, _place(case, words))
        if not words.take(b","):
            break
    _no_more(case, words)


def _judge_alter(case: Case) -> None:
    words = Words(case.formatted)
    if not words.take(b"ALTER", b"TABLE"):
        raise denied(case.user, "only tables are altered")
    place = _place(case, words)
    if words.has(b"CLUSTER"):
        raise denied(case.user, "there is no cluster here")
    _may_fill(case, place)
    if is_kept(place, case.holds_ledger):
        own = {part for text in _own_changes(place.table) for part in in_parentheses(case.format_of(text))}
        if not {*in_parentheses(case.formatted)} <= own:
            raise denied(case.user, f"'{place}' is of the ledger, and gets nothing but what the ledger's own program declares")
    for _, node in case.tree.walk():
        if node.kind == "AlterCommand" and node.name not in _ALTERS:
            raise denied(case.user, f"ALTER TABLE … {node.name} on '{place}'")
    judge_reading(case, case.tree, more=_DEFINITION, names=_OF_COLUMNS)


def _own_changes(stream: str) -> tuple[str, ...]:
    """How the program changes a ledger's table of an earlier version."""
    if stream not in STREAMS:
        return ()
    return (*additions({stream: set()}), *(text for text in deduplication() if f"`{stream}`" in text))


def _judge_insert(case: Case) -> None:
    targets = []
    for child in case.tree.children:
        if child.kind in ("Function", "Literal"):
            raise denied(case.user, "INSERT goes into a table of the database, from what is sent or asked")
        if child.kind != "Identifier":
            break
        targets.append(child.name)
    if len(targets) not in (1, 2):
        raise not_understood(case.user, case.formatted.decode(errors="replace"))
    _may_fill(case, Place(targets[0], targets[1]) if len(targets) == 2 else Place(case.database, targets[0]))
    for child in case.tree.children[len(targets) :]:
        judge_reading(case, child)


def _judge_rows(case: Case) -> None:
    """DELETE and UPDATE."""
    words = Words(case.formatted)
    words.take(b"DELETE", b"FROM") or words.take(b"UPDATE")
    _may_take_from(case, _place(case, words))
    judge_reading(case, case.tree, more=frozenset({"DeleteQuery", "UpdateQuery", "Assignment", "Partition"}))


def _judge_optimize(case: Case) -> None:
    words = Words(case.formatted)
    words.take(b"OPTIMIZE", b"TABLE")
    place = _place(case, words)
    _may_fill(case, place)
    if words.has(b"DEDUPLICATE", b"CLEANUP", b"CLUSTER"):
        _may_take_from(case, place)
    judge_reading(case, case.tree, more=frozenset({"OptimizeQuery", "Partition", "Partition_ID"}))


CHANGES: dict[str, Callable[[Case], None]] = {
    "CreateQuery": _judge_create,
    "DropQuery": _judge_drop,
    "TruncateQuery": _judge_truncate,
    "Rename": _judge_rename,
    "AlterQuery": _judge_alter,
    "InsertQuery": _judge_insert,
    "DeleteQuery": _judge_rows,
    "UpdateQuery": _judge_rows,
    "OptimizeQuery": _judge_optimize,
}
"""What a writer may do, by the kind of statement; no other kind changes anything."""


def judge_brought(case: Case) -> None:
    """ServerError for the definition of a table that comes along which is more than columns and their types."""
    allowed = _DEFINITION - {"Storage", "Projection", "AlterQuery"} | {"ExpressionList", "Identifier", "DataType", "Literal"}
    for _, node in case.tree.walk():
        if node.kind not in allowed or node.kind in SELECT:
            raise denied(case.user, "a table that comes along has columns with types, and nothing else")


def is_change(tree: Node) -> bool:
    """Whether a statement is one of those that change something."""
    return tree.kind in CHANGES
