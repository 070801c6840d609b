"""What the commands share: the open store, the tenant that is meant, where output goes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
from opsledger.infra.manifest import OnLoss
from opsledger.infra.server import reaching
from opsledger.infra.settings import LANGS, Settings, read_settings
from opsledger.infra.store import Store, open_store
from opsledger.ingest.whole_file import descriptor_of, write_whole

TENANT = click.option("--tenant", metavar="NAME", help="Whose data (default: $OPSLEDGER_TENANT, else the ledger's only one).")
LANG = click.option(
    "--lang", type=click.Choice(LANGS), help="Language of titles and names (default: $OPSLEDGER_LANG, else en)."
)
OUT = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of the screen.")


def settings_of(context: click.Context) -> Settings:
    """The settings of this run."""
    return read_settings(context.obj["data"], late_after=context.obj["late_after"])


def on_loss(context: click.Context) -> OnLoss:
    """What to do with a ledger that holds less than its manifest says."""
    return OnLoss.ACCEPT if context.obj["accept_loss"] else OnLoss.REFUSE


@contextmanager
def opened(context: click.Context, *, writes: bool = False) -> Iterator[Store]:
    """The ledger, open for this command; closed whatever happens. A server that goes away meanwhile is a UserError.

    ``writes``: on a server, database and tables are made where they are not there.
    """
    data, command = settings_of(context).data, f"opsledger {context.command.name}"
    store = open_store(data, clock=SystemClock(), command=command, writes=writes, on_loss=on_loss(context))
    try:
        with reaching(store.server) if store.server else nullcontext():
            yield store
    finally:
        store.close()


def within_tenant(found: str, asked: str | None, settings: Settings, what: str) -> str:
    """The tenant of ``what`` was found by something that says whose it is: a reference, an id. Anybody can write one.

    UserError where it is not the tenant of ``--tenant``, else of the environment; where neither says, any may be meant.
    """
    meant, by = (asked, "--tenant") if asked else (settings.tenant, "$OPSLEDGER_TENANT")
    if meant and found != meant:
        raise UserError(f"{what} is of tenant '{found}', not of '{meant}' ({by}); name its tenant, if you may see it: --tenant")
    return found


def deliver(text: str | bytes, out: Path | None) -> None:
    """Write a result to a file (said on standard error), whole or not at all, or to standard output (``-``, too)."""
    data = text.encode() if isinstance(text, str) else text
    if out is None or descriptor_of(out) == 1:
        if isinstance(text, bytes) and sys.stdout.isatty():
            raise UserError("this format is no text and cannot be shown on a terminal; write it to a file: --out FILE")
        sys.stdout.buffer.write(data if data.endswith(b"\n") or isinstance(text, bytes) else data + b"\n")
        sys.stdout.flush()
        return
    write_whole(out, data)
    click.echo(f"wrote {out} ({len(data):,} bytes)", err=True)


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """Set by SIGTERM or Ctrl-C; a second one ends the process at once, of which nothing is lost either."""
    stop = Event()

    def asked(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
