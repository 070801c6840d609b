"""``opsledger keys add | list | revoke``: who may send events over HTTP."""

from __future__ import annotations

import click

from opsledger.domain.clock import SystemClock
from opsledger.infra.cli.common import settings_of
from opsledger.infra.data_directory import Folder
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.ingest.http.judging import Owner


@click.group()
def keys() -> None:
    """Keys of `opsledger serve`, each for one tenant and one source. They may be changed while it runs."""


def _keys(context: click.Context) -> Keys:
    root = settings_of(context).data.expanduser()
    Folder(root).made()
    return Keys(root / FILE, SystemClock())


@keys.command(short_help="Make a key and show it, once.")
@click.option("--tenant", required=True, metavar="NAME", help="Only events of this tenant.")
@click.option("--source", required=True, metavar="URI", help="Only events of this source, e.g. asterisk:pbx1.")
@click.option("--note", default="", help="Who has it, for `keys list`.")
@click.pass_context
def add(context: click.Context, tenant: str, source: str, note: str) -> None:
    """Print a new key. Only its hash is kept: who loses it gets another."""
    click.echo(_keys(context).add(Owner(tenant, source), note))
    click.echo("this key is not shown again; it is sent as 'Authorization: Bearer …'", err=True)


@keys.command("list", short_help="One line a key.")
@click.pass_context
def list_(context: click.Context) -> None:
    """Every key there ever was: id, tenant, source, since when, until when."""
    found = _keys(context).all()
    for key in found:
        state = f"revoked {key.revoked:%Y-%m-%d %H:%M:%S}" if key.revoked else "good"
        parts = (key.id, key.owner.tenant, key.owner.source, f"{key.created:%Y-%m-%d %H:%M:%S}", state, key.note)
        click.echo("  ".join(part for part in parts if part))
    click.echo(f"{len(found):,} keys, {sum(key.revoked is None for key in found):,} good", err=True)


@keys.command(short_help="Make a key worthless, at once.")
@click.argument("id_", metavar="ID")
@click.pass_context
def revoke(context: click.Context, id_: str) -> None:
    """Revoke the key with this ID (the part between the underscores). A running server refuses its next request."""
    _keys(context).revoke(id_)
    click.echo(f"revoked {id_}")
