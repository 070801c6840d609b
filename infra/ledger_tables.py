"""The tables of a ledger, made where they are not there, and brought up to what was declared since."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from clickhouse_connect.driver.client import Client

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.server import Server
from opsledger.ingest.small_file import replace_whole
from opsledger.projections.ledger.sql import sql
from opsledger.projections.ledger.tables import PROJECTED, additions, deduplication, statements

_DONE = "tables.sha256"
_PRESENT = f"""
SELECT table, name FROM system.columns WHERE database = currentDatabase()
UNION ALL
SELECT name AS table, '{PROJECTED}' || arrayJoin(extractAll(create_table_query, 'PROJECTION `?([a-z]+)'))
FROM system.tables
WHERE database = currentDatabase()
"""


def make_in_directory(root: Path, client: Client) -> None:
    """Make the tables of a ledger in a data directory; what is there stays."""
    for statement in (*_additions(client), *statements()):
        client.command(statement)
    replace_whole(root / _DONE, _wanted())


def are_made(root: Path) -> bool:
    """Whether the statements of this version were run in a data directory: a table that is not there is gone then, and to run
    them again would be part of every command's time."""
    done = root / _DONE
    return done.exists() and done.read_bytes() == _wanted()


def _wanted() -> bytes:
    return sha256("\n".join(statements()).encode()).hexdigest().encode()


def make_on_server(client: Client, *, replicated: bool) -> None:
    """Make the tables of a ledger over the network; what is there stays."""
    for statement in (*_additions(client), *statements(), *(() if replicated else deduplication())):
        client.command(statement)


def check_on_server(client: Client, server: Server) -> None:
    """UserError where a server holds no ledger."""
    if not client.command("EXISTS TABLE dead_letters"):
        raise UserError(
            f"{server.shown} holds no ledger ({server.named_by}); name another database, or start what writes to it "
            "(opsledger sink)",
            EXIT_ENVIRONMENT,
        )


def _additions(client: Client) -> tuple[str, ...]:
    """What an older ledger's tables need, in which corrections did not say whose event they correct."""
    present = _present(client)
    older = [stream for stream in STREAMS if "corrects_source" not in present.get(stream, {"corrects_source"})]
    return additions(present, {stream: _aimed_at_others(client, stream) for stream in older})


def _aimed_at_others(client: Client, stream: str) -> dict[str, str]:
    rows = client.query(sql("corrections_of_others"), parameters={"stream": stream}).result_rows
    return {str(event): str(source) for event, source in rows}


def _present(client: Client) -> dict[str, set[str]]:
    """The tables that are there, with their columns and projections."""
    present: dict[str, set[str]] = {}
    for table, column in client.query(_PRESENT).result_rows:
        present.setdefault(str(table), set()).add(str(column))
    return present
