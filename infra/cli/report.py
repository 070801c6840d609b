"""``opsledger report``: the group of the commands about reports; each lies in a module of its own."""

from __future__ import annotations

import click

from opsledger.infra.cli.lazy import LazyGroup

COMMANDS = {
    "list": "opsledger.infra.cli.report_list:list_",
    "run": "opsledger.infra.cli.report_run:run",
    "open": "opsledger.infra.cli.report_open:open_",
    "schedule": "opsledger.infra.cli.schedule:schedule",
    "diff": "opsledger.infra.cli.report_diff:diff",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, short_help="List, run and compare reports.")
def report() -> None:
    """Reports over the facts: any day, ISO week or month, as it stands or as it was known at a past moment."""
