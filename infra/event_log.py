"""Which log the commands on a ledger write to: Kafka where the environment names it, else the ledger's own tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opsledger.domain.ports import Log
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings
from opsledger.infra.store import ReadLog, Store
from opsledger.ingest.importer import Stores


def log_of(store: Store) -> Log:
    """The log to append to, open for as long as the store is. UserError where there is none that this process may write to."""
    return stores_of(store).log


def local_stores(store: Store) -> Stores:
    """The ledger's own tables, whatever the environment says of Kafka. UserError over the network: they have one writer."""
    if isinstance(store.log, ReadLog):
        store.log.refuse()
    return Stores(store.log, store.ledger, store.dead_letters, store.imports)


def stores_of(store: Store) -> Stores:
    """Where a command's events, dead letters and its entry in the journal go; the ledger is asked what it holds already.

    Where the log is on Kafka, the ledger's answers wait until it has what the log has; see ``beside_log``.
    """
    kafka = kafka_settings()
    return local_stores(store) if kafka is None else kafka_stores(store, kafka).stores


@dataclass(frozen=True, slots=True)
class Beside:
    """The log on Kafka and a ledger beside it. ``settle`` returns when the ledger has what the log was given."""

    stores: Stores
    settle: Callable[[], None]


def kafka_stores(store: Store, kafka: KafkaSettings) -> Beside:
    """The stores of an import into Kafka that asks a ledger; open for as long as that is."""
    from opsledger.infra.beside_log import AskedLedger, GivenLog, owed_to  # noqa: PLC0415  Kafka's client takes long to load
    from opsledger.infra.kafka import log as on_kafka  # noqa: PLC0415  likewise

    whole = on_kafka.stores_of(store.resources.enter_context(on_kafka.open_kafka_log(kafka)))
    owed = owed_to(store, kafka)
    ledger = AskedLedger(store.ledger, owed, store.server)
    return Beside(Stores(GivenLog(whole.log, owed), ledger, whole.dead_letters, whole.imports), owed.settle)
