"""``opsledger gateway users add | list | revoke | rotate``: who may log in at the gateway."""

from __future__ import annotations

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
from opsledger.infra.cli.common import settings_of
from opsledger.infra.data_directory import Folder
from opsledger.infra.gateway.roles import Role
from opsledger.infra.gateway.users import FILE, KnownUser, Users


@click.group()
def users() -> None:
    """Users of `opsledger gateway`, each of one role. They may be changed while it runs."""


def _users(context: click.Context) -> Users:
    root = settings_of(context).data.expanduser()
    Folder(root).made()
    return Users(root / FILE, SystemClock())


def _given(_context: click.Context, option: click.Parameter, value: str | None) -> str:
    """'' for an option that is not given; one that is given and empty would bind to nothing."""
    if value == "":
        raise UserError(f"--{option.name} is empty; leave it away for a reader of everything")
    return value or ""


@users.command(short_help="Make a user and show its secret, once.")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="What the user may do.")
@click.option("--tenant", metavar="NAME", callback=_given, help="A reader of this tenant's rows only.")
@click.option("--vendor", metavar="NAME", callback=_given, help="A reader of this vendor's rows only.")
@click.pass_context
def add(context: click.Context, name: str, role: str, tenant: str, vendor: str) -> None:
    """Print the secret of a new user. Only its hash is kept: who loses it gets another by `rotate`."""
    _show(name, _users(context).add(name, Role(role), tenant, vendor))


@users.command("list", short_help="One line a user.")
@click.pass_context
def list_(context: click.Context) -> None:
    """Every user there ever was: name, role, bounds, since when, until when."""
    found = _users(context).all()
    for known in found:
        click.echo(_line(known))
    click.echo(f"{len(found):,} users, {sum(known.revoked is None for known in found):,} good", err=True)


@users.command(short_help="Let a user in no more, at once.")
@click.argument("name")
@click.pass_context
def revoke(context: click.Context, name: str) -> None:
    """Revoke a user. A running gateway refuses the next request; `add` may give the name anew."""
    _users(context).revoke(name)
    click.echo(f"revoked {name}")


@users.command(short_help="Give a user a new secret; the old one ends at once.")
@click.argument("name")
@click.pass_context
def rotate(context: click.Context, name: str) -> None:
    """Print a new secret of a user. A running gateway refuses the old one from the next request on."""
    _show(name, _users(context).rotate(name))


def _show(name: str, secret: str) -> None:
    click.echo(secret)
    click.echo(f"this secret is not shown again; it is the password of the user '{name}'", err=True)


def _line(known: KnownUser) -> str:
    user = known.user
    parts = [user.name, user.role.value]
    parts += [f"{option}={value}" for option, value in (("tenant", user.tenant), ("vendor", user.vendor)) if value]
    parts.append(f"{known.created:%Y-%m-%d %H:%M:%S}")
    if known.rotated:
        parts.append(f"rotated {known.rotated:%Y-%m-%d %H:%M:%S}")
    parts.append(f"revoked {known.revoked:%Y-%m-%d %H:%M:%S}" if known.revoked else "good")
    return "  ".join(parts)
