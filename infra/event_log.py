"""Which log the commands on a ledger write to: Kafka where the environment names it, else the ledger's own tables."""

from __future__ import annotations

from opsledger.domain.ports import Log
from opsledger.infra.kafka.settings import kafka_settings
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

    Into Kafka the ledger's answer is as old as its sink is behind; what is appended twice meanwhile counts once.
    """
    kafka = kafka_settings()
    if kafka is None:
        return local_stores(store)
    from opsledger.infra.kafka import log as on_kafka  # noqa: PLC0415  its client takes long to load

    whole = on_kafka.stores_of(store.resources.enter_context(on_kafka.open_kafka_log(kafka)))
    return Stores(whole.log, store.ledger, whole.dead_letters, whole.imports)
