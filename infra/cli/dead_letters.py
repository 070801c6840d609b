"""``opsledger dead-letters list | show | export | retry``."""

from __future__ import annotations

from pathlib import Path

import click

from opsledger.domain.dead_letters import DeadLetter, DeadLetterFilter, Outcome, Status
from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import TENANT, opened, settings_of, within_tenant
from opsledger.infra.facts import refresh
from opsledger.infra.retrying import retry_letters
from opsledger.infra.store import Store
from opsledger.ingest.dead_letters import as_json, export, outcomes

LIMIT = click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
STATUS = click.option("--status", type=click.Choice([s.value for s in Status] + ["any"]), default="open", show_default=True)
REASON = click.option("--reason", help="Only this reason, e.g. invalid, conflict, no_event.")
FILE = click.option("--file", "file_", help="Only of this input.")


@click.group("dead-letters")
def dead_letters() -> None:
    """Records that could not become events, each kept with its raw bytes, its place and the reason."""


def _filter(
    context: click.Context, tenant: str | None, status: str, reason: str | None, file_: str | None, limit: int
) -> DeadLetterFilter:
    whose = tenant or settings_of(context).tenant
    status = "" if status == "any" else status
    return DeadLetterFilter(tenant=whose, reason=reason or "", file=file_ or "", status=status, limit=limit)


def _named(context: click.Context, store: Store, id_: str, tenant: str | None) -> DeadLetter:
    """The letter with an id; UserError where it is another tenant's than the one that is meant."""
    letter = store.dead_letters.show(id_)
    within_tenant(letter.tenant, tenant, settings_of(context), f"dead letter {str(letter.id)[:13]}")
    return letter


@dead_letters.command("list", short_help="One line a record.")
@TENANT
@STATUS
@REASON
@FILE
@LIMIT
@click.pass_context
def list_(context: click.Context, tenant: str | None, status: str, reason: str | None, file_: str | None, limit: int) -> None:
    """Dead letters, a line each: id, where it stood, why."""
    with opened(context) as store:
        letters = store.dead_letters.list(_filter(context, tenant, status, reason, file_, limit))
    for letter in letters:
        click.echo(f"{str(letter.id)[:13]}  {letter.file}:{letter.line}  {letter.reason}: {letter.detail}")
    click.echo(f"{len(letters):,} dead letters" + (f" (the first {limit:,})" if len(letters) == limit else ""), err=True)


@dead_letters.command(short_help="One record whole, with every try.")
@click.argument("id_", metavar="ID")
@TENANT
@click.pass_context
def show(context: click.Context, id_: str, tenant: str | None) -> None:
    """A dead letter as JSON (ID may be shortened as `list` prints it), then each retry that is on record."""
    with opened(context) as store:
        letter = _named(context, store, id_, tenant)
        attempts = store.dead_letters.attempts(letter.id)
    click.echo(as_json(letter))
    for each in attempts:
        click.echo(f"tried {each.at:%Y-%m-%d %H:%M:%S}Z: {each.outcome} {each.reason} {each.detail}".rstrip())


@dead_letters.command("export", short_help="As JSON Lines to a file.")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@TENANT
@STATUS
@REASON
@FILE
@LIMIT
@click.pass_context
def export_(
    context: click.Context, out: Path, tenant: str | None, status: str, reason: str | None, file_: str | None, limit: int
) -> None:
    """Write dead letters to OUT, one JSON object a line."""
    with opened(context) as store:
        count = export(store.dead_letters.list(_filter(context, tenant, status, reason, file_, limit)), out)
    click.echo(f"wrote {out} ({count:,} dead letters)", err=True)


@dead_letters.command(short_help="Try records again, after the mapping was mended.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--mapping", type=click.Path(path_type=Path, dir_okay=False), help="The mended mapping, for tables.")
@click.option("--zone", help="The zone that the import was given, for queue_log and connect.")
@TENANT
@REASON
@FILE
@LIMIT
@click.pass_context
def retry(
    context: click.Context,
    ids: tuple[str, ...],
    mapping: Path | None,
    zone: str | None,
    tenant: str | None,
    reason: str | None,
    file_: str | None,
    limit: int,
) -> int:
    """Try the dead letters with these IDs, or all open ones, again. Each try is on record."""
    with opened(context) as store:
        if ids:
            letters: list[DeadLetter] = [_named(context, store, each, tenant) for each in ids]
        else:
            letters = list(store.dead_letters.list(_filter(context, tenant, "open", reason, file_, limit)))
        attempts = retry_letters(store, letters, mapping, zone or "")
        refresh(store, lambda *_: None)
    counts = outcomes(attempts)
    parts = " + ".join(f"{outcome} {counts[outcome]:,}" for outcome in Outcome)
    click.echo(f"tried {len(attempts):,} = {parts}")
    return EXIT_INCOMPLETE if counts[Outcome.DEAD] else 0
