"""What messages of Kafka say as records of the log; what they lack is empty. Where the topics end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from opsledger.domain.envelope import Position
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import MAX_READ_RECORDS, LogRecord
from opsledger.ingest.log.client import (
    READ_COMMITTED,
    KafkaConsumer,
    KafkaError,
    KafkaTimeoutError,
    TopicPartition,
    read_by,
)
from opsledger.ingest.log.fetched import BACKFILL, RECORDED_AT, Headers
from opsledger.ingest.log.unpack import Aborted, Run, Runs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN_S = 0.05
_POLL_MS = 200
_LOOK_S, _PATIENCE_S = 3.0, 30.0
Place = tuple[str, int]
"""(topic, partition)"""
Span = tuple[int, int]
"""(since, until): offsets from the first up to, not including, the second."""


def ends_of(consumer: KafkaConsumer, places: Sequence[TopicPartition], patience_s: float) -> dict[TopicPartition, int]:
    """The offsets that the next records will get. KafkaTimeoutError where the brokers do not say in time.

    The client leaves out, as a KeyError, partitions whose leader it has not heard of yet; it has asked for it by then.
    """
    given_up = time.monotonic() + patience_s
    while True:
        try:
            found = consumer.end_offsets(list(places), timeout_ms=max(1, int((given_up - time.monotonic()) * 1000)))
        except KeyError as error:
            if time.monotonic() > given_up:
                raise KafkaTimeoutError(f"no leader of {error}") from error
            time.sleep(_AGAIN_S)
        else:
            return {place: int(offset) for place, offset in found.items()}


def taken_at(client: Mapping[str, Any], place: Place, offset: int) -> str:
    """When the log took the message at a place, as a text, committed or not; empty where it cannot be told."""
    consumer = KafkaConsumer(**client, group_id=None, enable_auto_commit=False, auto_offset_reset="none")
    read_by(consumer, Runs)
    partition, given_up = TopicPartition(*place), time.monotonic() + _LOOK_S
    try:
        consumer.assign([partition])
        consumer.seek(partition, offset)
        while time.monotonic() < given_up:
            for run in consumer.poll(timeout_ms=_POLL_MS).get(partition, []):
                if run.offsets and not run.broken:
                    return recorded_at(run.at[0], ()).isoformat(timespec="seconds").replace("+00:00", "Z")
    except KafkaError:
        return ""
    finally:
        consumer.close()
    return ""


def aborted_spans(client: Mapping[str, Any], partitions: Sequence[Place]) -> dict[Place, list[Span]]:
    """Which offsets belong to transactions that were aborted; reads the heads of all batches. KafkaError as the client raises
    it, KafkaTimeoutError where nothing comes."""
    options = {"group_id": None, "enable_auto_commit": False, "auto_offset_reset": "none", "isolation_level": READ_COMMITTED}
    consumer = KafkaConsumer(**client, **options, max_partition_fetch_bytes=4 * 1024 * 1024, max_poll_records=10_000)
    read_by(consumer, Aborted)
    found: dict[Place, list[Span]] = {}
    try:
        places = [TopicPartition(*place) for place in partitions]
        ends = {place: end for place, end in ends_of(consumer, places, _PATIENCE_S).items() if end}
        consumer.assign(list(ends))
        consumer.seek_to_beginning(*ends)
        given_up = time.monotonic() + _PATIENCE_S
        while behind := [place for place, end in ends.items() if consumer.position(place) < end]:
            for place, runs in consumer.poll(timeout_ms=_POLL_MS).items():
                given_up = time.monotonic() + _PATIENCE_S
                spans = [(run.offsets[0], run.until) for run in runs if run.offsets]
                if spans:
                    found.setdefault((place.topic, place.partition), []).extend(spans)
            if time.monotonic() > given_up:
                raise KafkaTimeoutError(f"nothing comes of topic '{behind[0].topic}', partition {behind[0].partition}")
    finally:
        consumer.close()
    return found


def records_of(consumer: KafkaConsumer, place: TopicPartition, stop: int, patience_s: float) -> Iterator[list[LogRecord]]:
    """The records of a consumer's partition before ``stop``, some at a time; the consumer reads ``Runs``. UserError where
    nothing comes for so long."""
    given_up = time.monotonic() + patience_s
    while consumer.position(place) < stop:
        runs = consumer.poll(timeout_ms=_POLL_MS).get(place, [])
        if runs:
            given_up = time.monotonic() + patience_s
        elif time.monotonic() > given_up:
            raise UserError(f"reading topic '{place.topic}': no broker gave a record in {patience_s:g} s", EXIT_ENVIRONMENT)
        records = [record for run in runs for record in _records(place, run) if record.position.offset < stop]
        for start in range(0, len(records), MAX_READ_RECORDS):
            yield records[start : start + MAX_READ_RECORDS]


def _records(place: TopicPartition, run: Run) -> Iterator[LogRecord]:
    """The messages of a batch as records; one that cannot be read has no key, and the batch's bytes if it is the first."""
    for index, (offset, key, value, at) in enumerate(zip(run.offsets, run.keys, run.values, run.at, strict=True)):
        headers: Headers = run.headers.get(index, ())
        position = Position(place.topic, place.partition, offset)
        text = (key or b"").decode(errors="replace")
        yield LogRecord(position, text, value or b"", recorded_at(at, headers), is_backfill(headers))


def is_backfill(headers: Headers) -> bool:
    """Whether a record is marked as coming late on purpose."""
    return any(name == BACKFILL and value == b"1" for name, value in headers)


def recorded_at(at_ms: int, headers: Headers) -> datetime:
    """When a log first took the record, UTC: of a copy what its header says, else the broker's time.

    A header that says no moment is not believed.
    """
    for name, value in headers:
        if name == RECORDED_AT and value is not None and (told := _moment(value)):
            return told
    return _EPOCH + timedelta(milliseconds=at_ms)


def _moment(text: bytes) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
