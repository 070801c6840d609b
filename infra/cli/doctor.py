"""``opsledger doctor``: what is set, what is reachable, versions."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
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
    return [*said, ("data directory", str(settings.data.absolute()))]


def _reachable(settings: Settings) -> list[tuple[str, str]]:
    free = shutil.disk_usage(_existing(settings.data)).free
    return [("ledger", _ledger(settings)), ("disk free", f"{free / 2**30:,.1f} GiB"), ("Chinese font", _font())]


def _ledger(settings: Settings) -> str:
    if not settings.data.exists():
        return "none yet: `opsledger init` or a first `opsledger ingest` makes it"
    try:
        store = open_store(settings.data, clock=SystemClock())
    except UserError as error:
        return f"not usable: {error}"
    try:
        return f"open, engine {store.client.command('SELECT version()')}"
    finally:
        store.close()


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
