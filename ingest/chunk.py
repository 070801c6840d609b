"""What an adapter hands on: a chunk of Arrow tables, and the records that could not become events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol

import pyarrow as pa

from opsledger.ingest.inputs import Input
from opsledger.ingest.lines import KEPT_BYTES, LongLine


class Reason(StrEnum):
    """Why a record is dead. A closed set: reports and filters count on it."""

    NOT_JSON = "not_json"
    """Not UTF-8 text holding one JSON object."""
    NOT_TEXT = "not_text"
    """Bytes that the file's encoding does not know."""
    TOO_LARGE = "too_large"
    """More bytes than an event (256 KiB) or than the adapter's record may have."""
    UNKNOWN_TYPE = "unknown_type"
    """An event type that is not declared."""
    UNKNOWN_VERSION = "unknown_version"
    """A schema version of the data that this product cannot read."""
    DECISION = "decision"
    """A decision, which only a command may make."""
    INVALID = "invalid"
    """A value is missing, of the wrong kind, outside its limits or of an unknown name."""
    NO_OFFSET = "no_offset"
    """A time without an offset, or in a zone's gap, so that its moment is not known."""
    OUT_OF_TIME = "out_of_time"
    """Before 1990, or more than 5 minutes after the ledger's clock."""
    NO_EVENT = "no_event"
    """A row for which no rule of the mapping made an event."""
    MALFORMED = "malformed"
    """A row that the source format itself does not allow (too many or too few columns)."""
    OTHER_TENANT = "other_tenant"
    """An event of a tenant other than the one that the import was run for."""
    OTHER_SOURCE = "other_source"
    """An event over HTTP of a source other than the one that the key is for."""
    AMBIGUOUS = "ambiguous"
    """An id named without its source, of which several sources have events."""
    CONFLICT = "conflict"
    """The id of a stored event with other content."""
    TOMBSTONE = "tombstone"
    """A message of a Kafka topic without a value."""
    NO_KEY = "no_key"
    """A message of a Kafka topic without a key, so that its event has no home among the partitions."""
    WRONG_KEY = "wrong_key"
    """A message whose key is not the tenant, stream and subject of its event."""
    WRONG_PARTITION = "wrong_partition"
    """A message in another partition than its key belongs to: the order of its subject's events is not known."""
    WRONG_TOPIC = "wrong_topic"
    """An event of another stream than the topic's."""
    UNREADABLE = "unreadable"
    """A message of a batch that cannot be decoded: its codec is not known, its checksum is wrong, its records are broken."""
    BAD_HEADER = "bad_header"
    """A message that says when another log took it in a way that cannot be read, or that cannot be."""


class OnChange(IntEnum):
    """What becomes of an event whose id is stored with other content (a mapping's ``on_change``)."""

    CONFLICT = 0
    """The record is dead: ``conflict``."""
    KEEP_FIRST = 1
    """What was stored first stays; the record counts as a duplicate."""
    CORRECT = 2
    """A correcting event takes the place of the newest stored one."""
    LATER = 3
    """Likewise, if what it tells happened in a later second than the newest stored one; else it is a duplicate."""
    NOT_EARLIER = 4
    """Likewise, if it did not happen in an earlier second."""


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A record that is kept instead of lost: its first 64 KiB, why, and where it stood.

    ``line`` counts from 1 in the decoded input; ``record`` is the ordinal within its chunk; ``length`` and
    ``sha256`` (hex) are those of the whole record, also where ``raw`` is only its beginning.
    """

    reason: str
    detail: str
    line: int
    raw: bytes
    length: int
    sha256: str
    record: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records' worth of events: ``read`` records, their events by stream, and the dead among them.

    Each table has ``border.columns.schema_of(stream)``, rows in the order of the input, ``record`` in [0, read).
    It may carry one column more, ``on_change`` (int8): what to do when the id is known with other content,
    see ``OnChange``. Every record has an event or is dead, never both and never neither.

    ``origin`` gives (line, whole raw record) of a record ordinal, asked for only when that record turns out to be
    a conflict; without it the record's payloads are kept in its place.
    """

    read: int
    events: Mapping[str, pa.Table]
    dead: Sequence[DeadRecord] = field(default_factory=tuple)
    origin: Callable[[int], tuple[int, bytes]] | None = None
    columns: tuple[str, ...] = ()
    """Of a table: its columns' names, kept with the import so that a dead row can be read again without the file."""


class Adapter(Protocol):
    """One source format."""

    def chunks(self, source: Input) -> Iterator[Chunk]:
        """The input's records in order, in chunks of at most some 100,000 events.

        UserError, after the chunks before it, where the input itself breaks off.
        """
        ...


def dead_record(raw: bytes, reason: str, detail: str, *, line: int, record: int) -> DeadRecord:
    """A dead record from the whole raw record, cut to what is kept."""
    digest = hashlib.sha256(raw).hexdigest()
    return DeadRecord(reason, detail, line, raw[:KEPT_BYTES], len(raw), digest, record)


def dead_long_record(long: LongLine, reason: str, detail: str, *, line: int, record: int) -> DeadRecord:
    """A dead record from a line that was too long to be held."""
    return DeadRecord(reason, detail, line, long.head, long.length, long.sha256, record)
