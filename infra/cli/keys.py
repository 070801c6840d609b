"""``opsledger keys add | change | rotate | revoke | list | history``: who may send events over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import click

from opsledger.domain.clock import SystemClock
from opsledger.infra.actor import actor_of
from opsledger.infra.cli.common import settings_of
from opsledger.infra.cli.keys_told import history_line, key_line, written
from opsledger.infra.data_directory import Folder
from opsledger.infra.moments import parse_duration, parse_until
from opsledger.infra.serve.keys import FILE, Change, Keys, Terms
from opsledger.infra.serve.rates import BURST_S, Rate
from opsledger.infra.serve.refusals import refused
from opsledger.ingest.http.judging import Owner

_MOST = 1_000_000_000
ACTOR = click.option("--actor", default="", metavar="NAME", help="Who does it, for `keys history`, beside the account.")
EXPIRES = click.option(
    "--expires", metavar="WHEN", help="A moment (2027-01-31: its midnight in $OPSLEDGER_ZONE), 90d, 12h, or never."
)
RATE = click.option("--rate", type=click.IntRange(0, _MOST), metavar="N", help="At most N events a second; 0: no bound.")
BURST = click.option(
    "--burst", type=click.IntRange(0, _MOST), metavar="N", help=f"So many at once after a pause; 0: what comes in {BURST_S} s."
)
OTHERS = click.option(
    "--may-correct-others/--may-not-correct-others", default=None, help="Whether it may correct other sources' events (not)."
)


@click.group()
def keys() -> None:
    """Keys of `opsledger serve`, each for one tenant and one source. They may be changed while it runs."""


def _keys(context: click.Context, actor: str = "") -> Keys:
    root = settings_of(context).data.expanduser()
    Folder(root).made()
    return Keys(root / FILE, SystemClock(), actor_of(actor))


def _until(context: click.Context, text: str | None) -> datetime | Literal["never"] | None:
    if text is None or text == "never":
        return "never" if text else None
    return parse_until(text, settings_of(context).zone or "UTC", SystemClock().now())


@keys.command(short_help="Make a key and show it, once.")
@click.option("--tenant", required=True, metavar="NAME", help="Only events of this tenant.")
@click.option("--source", required=True, metavar="URI", help="Only events of this source, e.g. asterisk:pbx1.")
@click.option("--note", default="", help="Who has it, for `keys list`.")
@EXPIRES
@RATE
@BURST
@OTHERS
@ACTOR
@click.pass_context
def add(  # an argument for each option
    context: click.Context,
    tenant: str,
    source: str,
    note: str,
    expires: str | None,
    rate: int | None,
    burst: int | None,
    may_correct_others: bool | None,
    actor: str,
) -> None:
    """Print a new key. Only its hash is kept: who loses it gets another by `rotate`."""
    until = _until(context, expires)
    terms = Terms(None if until == "never" else until, Rate(rate or 0, burst or 0))
    _show(_keys(context, actor).add(Owner(tenant, source, bool(may_correct_others)), note, terms))
    if terms.expires:
        click.echo(f"it is good until {written(terms.expires)} UTC", err=True)


@keys.command(short_help="Bind a key otherwise.")
@click.argument("id_", metavar="ID")
@EXPIRES
@RATE
@BURST
@OTHERS
@ACTOR
@click.pass_context
def change(  # as above
    context: click.Context,
    id_: str,
    expires: str | None,
    rate: int | None,
    burst: int | None,
    may_correct_others: bool | None,
    actor: str,
) -> None:
    """Change what the key with this ID is bound to; what is not named stays. It holds from the next request on."""
    changes = Change(_until(context, expires), rate, burst, may_correct_others)
    if changes == Change():
        raise click.UsageError("say what is to be otherwise: --expires, --rate, --burst, --may-correct-others")
    click.echo(key_line(_keys(context, actor).change(id_, changes), SystemClock().now()))


@keys.command(short_help="Give a key a new secret and show it, once.")
@click.argument("id_", metavar="ID")
@click.option("--overlap", metavar="DURATION", help="So long the old one is good, too: 30m, 12h, 7d (else it ends at once).")
@ACTOR
@click.pass_context
def rotate(context: click.Context, id_: str, overlap: str | None, actor: str) -> None:
    """Print the key with this ID with a new secret. Tenant, source and what else it is bound to stay."""
    given = parse_duration(overlap) if overlap else timedelta()
    _show(_keys(context, actor).rotate(id_, given))
    click.echo(f"the old one {f'is good for {overlap} yet' if overlap else 'ends now'}", err=True)


@keys.command("list", short_help="One line a key.")
@click.pass_context
def list_(context: click.Context) -> None:
    """Every key there ever was: id, tenant, source, since when, until when, what it is bound to."""
    now, found = SystemClock().now(), _keys(context).all()
    for key in found:
        click.echo(key_line(key, now))
    click.echo(f"{len(found):,} keys, {sum(key.is_good(now) for key in found):,} good", err=True)


@keys.command(short_help="Make a key worthless, at once.")
@click.argument("id_", metavar="ID")
@ACTOR
@click.pass_context
def revoke(context: click.Context, id_: str, actor: str) -> None:
    """Revoke the key with this ID (the part between the underscores). A running server refuses its next request."""
    _keys(context, actor).revoke(id_)
    click.echo(f"revoked {id_}")


@keys.command(short_help="What was done to keys, by whom, and which were refused.")
@click.option("--key", "id_", metavar="ID", help="Of this key only.")
@click.option("--refused/--no-refused", "with_refused", default=True, help="Whether keys that servers refused are shown.")
@click.option("--last", type=click.IntRange(1), default=1_000, show_default=True, metavar="N", help="The last N lines only.")
@click.pass_context
def history(context: click.Context, id_: str | None, with_refused: bool, last: int) -> None:
    """Keys made, changed, rotated and revoked, in which account on which machine, and keys refused, and from where.

    Of very many refused at once only some have a line; how many more there were stands in the next one.
    """
    lines = [(each.at, each.id, history_line(each)) for each in _keys(context).history()]
    if with_refused:
        lines += [(each.at, each.id, history_line(each)) for each in refused(settings_of(context).data.expanduser())]
    told = [line for _, about, line in sorted(lines, key=lambda each: each[0]) if id_ in (None, about)]
    for line in told[-last:]:
        click.echo(line)
    click.echo(f"{min(last, len(told)):,} of {len(told):,} lines", err=True)


def _show(key: str) -> None:
    click.echo(key)
    click.echo("this key is not shown again; it is sent as 'Authorization: Bearer …'", err=True)
