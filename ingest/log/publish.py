"""Copies a log to Kafka, byte for byte, and adds nothing twice: what a topic holds already is found there and left out.

For each topic:
1. Read what the topic has that the last run did not know of. Fails: nothing happened.
2. Compare it with what is to be copied. Other records there: UserError, unless they were said to be right.
3. Send what is missing, some rows at a time. Dies meanwhile: the next run finds in 1 what was sent.
4. Save the place, after every replica has acknowledged them. Fails: as 3.
5. Read the whole topic and see that every row is in it. What is missing is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from opsledger.domain.errors import UserError
from opsledger.domain.ports import LogRecord
from opsledger.ingest.log.bag import Bag, Prints, prints_of, sum_of
from opsledger.ingest.log.batch import CONTENT_TYPE, headers_of
from opsledger.ingest.log.fetched import BACKFILL, RECORDED_AT
from opsledger.ingest.log.kafka import KafkaLog, Row
from opsledger.ingest.log.places import Copied, Places

Shown = Callable[[str, int, int], None]
"""Called now and then: topic, rows done, rows in all."""


class Source(Protocol):
    """The rows of one topic, in the order in which they are to stand there."""

    @property
    def total(self) -> int:
        """How many there are, at least roughly."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether a row's number stays its own, so that a place may be remembered."""
        ...

    def rows(self, start: int) -> Iterator[tuple[int, Sequence[Row]]]:
        """From a number on, some at a time: (the number after them, the rows)."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one topic: rows to be copied = found there + sent. ``others``: records that are of no row.

    ``digest``: the sum of the rows' fingerprints, of the source and of the topic alike.
    """

    topic: str
    rows: int
    found: int
    sent: int
    others: int
    digest: int


def copied_row(record: LogRecord) -> Row:
    """A record of another log as a row: the same bytes; when it was taken and whether it came late stand in its headers."""
    at = record.recorded_at.isoformat(timespec="microseconds").encode()
    marks = [(BACKFILL, b"1")] if record.backfill else []
    return record.key.encode(), record.value, headers_of([CONTENT_TYPE, *marks, (RECORDED_AT, at)])


def publish(
    log: KafkaLog, topics: Mapping[str, Source], places: Places, *, append: bool = False, shown: Shown | None = None
) -> Iterator[Published]:
    """Copy sources to their topics, one after the other; what became of each.

    ``append``: records that are of no row may stand in the topics. UserError otherwise, before anything is sent there;
    also for a topic that was made anew, and for rows that are not in the topic in the end.
    """
    log.ends(list(topics))  # asked for together once, the client knows the leaders of all from then on
    for topic, source in topics.items():
        yield _Copy(log, topic, source, places, append=append, shown=shown or (lambda *_: None)).run()


class _Copy:
    def __init__(self, log: KafkaLog, topic: str, source: Source, places: Places, *, append: bool, shown: Shown) -> None:
        self._log, self._topic, self._source, self._places = log, topic, source, places
        self._append, self._shown = append, shown
        self._id = log.survey.ids[topic]

    def run(self) -> Published:
        known = self._known()
        bag = Bag(self._on_kafka(known.ends))
        if len(bag):
            self._check_others(len(bag) - self._matching(known.following, bag))
            bag = Bag(self._on_kafka(known.ends))
        sent = self._send(known.following, bag)
        return self._verified(sent)

    def _known(self) -> Copied:
        """The place to go on from. UserError where the topic is not the one that the place is of."""
        saved = self._places.load(self._topic) if self._source.lasting else None
        if saved is None:
            return Copied(self._id, 0, {})
        ends = self._ends()
        if saved.topic_id != self._id or any(ends.get(partition, 0) < end for partition, end in saved.ends.items()):
            raise UserError(
                f"topic '{self._topic}' is not what it was: it was made anew, or records are gone since the last copy; "
                "delete kafka-publish.json in the data directory to copy everything again, or publish to another prefix"
            )
        return saved

    def _ends(self) -> dict[int, int]:
        return {partition: end for (_, partition), end in self._log.ends([self._topic]).items()}

    def _on_kafka(self, since: Mapping[int, int]) -> Prints:
        parts = [
            prints_of((record.key.encode(), record.value) for record in batch)
            for partition, end in self._ends().items()
            if since.get(partition, 0) < end
            for batch in self._log.read(self._topic, partition, since.get(partition, 0))
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)

    def _matching(self, start: int, bag: Bag) -> int:
        return sum(int(bag.take(prints_of(rows)).sum()) for _, rows in self._source.rows(start))

    def _check_others(self, others: int) -> None:
        if others and not self._append:
            raise UserError(
                f"topic '{self._topic}' holds {others:,} records that are not of this ledger; publish to another prefix "
                "(OPSLEDGER_KAFKA_PREFIX), or say that this is right: --append"
            )

    def _send(self, start: int, bag: Bag) -> int:
        sent = 0
        for following, rows in self._source.rows(start):
            there = bag.take(prints_of(rows))
            missing = [row for row, known in zip(rows, there.tolist(), strict=True) if not known]
            if missing:
                self._log.send(self._topic, missing)
            sent += len(missing)
            if self._source.lasting:
                self._places.save(self._topic, Copied(self._id, following, self._ends()))
            self._shown(self._topic, following, self._source.total)
        return sent

    def _verified(self, sent: int) -> Published:
        """Every row is in the topic. UserError where one is not."""
        bag = Bag(self._on_kafka({}))
        held, rows, digest, missing = len(bag), 0, 0, 0
        for _, some in self._source.rows(0):
            prints = prints_of(some)
            missing += int((~bag.take(prints)).sum())
            rows, digest = rows + len(prints), (digest + sum_of(prints)) % 2**64
        if missing:
            raise UserError(f"topic '{self._topic}' lacks {missing:,} of the ledger's {rows:,} records; run the command again")
        self._check_others(held - rows)
        return Published(self._topic, rows, rows - sent, sent, held - rows, digest)
