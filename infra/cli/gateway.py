"""``opsledger gateway``: the data directory for several processes at once, by ClickHouse's HTTP interface."""

from __future__ import annotations

import os
import secrets

import click

from opsledger.domain.clock import SystemClock
from opsledger.infra.backup.holder import answering
from opsledger.infra.cli.common import on_loss, settings_of
from opsledger.infra.cli.lazy import LazyGroup
from opsledger.infra.facts import fact_tables
from opsledger.infra.gateway.found import FILE, PASSWORD_VARIABLE, leave_note, remove_note
from opsledger.infra.gateway.logins import Logins
from opsledger.infra.gateway.serve import DEFAULT_PORT, Server
from opsledger.infra.gateway.users import FILE as USERS_FILE
from opsledger.infra.gateway.users import Users
from opsledger.infra.manifest import follow
from opsledger.infra.store import open_embedded
from opsledger.projections.ledger.engine_errors import damage_told

COMMANDS = {
    "users": (
        "opsledger.infra.cli.gateway_users:users",
        "Who may log in beside the local commands: add, list, revoke, rotate.",
    ),
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, invoke_without_command=True)
@click.option("--data", metavar="DIR", help="Data directory (default: that of the command line).")
@click.option("--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True, help="0: any free port.")
@click.pass_context
def gateway(context: click.Context, data: str | None, port: int) -> None:
    """Hold the data directory and serve it on 127.0.0.1 until stopped (Ctrl-C, SIGTERM): what is under way ends first.

    Commands with the same --data find it by themselves. Others log in as user "default" with the password of
    $OPSLEDGER_GATEWAY_PASSWORD, else with the one in the directory's gateway.json, which only this user can read.

    \b
      opsledger gateway &
      opsledger report run traffic --day 2026-01-05
      opsledger gateway users add ann --role reader
    """
    if data is not None:
        context.obj["data"] = data
    if context.invoked_subcommand is None:
        _serve(context, port)


def _serve(context: click.Context, port: int) -> None:
    root, clock = settings_of(context).data.expanduser(), SystemClock()
    set_before = os.environ.get(PASSWORD_VARIABLE, "")
    password = set_before or secrets.token_urlsafe(24)
    with open_embedded(root, clock=clock, command="opsledger gateway", on_loss=on_loss(context)) as store:
        with damage_told(store.client):
            fact_tables(store).update()  # whoever reads over the network does not
        server = Server(root, Logins(password, Users(root / USERS_FILE, clock)), port)
        with answering(store):
            leave_note(root, server.url, "" if set_before else password, clock.now())
            click.echo(f"serving {root} at {server.url} (user default, password in ", nl=False)
            click.echo(f"${PASSWORD_VARIABLE})" if set_before else f"{root / FILE})")
            try:
                server.run()
            finally:
                remove_note(root)
                follow(store.manifest)
    click.echo("stopped")
