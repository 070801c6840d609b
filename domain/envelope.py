"""The envelope that every event carries, whatever its type (CloudEvents 1.0 attributes in brackets)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID, uuid5

IN_HOUSE = "in-house"
"""The vendor of an event that no outsourcing company answers for."""

NAMESPACE = UUID("6f70736c-6564-5765-8000-000000000001")
"""Root of all derived event ids; changing it would give every imported fact a new identity."""


class EventData(Protocol):
    """A declared event type: a frozen, slotted dataclass with these class attributes."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int]
    ZH: ClassVar[str]
    DECISION: ClassVar[bool]


@dataclass(frozen=True, slots=True)
class Event:
    """One immutable fact or decision. Times are UTC and aware; ``data`` is an instance of a declared type.

    ``corrects`` names the event that this one takes the place of (a mapping with ``on_change: correct``);
    the corrected event stays in the ledger and no longer counts in any fact.
    """

    event_id: UUID
    subject: str
    tenant: str
    occurred_at: datetime
    source: str
    data: EventData
    vendor: str = IN_HOUSE
    actor: str = ""
    caused_by: UUID | None = None
    corrects: UUID | None = None

    @property
    def type(self) -> str:
        """``<stream>.<past tense>``."""
        return self.data.TYPE

    @property
    def stream(self) -> str:
        """The kind of thing the event belongs to: the first part of its type."""
        return self.data.TYPE.partition(".")[0]

    @property
    def key(self) -> str:
        """The log's key: one thing's events keep their order."""
        return f"{self.tenant}/{self.stream}/{self.subject}"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where the log holds an event."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event together with its place in the log and the time at which the log took it (UTC)."""

    event: Event
    position: Position
    recorded_at: datetime


def fact_id(tenant: str, source: str, type_: str, key: Iterable[str], ordinal: int = 0) -> UUID:
    """The id of an imported fact: the same row, read again, gives the same event (spec: envelope, event_id)."""
    return uuid5(NAMESPACE, "\x1f".join((tenant, source, type_, *key, str(ordinal))))
