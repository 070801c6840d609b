"""``opsledger report schedule`` and ``opsledger run-due``: reports that are made and sent by themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError, nearest
from opsledger.infra.cli.common import opened, settings_of
from opsledger.infra.data_directory import Folder
from opsledger.infra.moments import parse_moment
from opsledger.infra.schedule_journal import AtWorkError, Journal, alone
from opsledger.infra.schedule_run import Due, Office, due_runs, period_of, recover
from opsledger.infra.schedule_run import run_due as run_one
from opsledger.infra.schedule_times import coming
from opsledger.infra.schedules import Schedule, Schedules, read_schedules

FILE = "schedules"
"""The setting of the journal that names the file of schedules."""


@click.command()
@click.argument("file_", metavar="FILE.yaml", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--check", is_flag=True, help="Check and show only; put nothing in force.")
@click.option("--now", metavar="TIME", help="As if it were this moment.")
@click.pass_context
def schedule(context: click.Context, file_: Path, check: bool, now: str | None) -> None:
    """Check FILE.yaml, show what it will do and when next, and have `opsledger run-due` follow it from now on.

    The file stays where it is: what is changed in it counts from the next `run-due` on. Each schedule begins when it is
    first seen; what was due before is not made up for.
    """
    plan = read_schedules(file_)
    with _office(context, plan) as office:
        moment = _moment(now, office)
        for each in plan.runs:
            click.echo(_told(office, each, moment))
        if check:
            return
        for each in plan.runs:
            office.journal.since(each.name, moment)
        office.journal.keep(FILE, str(plan.path))
    click.echo(f"in force: {plan.path}; have `opsledger run-due` called every few minutes (cron)")


@click.command("run-due")
@click.option("--schedule", "file_", type=click.Path(path_type=Path, dir_okay=False), help="This file, not the one in force.")
@click.option("--now", metavar="TIME", help="As if it were this moment.")
@click.option("--dry-run", is_flag=True, help="Only say what is due.")
@click.option("--again", multiple=True, metavar="NAME@TIME", help="Make this run once more, whatever became of it.")
@click.pass_context
def run_due(context: click.Context, file_: Path | None, now: str | None, dry_run: bool, again: tuple[str, ...]) -> int:
    """Make and send what is due and was not yet; runs that were missed are made up for, none is sent twice.

    Call it from cron every few minutes. Exit code 3 where something failed: the message says what and how to retry.
    """
    try:
        with _office(context, None if file_ is None else read_schedules(file_)) as office:
            return _run_due(office, _moment(now, office), again, dry_run=dry_run)
    except AtWorkError:
        click.echo("another run-due is at work; nothing to do here", err=True)
        return 0


def _run_due(office: Office, now: datetime, again: tuple[str, ...], *, dry_run: bool) -> int:
    worst = 0
    for text in () if dry_run else recover(office.journal, now):
        click.echo(text, err=True)
        worst = EXIT_INCOMPLETE
    for text in again:
        _forget(office, text)
    for each in office.schedules.runs:
        try:
            due = due_runs(office, each, now)
        except UserError as error:
            click.echo(f"{each.name}: {error}", err=True)
            worst = EXIT_INCOMPLETE
            continue
        worst = max(worst, *(_one(office, run, dry_run=dry_run) for run in due), 0)
    return worst


def _one(office: Office, due: Due, *, dry_run: bool) -> int:
    if dry_run:
        click.echo(f"{due.name}: due, for {due.period.name}")
        return 0
    outcome = run_one(office, due)
    click.echo(f"{due.name} ({due.period.name}): {outcome.text}", err=not outcome.ok)
    return 0 if outcome.ok else EXIT_INCOMPLETE


def _forget(office: Office, text: str) -> None:
    name, at, moment = text.partition("@")
    names = [each.name for each in office.schedules.runs]
    if name not in names:
        raise UserError(f"--again {text}: there is no schedule '{name}'{nearest(name, names)}")
    if not at or not office.journal.forget(name, parse_moment(moment, "UTC")):
        raise UserError(f"--again {text}: no such run is on record; write it as run-due names it: {name}@2026-01-06T23:30Z")


def _told(office: Office, each: Schedule, now: datetime) -> str:
    """What a schedule will do."""
    zone = office.zone(each)
    what = ", ".join(each.reports) or "all reports"
    where = f"by mail to {', '.join(each.mail.recipients)}" if each.mail else f"to {each.folder}"
    lines = [
        f"{each.name}: {what} of {each.tenant} for a {each.span} ({', '.join(each.langs)}; {', '.join(each.formats)}), {where}"
    ]
    for at in coming(each.cron, zone, now, 3):
        local = at.astimezone(zone_of(zone))
        lines.append(f"  {local:%Y-%m-%d %H:%M} {zone}: {period_of(each, at, zone).name}")
    last = office.journal.last(each.name)
    if last is not None:
        lines.append(f"  last: {last.due:%Y-%m-%dT%H:%MZ} {last.state} {last.detail}".rstrip())
    return "\n".join(lines)


@contextmanager
def _office(context: click.Context, plan: Schedules | None) -> Iterator[Office]:
    """The open store with the journal of scheduled runs, for this process alone."""
    settings = settings_of(context)
    if not settings.data.exists():
        raise UserError(f"there is no data directory {settings.data}; make it with 'opsledger init', or name another (--data)")
    Folder(settings.data).made()
    with alone(settings.data), opened(context) as store:
        journal = Journal(settings.data)
        try:
            yield Office(store, settings, journal, plan or _in_force(journal), os.environ)
        finally:
            journal.close()


def _in_force(journal: Journal) -> Schedules:
    path = journal.setting(FILE)
    if path is None:
        raise UserError(
            "no schedules are in force; name a file: opsledger report schedule FILE.yaml (or run-due --schedule FILE)"
        )
    return read_schedules(Path(path))


def _moment(text: str | None, office: Office) -> datetime:
    if text is None:
        return office.store.clock.now()
    zones = {office.zone(each) for each in office.schedules.runs}
    return parse_moment(text, zones.pop() if len(zones) == 1 else "UTC")
