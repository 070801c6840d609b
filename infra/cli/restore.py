"""``opsledger restore``: a data directory from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from opsledger.domain.clock import SystemClock
from opsledger.infra.backup.restoring import restore_backup
from opsledger.infra.cli.backup import contents, from_kafka
from opsledger.infra.cli.common import settings_of
from opsledger.infra.progress import progress
from opsledger.infra.server import URL_VARIABLE, server_of


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path))
@click.option("--data", metavar="DIR", help="The new data directory (default: that of the command line).")
@click.option("--quiet", is_flag=True, help="Only errors.")
@click.pass_context
def restore(context: click.Context, source: Path, data: str | None, quiet: bool) -> None:
    """Restore a backup into a data directory that is not there, or empty. FROM is a backup, or a series: then its newest.

    Every file is compared with what was written, every part of the ledger is read, and the facts are made anew, before
    the directory is there. A backup that is damaged is not restored, not even in part.
    """
    if data is not None:
        context.obj["data"] = data
    root = settings_of(context).data.expanduser()
    with progress("restore", quiet=quiet) as report:
        done = restore_backup(source, root, SystemClock(), report)
    if quiet:
        return
    click.echo(f"restored {done.backup} (of {done.index.at}) into {root}")
    for line in contents(done.index):
        click.echo(line)
    if done.index.decisions is None:
        click.echo("decisions are not in it: restore them where they are kept, from a pg_dump of then or later: pg_restore")
    if server := server_of():
        click.echo(f"commands go on with the ledger on {server.shown}, not with this one, while {URL_VARIABLE} is set")
    if kafka := from_kafka(done.index):
        click.echo(kafka)
