"""Makes and looks up the fact tables; their columns are whatever the SQL files select."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from hashlib import sha256
from typing import Any

from opsledger.domain.catalogue import STREAMS as ALL_STREAMS
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.projections.facts.journal import CREATE_JOURNAL
from opsledger.projections.facts.queries import TIMELINES, digest, events, fact_select, file_text, timelines_select
from opsledger.projections.facts.tables import FACTS, STREAMS, FactTable, create_table, facts_of
from opsledger.projections.ledger.tables import create_once_view, statements

_SHAPE = "facts_shape_of_timelines"
"""Passing table with no rows: its columns spare the engine from working out the shared step once a fact."""

_SET_ASIDE = """
SELECT DISTINCT table
FROM system.detached_parts
WHERE database = currentDatabase() AND table IN {tables:Array(String)}
    AND (ifNull(reason, '') = '' OR startsWith(reason, 'broken'))
"""


def ensure_tables(
    client: Any, passing: str, there: Mapping[str, str], *, unused: bool = False, lost: Set[str] = frozenset()
) -> None:
    """Make the fact tables that are not ``there`` (see ``present``); ``passing``: a database for what is needed only meanwhile.

    ``unused``: no update has been made yet, so that those of another version, whose columns may be others, are made anew.
    ``lost``: those that had facts and are to come back with them, not empty.
    """
    stale = {fact.name for fact in FACTS if unused and there.get(fact.name, digest()) != digest()}
    for name in stale:
        client.command(f"DROP TABLE `{name}`")
    create(client, [fact for fact in FACTS if fact.name not in {*there, *lost} or fact.name in stale], passing)


def missing_tables(there: Mapping[str, str]) -> tuple[str, ...]:
    """The fact tables that are not there; see ``present``."""
    return tuple(fact.name for fact in FACTS if fact.name not in there)


def tables_with_parts_set_aside(client: Any) -> tuple[str, ...]:
    """The fact tables of which parts are set aside: by the engine, which could not read them at its start, or by hand."""
    rows = client.query(_SET_ASIDE, parameters={"tables": [fact.name for fact in FACTS]}).result_rows
    return tuple(str(row[0]) for row in rows)


def lost(tables: Set[str]) -> UserError:
    """Fact tables that had rows are not there: made empty they would say that there are no facts."""
    return _unusable("fact tables are missing that the ledger's facts were in", tables, "be empty without them. Make them anew")


def short(tables: Sequence[str]) -> UserError:
    """Fact tables of which parts are set aside: reports would lack their rows."""
    return _unusable("parts of fact tables are set aside and not read", tables, "lack their rows. Make the facts anew")


def _unusable(what: str, tables: Iterable[str], would: str) -> UserError:
    some = ", ".join(f"'{name}'" for name in sorted(tables))
    return UserError(f"{what}: {some}; reports would {would} from the ledger: opsledger rebuild", EXIT_ENVIRONMENT)


def ensure_views(client: Any) -> None:
    """Make the names that the SQL files read from, so that each can be run by hand as it stands.

    Making them is dear and opening is part of every command's time: the comment of a view says what it was made of.
    """
    there = present(client)
    for name, statement in views().items():
        if not statement.endswith(f"COMMENT '{there.get(name)}'"):
            client.command(statement)
    for stream in (stream for stream in ALL_STREAMS if f"{stream}_once" not in there):
        client.command(create_once_view(stream))


def views() -> Mapping[str, str]:
    """Those names, each with its CREATE VIEW statement."""
    selects = {f"{stream}_events": events(stream, "true") for stream in STREAMS} | {TIMELINES: file_text(TIMELINES)}
    # the ledger's statements, too: a view keeps the columns that its table had when it was made
    made_of = sha256("\n".join((*statements(), *selects.values())).encode()).hexdigest()
    return {name: f"CREATE OR REPLACE VIEW {name} AS {select} COMMENT '{made_of}'" for name, select in selects.items()}


def drop(client: Any, beginnings: Iterable[str]) -> None:
    """Drop the tables whose names begin so."""
    begin = tuple(beginnings)
    for name in (name for name in present(client) if name.startswith(begin)):
        client.command(f"DROP TABLE IF EXISTS `{name}`")


def present(client: Any) -> dict[str, str]:
    """The tables and views that are there, and their comments."""
    return dict(client.query("SELECT name, comment FROM system.tables WHERE database = currentDatabase()").result_rows)


def definitions(client: Any) -> tuple[str, ...]:
    """Every statement that the facts need beside the ledger's, in order. The ledger of ``client`` stays as it is."""
    tables = (_create_table(client, fact, f"`{fact.name}`") for fact in FACTS)
    return (CREATE_JOURNAL, *tables, *views().values())


def create_beside(client: Any, stream: str, suffix: str, passing: str) -> None:
    """Make empty tables ``<fact><suffix>`` for a stream's facts, in place of any that are left over."""
    for fact in facts_of(stream):
        client.command(f"DROP TABLE IF EXISTS `{fact.name}{suffix}`")
    create(client, facts_of(stream), passing, suffix=suffix)


def create(client: Any, facts: Iterable[FactTable], passing: str, *, suffix: str = "", database: str = "") -> None:
    """Make tables ``<database>.<fact><suffix>``; the columns are those of the SQL files. Needs the ledger tables."""
    wanted = list(facts)
    place = f"`{database}`." if database else ""
    _look_up(client, [fact for fact in wanted if _key(client, fact) not in _COLUMNS], passing)
    for fact in wanted:
        client.command(_create_table(client, fact, f"{place}`{fact.name}{suffix}`"))


def _create_table(client: Any, fact: FactTable, name: str) -> str:
    """The statement that makes a table; its comment says what it is made by, as for the views."""
    return f"{create_table(fact, columns_of(client, fact), name)}\nCOMMENT '{digest()}'"


def _look_up(client: Any, facts: Sequence[FactTable], passing: str) -> None:
    """Have the columns of facts known; the step that those of calls share is worked out once for all of them."""
    shape = f"`{passing}`.{_SHAPE}" if any(fact.stream == "call" for fact in facts) else ""
    if shape:
        client.command(f"CREATE OR REPLACE TABLE {shape} ENGINE = Memory EMPTY AS {timelines_select('SELECT * FROM call')}")
    for fact in facts:
        columns_of(client, fact, shape)
    if shape:
        client.command(f"DROP TABLE IF EXISTS {shape}")


def columns_of(client: Any, fact: FactTable, shape: str = "") -> tuple[tuple[str, str], ...]:
    """(column, type) of a fact's SELECT, as the engine understands it; ``shape`` is a table like the shared step's rows.

    It is asked once a process: the columns are what the text and the engine's version make them, for the ledger's tables
    are made by the same program; and a look at the past makes its own tables of them, as a rebuild does.
    """
    if (key := _key(client, fact)) not in _COLUMNS:
        select = fact_select(fact, f"SELECT * FROM `{fact.stream}`", f"SELECT * FROM {shape}" if shape else None)
        _COLUMNS[key] = tuple((row[0], row[1]) for row in client.query(f"DESCRIBE ({select})").result_rows)
    return _COLUMNS[key]


def _key(client: Any, fact: FactTable) -> tuple[str, str]:
    return str(client.server_version), fact_select(fact, f"SELECT * FROM `{fact.stream}`", None)


_COLUMNS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
