"""``opsledger report``: the group of the commands about reports; each lies in a module of its own."""

from __future__ import annotations

import click

from opsledger.infra.cli.lazy import LazyGroup

COMMANDS = {
    "list": ("opsledger.infra.cli.report_list:list_", "Every report with its spans."),
    "run": ("opsledger.infra.cli.report_run:run", "Run a report for a day, ISO week or month."),
    "open": ("opsledger.infra.cli.report_open:open_", "A report in the browser; every figure leads to its rows."),
    "schedule": ("opsledger.infra.cli.schedule:schedule", "Check a file of schedules and put it in force."),
    "diff": ("opsledger.infra.cli.report_diff:diff", "What changed in a report between two moments, and why."),
}


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def report() -> None:
    """Reports over the facts: any day, ISO week or month, as it stands or as it was known at a past moment."""
