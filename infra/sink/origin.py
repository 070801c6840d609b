"""Which log the ledger is filled from: looked at before anything is read, refused where it is not the one it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import Store
from opsledger.ingest.log.client import KafkaConsumer, TopicPartition, read_committed
from opsledger.ingest.log.group import Place
from opsledger.ingest.log.producer import START_MS
from opsledger.ingest.log.reader import ends_of
from opsledger.ingest.log.survey import survey
from opsledger.ingest.log.topics import DEAD_LETTERS, IMPORTS
from opsledger.projections.ledger.log_topics import LogTopics, TopicKnown, refusals
from opsledger.projections.ledger.sink_writer import SinkWriter

_BESIDE = (DEAD_LETTERS, IMPORTS)


class Origin:
    """The topics of the log and what the ledger knows of them."""

    def __init__(self, store: Store, kafka: KafkaSettings) -> None:
        self._store, self._kafka = store, kafka
        self._record = LogTopics(store.client, store.clock)
        self._known: Mapping[str, TopicKnown] = {}
        self._found: dict[str, TopicKnown] = {}
        self.streams: dict[str, str] = {name: kafka.topics.stream(name) for name in kafka.topics.streams}
        """Topic → stream."""
        self.waiting: dict[Place, tuple[int, int]] = {}
        """Partitions with an open transaction when they were looked at: where it begins, and where the log ends."""
        self.partitions: dict[str, int] = {}
        """Topic (those beside the streams', too) → number of its partitions."""

    def stored(self) -> dict[Place, int]:
        """How far the ledger goes, and what it was filled from; asks the engine."""
        self._known = self._record.known()
        return SinkWriter(self._store.client).ends()

    def look(self, stored: Mapping[Place, int]) -> dict[Place, int]:
        """Ask the cluster; returns how far the log can be read. UserError that says what does not fit, and how to mend it."""
        told = survey(self._kafka.client, self._kafka.topics)
        self.partitions |= told.partitions
        self._found = {
            topic: TopicKnown(topic, UUID(told.ids[topic]), told.cluster_id, told.partitions[topic]) for topic in told.ids
        }
        highs, ends = self._ends()
        self.check(stored, highs)
        self.waiting = _behind(highs, ends)
        return ends

    def still_waiting(self) -> dict[Place, tuple[int, int]]:
        """As ``waiting``, now; asks the cluster."""
        highs, ends = self._ends()
        return {place: waits for place, waits in _behind(highs, ends).items() if place in self.waiting}

    def check_ends(self, stored: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """As ``check`` of some partitions; asks the cluster only where the ledger goes further than can be read.

        A former version stored what stands behind transactions that are open.
        """
        ours = {place: at for place, at in stored.items() if place in ends}
        if any(at > ends[place] for place, at in ours.items()):
            ends = self._ends()[0]
        self.check(ours, ends)

    def _ends(self) -> tuple[dict[Place, int], dict[Place, int]]:
        """Where the partitions end, and how far they can be read."""
        consumer = KafkaConsumer(**self._kafka.client)
        try:
            places = [TopicPartition(topic, n) for topic, count in self.partitions.items() for n in range(count)]
            found = []
            for only in (False, True):
                read_committed(consumer, only)
                ends = ends_of(consumer, places, START_MS / 1000)
                found.append({(tp.topic, tp.partition): end for tp, end in ends.items()})
        finally:
            consumer.close()
        return found[0], found[1]

    def check(self, stored: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """UserError where the ledger and the log do not belong together."""
        complaints = refusals(self._known, self._found, stored, ends)
        if complaints:
            more = f" (and {len(complaints) - 5} more)" if len(complaints) > 5 else ""
            raise UserError("this log and this ledger do not fit: " + "; ".join(complaints[:5]) + more, EXIT_ENVIRONMENT)

    def admit(self, places: Iterable[Place]) -> None:
        """These partitions are ours now. UserError where a topic has more of them than when it was looked at.

        Asks the cluster only then.
        """
        more: dict[str, int] = {}
        for topic, number in places:
            if number >= self.partitions[topic]:
                more[topic] = max(number + 1, more.get(topic, 0))
        if more:
            now = survey(self._kafka.client, self._kafka.topics).partitions  # of a broker that may have heard less than ours
            self._found |= {
                topic: replace(self._found[topic], partitions=max(least, now[topic])) for topic, least in more.items()
            }
            self.check({}, {})

    def note(self) -> None:
        """Put topics that are new to the ledger on record; asks the engine."""
        self._record.note([topic for name, topic in self._found.items() if name not in self._known])
        self._known = {**self._found, **self._known}


def _behind(highs: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[Place, tuple[int, int]]:
    return {place: (at, highs[place]) for place, at in ends.items() if at < highs[place]}
