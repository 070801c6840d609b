"""``opsledger ingest`` with the log on Kafka: nothing is asked, but where records may correct what is stored."""

from __future__ import annotations

from contextlib import ExitStack

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.cli.common import opened, settings_of
from opsledger.infra.cli.ingest import code_of, summary
from opsledger.infra.event_log import Beside, kafka_stores
from opsledger.infra.ingesting import Ask, import_files, looks_up
from opsledger.infra.kafka.log import open_kafka_log, stores_of
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.progress import progress
from opsledger.infra.store import Store, is_at_hand
from opsledger.ingest.importer import Importer, Stores
from opsledger.ingest.inputs import Input
from opsledger.ingest.tally import Tally


def import_to_kafka(context: click.Context, kafka: KafkaSettings, files: tuple[str, ...], ask: Ask, *, quiet: bool) -> int:
    """Import files into Kafka; the exit code. Records that may correct what is stored are compared with the ledger at hand."""
    with ExitStack() as stack:
        if not (looks_up(ask) and is_at_hand(settings_of(context).data)):
            return _imported(stores_of(stack.enter_context(open_kafka_log(kafka))), files, ask, quiet=quiet)
        store = _opened(stack, context)
        beside = kafka_stores(store, kafka)
        _settle(store, beside, quiet=quiet)
        worst = _imported(beside.stores, files, ask, quiet=quiet)
        if not store.remote and worst in (
            0,
            EXIT_INCOMPLETE,
        ):  # nobody else can bring it while this process has the data directory
            _settle(store, beside, quiet=quiet)
        return worst


def _opened(stack: ExitStack, context: click.Context) -> Store:
    try:
        return stack.enter_context(opened(context))
    except UserError as error:
        if "is in use by" not in str(error):
            raise
        both = "; what shares a ledger asks it over the network: opsledger gateway, or a server (OPSLEDGER_CLICKHOUSE_URL)"
        raise UserError(f"these records are compared with the ledger, and {error}{both}", error.exit_code) from None


def _settle(store: Store, beside: Beside, *, quiet: bool) -> None:
    if not quiet:
        click.echo(f"the ledger {store.place} is brought up to the log", err=True)
    beside.settle()


def _imported(stores: Stores, files: tuple[str, ...], ask: Ask, *, quiet: bool) -> int:
    clock, worst = SystemClock(), 0
    with progress("reading", quiet=quiet) as report:

        def shown(source: Input, tally: Tally) -> None:
            report(source.consumed, source.size, f"{source.name}: {tally.read:,} records acknowledged")

        for source, result in import_files(Importer(stores, clock), clock, files, ask, shown):
            click.echo(summary(source.name, result, source.notes, kafka=True, looked_up=stores.ledger is not None))
            worst = max(worst, code_of(result))
    return worst
