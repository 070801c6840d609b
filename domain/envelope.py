"""The envelope that every event carries, whatever its type (CloudEvents 1.0 attributes in brackets)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from hashlib import sha256
from operator import xor
from typing import ClassVar, NamedTuple, Protocol
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


class Identity(NamedTuple):
    """What an event is known by. Two sources may use one id, as two tenants may: they speak of two events."""

    tenant: str
    source: str
    event_id: UUID


def owner_mark(tenant: str, source: str) -> bytes:
    """Eight bytes for a tenant's source, by which identities are told apart at sight; what it tells has to be looked at again.

    The engine computes the same (projections/ledger/event_ids.sql), from each name alone: it has few names and many events.
    """
    halves = (int.from_bytes(sha256(name.encode()).digest()[:8], "little") for name in (tenant, f"{source}\0"))
    return reduce(xor, halves).to_bytes(8, "little")


@dataclass(frozen=True, slots=True)
class Event:
    """One immutable fact or decision. Times are UTC and aware; ``data`` is an instance of a declared type.

    An event is known by (tenant, source, event_id). ``corrects`` names the event that this one takes the place of (a mapping
    with ``on_change: correct``), of the source ``corrects_source``, '' for its own; the corrected event stays in the ledger
    and no longer counts in any fact.
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
    corrects_source: str = ""

    @property
    def identity(self) -> Identity:
        """What it is known by."""
        return Identity(self.tenant, self.source, self.event_id)

    @property
    def corrected(self) -> Identity | None:
        """What the event is known by whose place this one takes."""
        return Identity(self.tenant, self.corrects_source or self.source, self.corrects) if self.corrects else None

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
