"""``opsledger doctor``: what is set, what is reachable, versions."""

from __future__ import annotations

import os
import platform
import shutil
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
from opsledger.infra.facts import age_of_facts
from opsledger.infra.gateway.found import find
from opsledger.infra.server import CLUSTER_VARIABLE, URL_VARIABLE, server_of
from opsledger.infra.settings import VARIABLES, Settings, read_settings
from opsledger.infra.store import open_store

PACKAGES = ("opsledger", "chdb", "clickhouse-connect", "eventsourcing", "marshmallow", "msgspec", "pyarrow")
"""What decides how the product behaves."""


@click.command(short_help="What is set, what is reachable, versions.")
@click.pass_context
def doctor(context: click.Context) -> None:
    """Show the settings, the data directory, the engine, fonts and versions; name what needs attention."""
    settings = read_settings(context.obj["data"])
    for title, lines in (("settings", _settings(settings)), ("reachable", _reachable(settings)), ("versions", _versions())):
        click.echo(f"{title}:")
        for name, value in lines:
            click.echo(f"  {name:<20} {value}")


def _settings(settings: Settings) -> list[tuple[str, str]]:
    said = [(name, os.environ.get(name, "(not set)")) for name in VARIABLES]
    said += [(URL_VARIABLE, _server()), (CLUSTER_VARIABLE, os.environ.get(CLUSTER_VARIABLE, "(not set)"))]
    return [*said, ("data directory", str(settings.data.absolute()))]


def _server() -> str:
    try:
        server = server_of()
    except UserError as error:
        return str(error)
    return server.shown if server else "(not set)"


def _reachable(settings: Settings) -> list[tuple[str, str]]:
    free = shutil.disk_usage(_existing(settings.data)).free
    return [
        ("ledger", _ledger(settings)),
        ("facts", _facts(settings)),
        ("disk free", f"{free / 2**30:,.1f} GiB"),
        ("Chinese font", _font()),
    ]


def _ledger(settings: Settings) -> str:
    if not settings.data.exists() and server_of() is None:
        return "none yet: `opsledger init` or a first `opsledger ingest` makes it"
    try:
        store = open_store(settings.data, clock=SystemClock())
    except UserError as error:
        return f"not usable: {error}"
    try:
        where = f"at {store.place}" if store.remote else "open"
        return f"{where}, engine {store.client.command('SELECT version()')}"
    finally:
        store.close()


def _facts(settings: Settings) -> str:
    """How old the facts are, where others keep them; here they are brought up to the ledger by each command."""
    try:
        with open_store(settings.data, clock=SystemClock()) if _reached(settings) else nullcontext() as store:
            return age_of_facts(store) if store else "brought up to the ledger by each command"
    except UserError as error:
        return str(error)


def _reached(settings: Settings) -> bool:
    return server_of() is not None or find(settings.data) is not None


def _font() -> str:
    found = next((p for folder in (Path("/usr/share/fonts"), Path.home() / ".fonts") for p in folder.rglob("*CJK*")), None)
    return str(found) if found else "none found: charts with Chinese labels need one (for example fonts-noto-cjk)"


def _existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _versions() -> list[tuple[str, str]]:
    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    return [("Python", platform.python_version()), ("system", platform.platform()), *((p, of(p)) for p in PACKAGES)]
