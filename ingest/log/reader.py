"""What a message of Kafka says as a record of the log; what it lacks is empty. Where the topics end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from opsledger.domain.envelope import Position
from opsledger.domain.ports import LogRecord
from opsledger.ingest.log.fetched import BACKFILL, RECORDED_AT, Headers

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN_S = 0.05


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


def record_of(message: Any) -> LogRecord:
    """A message of the client as a record."""
    headers: Headers = message.headers or ()
    return LogRecord(
        Position(message.topic, message.partition, message.offset),
        (message.key or b"").decode(errors="replace"),
        message.value or b"",
        recorded_at(message.timestamp, headers),
        is_backfill(headers),
    )


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
