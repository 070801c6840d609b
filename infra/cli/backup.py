"""``opsledger backup``: a copy of all that cannot be made anew, while others use it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import click

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
from opsledger.infra.backup.frozen import PATIENCE_S
from opsledger.infra.backup.index import BackupIndex
from opsledger.infra.backup.writing import write_backup
from opsledger.infra.cli.common import settings_of
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import VARIABLE as DECISIONS_VARIABLE
from opsledger.infra.decision_store import keeping
from opsledger.infra.server import URL_VARIABLE, Server, server_of


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option(
    "--wait", type=click.FloatRange(0, 86_400), default=PATIENCE_S, show_default=True, help="Seconds to wait for who holds it."
)
@click.option("--quiet", is_flag=True, help="Only errors.")
@click.pass_context
def backup(context: click.Context, to: Path, wait: float, quiet: bool) -> None:
    """Write a backup of the data directory into the folder TO, beside those of before: a folder named by its moment.

    A gateway, serve, a sink and ingest --follow go on meanwhile. Each backup is whole: what has not changed since the one
    before is linked to it, not copied. Hashed secrets (keys, logins) are in it, and the ledger's customers: keep it private.
    What it is and is not: docs/backup.md.

    \b
      opsledger backup /mnt/backups/desk
      opsledger restore /mnt/backups/desk --data restored
    """
    root = settings_of(context).data.expanduser()
    if server := server_of():
        raise _of_a_server(server, root)
    begun, elsewhere = time.monotonic(), bool(os.environ.get(DECISIONS_VARIABLE))
    say = (lambda _text: None) if quiet else (lambda text: click.echo(f"backup: {text}", err=True))
    made = write_backup(root, to, SystemClock(), patience_s=wait, elsewhere=elsewhere, say=say)
    if quiet:
        return
    seconds = time.monotonic() - begun
    click.echo(f"wrote {made.path}: {made.bytes:,} bytes, {made.new_bytes:,} of them new, in {seconds:.1f} s")
    for line in (*contents(made.index), *_beside(made.index, Folder(root))):
        click.echo(line)


def contents(index: BackupIndex) -> Iterator[str]:
    """What a backup holds, as text."""
    for table, rows in sorted(index.rows.items(), key=lambda item: (item[0] not in STREAMS, item[0])):
        ends = [f"{place} ends at {end:,}" for place, end in sorted(index.ends.items()) if _table_of(place) == table]
        yield f"  {table:<22} {rows:>14,} rows{'  ' if ends else ''}{', '.join(ends)}"
    if index.decisions is not None:
        yield f"  {'decisions':<22} {index.decisions:>14,}"


def from_kafka(index: BackupIndex) -> str:
    """How a ledger that was filled from Kafka can be made anew; '' for a local log."""
    topics = sorted({place.rpartition("/")[0] for place in index.ends} - set(STREAMS))
    if not topics:
        return ""
    return (
        f"the log is on Kafka ({topics[0]} …): its ledger can also be made anew from there: "
        "opsledger --data NEW sink --until-end"
    )


def _table_of(place: str) -> str:
    return place.rpartition("/")[0].rpartition(".")[2]


def _beside(index: BackupIndex, home: Folder) -> Iterator[str]:
    if index.decisions is None:
        yield (
            f"decisions are kept in {keeping(home).shown}, not in it: back them up now, after the ledger: "
            "pg_dump --format=custom --file=decisions.dump DATABASE"
        )
    if kafka := from_kafka(index):
        yield kafka
    for what in index.left_out:
        yield f"not in it: {what}"
    yield "not in it: the environment (settings, passwords), and files kept elsewhere (mappings, contracts, schedules)"


def _of_a_server(server: Server, root: Path) -> UserError:
    return UserError(
        f"the ledger is on a server, {server.shown} ({URL_VARIABLE}), whose own backup is to be used: BACKUP DATABASE "
        f"`{server.database}` TO Disk('backups', 'NAME'). Then, in this order, take along the decisions (decisions.sqlite, by "
        f"sqlite3 FILE '.backup COPY'; PostgreSQL by pg_dump) and the other files of {root}; see docs/backup.md"
    )
