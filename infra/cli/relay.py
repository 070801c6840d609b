"""``opsledger relay``: what was decided and is not on the log yet is brought there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import UserError
from opsledger.domain.ports import Log
from opsledger.infra.cli.common import opened, settings_of, stopped_by_signals
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import keeping, opened_decisions, telling
from opsledger.infra.deep.decisions import relay_missing
from opsledger.infra.facts import refresh
from opsledger.infra.kafka.settings import kafka_settings
from opsledger.infra.patience import Patience
from opsledger.infra.relaying import Outlet, Relay, kafka_outlet, local_outlet, taken


@click.command()
@click.option("--follow", is_flag=True, help="Go on as more is decided, until stopped (Ctrl-C).")
@click.option(
    "--poll", type=click.FloatRange(0.05, 3600), default=1.0, show_default=True, help="With --follow: look every SECONDS."
)
@click.option("--backfill", is_flag=True, help="Decisions of the past taken over on purpose: count them apart from late ones.")
@click.option("--missing", is_flag=True, help="Bring again what was brought and the ledger does not have any more.")
@click.option("--from-beginning", is_flag=True, help="Bring all that the store has, though it has less than was brought.")
@click.pass_context
def relay(context: click.Context, *, follow: bool, poll: float, backfill: bool, missing: bool, from_beginning: bool) -> int:
    """Append the decisions that wait in their store to the log: Kafka where OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS is set, else the
    data directory's own.

    `opsledger decide` does so itself when it is done; this completes what it could not, and brings what others decide in a
    PostgreSQL (OPSLEDGER_DECISIONS_URL). Running it twice adds nothing: a decision has one event id. A store that has fewer
    decisions than were brought from it is refused, unless --from-beginning says that this is known.
    """
    done = 0
    if missing:
        return _missing(context, backfill=backfill)
    with stopped_by_signals() as stop, _outlet(context) as (outlet, follow_up), opened_decisions(outlet.home) as app:
        work, kept = Relay(app, outlet), keeping(outlet.home)
        with work.alone() as ours:
            if not ours:
                raise taken()
            if from_beginning:
                work.begin_anew()
            patience = Patience(stop, lambda text: click.echo(text, err=True))
            while not stop.is_set():
                try:
                    with telling(kept):
                        new = sum(len(events) for events in work.run(backfill=backfill))
                    done += new
                    if new:
                        follow_up()
                    patience.over()
                except UserError as error:
                    if not follow:
                        raise
                    patience.wait(error)
                    continue
                if not follow:
                    break
                stop.wait(poll)
    click.echo(f"relayed {done:,} decisions")
    return 0


def _missing(context: click.Context, *, backfill: bool) -> int:
    if kafka_settings() is not None:
        raise UserError("--missing is for a data directory with a log of its own; a ledger on Kafka is made from its topics")
    with opened(context) as store, opened_decisions(store.directory) as app:
        with Relay(app, local_outlet(store)).alone() as ours:
            if not ours:
                raise taken()
            done = relay_missing(store, app, backfill=backfill)
        refresh(store, lambda *_: None)
    click.echo(f"relayed {done:,} decisions again that the ledger did not have")
    return 0


@contextmanager
def _outlet(context: click.Context) -> Iterator[tuple[Outlet[Log], Callable[[], object]]]:
    kafka = kafka_settings()
    if kafka is not None:
        with kafka_outlet(kafka, Folder(settings_of(context).data), SystemClock()) as outlet:
            yield outlet, lambda: None
        return
    with opened(context) as store:
        yield local_outlet(store), lambda: refresh(store, lambda *_: None)
