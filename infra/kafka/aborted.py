"""Events of aborted transactions that the ledger holds: versions that read all that was written took them.

Nothing is taken away: what was known when stays true. They are named, each with its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from opsledger.infra.kafka.contact import reach
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import Store
from opsledger.ingest.log.reader import Span, aborted_spans
from opsledger.ingest.log.survey import survey
from opsledger.ingest.log.trouble import told_to_user as told_by_kafka
from opsledger.projections.ledger.engine_errors import told_to_user

_AT_ONCE = 500
_ROWS = """
SELECT toString(topic), partition, offset, event_id, toString(type), toString(tenant), subject
FROM {stream:Identifier}
WHERE topic = {topic:String} AND partition = {partition:UInt16} AND offset >= {first:UInt64} AND offset <= {last:UInt64}
    AND arrayExists(span -> offset >= span.1 AND offset < span.2, arrayZip({begins:Array(UInt64)}, {ends:Array(UInt64)}))
ORDER BY offset
"""
"""Rows of one partition at some places, of whatever tenant: it is the log that is looked at."""


@dataclass(frozen=True, slots=True)
class StoredAborted:
    """An event that is stored, and that its producer took back before it ever stood."""

    topic: str
    partition: int
    offset: int
    id: UUID
    type: str
    tenant: str
    subject: str


def stored_aborted(store: Store, settings: KafkaSettings) -> Iterator[StoredAborted]:
    """Those of every stream; reads the heads of all batches of the log. UserError where no broker answers."""
    reach(settings)
    with told_by_kafka("reading the log for aborted transactions"):
        partitions = survey(settings.client, settings.topics).partitions
        places = [(topic, n) for topic in settings.topics.streams for n in range(partitions[topic])]
        found = aborted_spans(settings.client, places)
    for (topic, partition), spans in sorted(found.items()):
        for start in range(0, len(spans), _AT_ONCE):
            yield from _stored(store, settings.topics.stream(topic), topic, partition, spans[start : start + _AT_ONCE])


def _stored(store: Store, stream: str, topic: str, partition: int, spans: Sequence[Span]) -> Iterator[StoredAborted]:
    asked = {
        "stream": stream,
        "topic": topic,
        "partition": partition,
        "first": spans[0][0],
        "last": spans[-1][1] - 1,
        "begins": [first for first, _ in spans],
        "ends": [until for _, until in spans],
    }
    with told_to_user(f"looking for events of aborted transactions in '{stream}'"):
        for row in store.client.query(_ROWS, parameters=asked).result_rows:
            yield StoredAborted(*row)
