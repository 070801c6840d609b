"""``opsledger doctor``: what is set, what is reachable, versions."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra import health
from opsledger.infra.cli.common import opened, settings_of
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import VARIABLE as DECISIONS_VARIABLE
from opsledger.infra.decision_store import keeping
from opsledger.infra.deep.doctor import check_all
from opsledger.infra.gateway.found import PASSWORD_VARIABLE, find
from opsledger.infra.progress import progress
from opsledger.infra.server import CLUSTER_VARIABLE, URL_VARIABLE, server_of
from opsledger.infra.settings import VARIABLES, Settings, read_settings
from opsledger.infra.store import is_at_hand

PACKAGES = ("opsledger", "chdb", "clickhouse-connect", "eventsourcing", "marshmallow", "msgspec", "pyarrow")
"""What decides how the product behaves."""
SERVERS = "OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS"
_KAFKA = (
    "OPSLEDGER_KAFKA_PREFIX",
    "OPSLEDGER_KAFKA_SECURITY_PROTOCOL",
    "OPSLEDGER_KAFKA_SASL_MECHANISM",
    "OPSLEDGER_KAFKA_SASL_USERNAME",
    "OPSLEDGER_KAFKA_SSL_CAFILE",
    "OPSLEDGER_KAFKA_SSL_CERTFILE",
    "OPSLEDGER_KAFKA_SSL_KEYFILE",
    "OPSLEDGER_KAFKA_DELIVERY_TIMEOUT_S",
    "OPSLEDGER_KAFKA_DIR",
)
_SECRET = ("OPSLEDGER_KAFKA_SASL_PASSWORD", PASSWORD_VARIABLE)
_HELD = ("ledger", "manifest", "facts", "decisions")
"""What is stored; of Kafka that is away it is said alone, for it comes back."""
_UNSET = "(not set)"
_WIDTH = 34
_BELOW = "\n" + " " * (_WIDTH + 3)


@click.command()
@click.option("--deep", is_flag=True, help="Read all that is stored, and compare facts and decisions with the ledger.")
@click.option("--quiet", is_flag=True, help="With --deep: no progress.")
@click.pass_context
def doctor(context: click.Context, *, deep: bool, quiet: bool) -> int:
    """Show the settings, what can be reached (ledger, Kafka, decisions) and versions; name what needs attention.

    What is secret is never shown: of a password only that it is set. All settings: docs/settings.md. Exit code 3 where
    ledger, facts or decisions need attention (less than the manifest says, a table gone), 4 where they cannot be opened.

    With --deep, instead: every part of every table is read and checked against its checksums; parts set aside, tables gone
    and rows changed by hand are named; facts are made anew in a scratch place and compared, and the store of decisions is
    compared with the ledger. A finding a line: where, what, what to do; exit code 3 where there are any.
    """
    if deep:
        return _deep(context, quiet=quiet)
    settings = read_settings(context.obj["data"])
    found = _reachable(settings)
    reachable = [*((name, line.text) for name, line in found.items()), ("disk free", _free(settings))]
    for title, lines in (("settings", _settings(settings)), ("reachable", reachable), ("versions", _versions())):
        click.echo(f"{title}:")
        for name, value in lines:
            click.echo(f"  {name:<{_WIDTH}} {value.replace(chr(10), _BELOW)}")
    return max(line.code for name, line in found.items() if name in _HELD)


def _deep(context: click.Context, *, quiet: bool) -> int:
    data = settings_of(context).data
    if not is_at_hand(data):
        raise UserError(f"there is no ledger in {data}; name another (--data)")
    if server_of() is None and find(data):
        raise UserError(f"a gateway holds {data}, and lets nobody read the engine's files; stop it first", EXIT_ENVIRONMENT)
    found = 0
    with opened(context, looks=True) as store, progress("doctor", quiet=quiet) as report:
        for found, each in enumerate(check_all(store, report), 1):  # noqa: B007  how many there were
            click.echo(str(each))
    click.echo(f"{found:,} findings" if found else "all is whole: parts, facts and decisions")
    return EXIT_INCOMPLETE if found else 0


def _settings(settings: Settings) -> list[tuple[str, str]]:
    shown = [(name, os.environ.get(name, _UNSET)) for name in (*VARIABLES, CLUSTER_VARIABLE, SERVERS)]
    shown += [(name, os.environ[name]) for name in _KAFKA if os.environ.get(name)]
    shown += [(URL_VARIABLE, _address(_server)), (DECISIONS_VARIABLE, _address(lambda: _decisions(settings)))]
    shown += [(name, "(set)" if os.environ.get(name) else _UNSET) for name in _SECRET]
    return [*shown, ("data directory", str(settings.data.absolute()))]


def _address(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except UserError as error:
        return str(error)


def _server() -> str:
    server = server_of()
    return server.shown if server else _UNSET


def _decisions(settings: Settings) -> str:
    return keeping(Folder(settings.data)).shown if os.environ.get(DECISIONS_VARIABLE) else _UNSET


def _reachable(settings: Settings) -> dict[str, health.HealthLine]:
    return {
        "ledger": health.ledger(settings.data),
        "manifest": health.manifest(settings.data),
        "facts": health.facts(settings.data),
        "decisions": health.decisions(settings.data),
        "Kafka": health.kafka(),
        "sink": health.sink(settings.data),
    }


def _free(settings: Settings) -> str:
    return f"{shutil.disk_usage(_existing(settings.data)).free / 2**30:,.1f} GiB"


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
