"""Where events over HTTP go: the log on Kafka when one is named, else a data directory of this process's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from opsledger.domain.clock import Clock
from opsledger.infra import event_log
from opsledger.infra.backup.holder import answering
from opsledger.infra.kafka.log import open_kafka_log, stores_of
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.manifest import OnLoss
from opsledger.infra.store import open_store
from opsledger.ingest.http.places import Homes, one_home
from opsledger.ingest.importer import Stores
from opsledger.ingest.log.kafka import KafkaLog, keys_of
from opsledger.ingest.log.partition import partitions_of

DELIVERY_TIMEOUT_S = 20.0
"""Shorter than an import's: a client waits."""


@dataclass(frozen=True, slots=True)
class Target:
    """Stores, the partition of each row, and what it is called."""

    stores: Stores
    homes: Homes
    shown: str


@contextmanager
def target(data: Path, kafka: KafkaSettings | None, clock: Clock, on_loss: OnLoss = OnLoss.REFUSE) -> Iterator[Target]:
    """The target, open. UserError where no broker answers, or the directory is in use or can only be read."""
    if kafka is None:
        with (
            open_store(data, clock=clock, command="opsledger serve", on_loss=on_loss) as store,
            answering(store),
        ):
            yield Target(event_log.stores_of(store), one_home, f"the data directory {data}")
        return
    soon = replace(kafka, delivery_timeout_s=min(kafka.delivery_timeout_s, DELIVERY_TIMEOUT_S))
    with open_kafka_log(soon) as log:
        yield Target(stores_of(log), homes_on(log), f"Kafka at {', '.join(kafka.servers)}, topics {kafka.topics.prefix}.*")


def homes_on(log: KafkaLog) -> Homes:
    """The partition of each row on Kafka."""

    def homes(stream: str, rows: pa.Table) -> Sequence[int]:
        found: list[int] = partitions_of(keys_of(stream, rows), log.survey.partitions[log.topics.of(stream)]).tolist()
        return found

    return homes
