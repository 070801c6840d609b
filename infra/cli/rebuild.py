"""``opsledger rebuild``: all facts made anew from the ledger."""

from __future__ import annotations

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import opened
from opsledger.infra.facts import rebuild_facts
from opsledger.infra.progress import progress


@click.command()
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def rebuild(context: click.Context, quiet: bool) -> int:
    """Make every fact table anew beside the old one, compare the two, put all new ones in place at once.

    A table that comes out otherwise than it stood is named, with exit code 3: the facts had not been what the ledger says.
    """
    with opened(context) as store, progress("rebuild", quiet=quiet) as report:
        compared = rebuild_facts(store, report)
    for each in compared:
        told = "as it was" if each.equal else f"NOT as it was ({each.rows_before:,} rows before)"
        click.echo(f"{each.fact:<14} {each.rows_after:>12,} rows  {told}")
    return 0 if all(each.equal for each in compared) else EXIT_INCOMPLETE
