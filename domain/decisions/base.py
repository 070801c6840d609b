"""What every decision has in common: a command, what the ledger knows, and either events or a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar
from uuid import UUID, uuid5

from opsledger.domain.clock import uuid7
from opsledger.domain.envelope import IN_HOUSE, NAMESPACE, Event, EventData
from opsledger.domain.plain import time_text, to_plain

SOURCE = "decision"
"""The ``source`` of every decision event."""


class Body(Protocol):
    """What a command asks for: a frozen dataclass whose fields are of the kinds of ``domain.fields``."""

    NAME: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody (``actor``) asks at a moment (``at``, UTC) that something be decided about one thing (``subject``)."""

    tenant: str
    subject: str
    actor: str
    at: datetime
    body: Body

    @property
    def name(self) -> str:
        """``<stream>.<verb>``: ``complaint.adjudicate``."""
        return self.body.NAME

    @property
    def stream(self) -> str:
        """The kind of thing that is decided about."""
        return self.body.NAME.partition(".")[0]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all of the command: the same command, given twice, has the same."""
        envelope = [self.name, self.tenant, self.subject, self.actor, time_text(self.at), to_plain(self.body)]
        return hashlib.sha256(json.dumps(envelope, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def aggregate_id(self) -> UUID:
        """The identity of the thing in the store of decisions."""
        return uuid5(NAMESPACE, "\x1f".join((self.tenant, self.stream, self.subject)))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The state does not allow what was asked; the reason is for the person who asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was decided: the data of the events, and the vendor that they concern."""

    data: tuple[EventData, ...]
    vendor: str = IN_HOUSE


Outcome = Made | Refusal
QUIET = Made(())
"""The command is in order and changes nothing."""


@dataclass(frozen=True, slots=True)
class ComplaintFacts:
    """What the ledger knows of a complaint. Times UTC."""

    filed_at: datetime
    vendor: str = IN_HOUSE
    agent: str = ""
    reopened_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvaluationFacts:
    """What the ledger knows of an evaluation. ``scored_at`` (UTC) is that of the latest score or re-score."""

    evaluator: str
    agent: str = ""
    vendor: str = IN_HOUSE
    scored_at: datetime | None = None


class Known(Protocol):
    """The port through which a decision asks for facts; they live in the log, not in the store of decisions."""

    def complaint(self, tenant: str, complaint: str) -> ComplaintFacts | None:
        """A complaint that was filed, or None."""
        ...

    def evaluation(self, tenant: str, evaluation: str) -> EvaluationFacts | None:
        """An evaluation that was sampled, or None."""
        ...

    def events_of(self, tenant: str, thing: str) -> tuple[tuple[str, UUID], ...]:
        """(source, id) of the events that count of a thing (``complaint/cp-17``), in order of time; none if unknown."""
        ...

    def sources(self, tenant: str, event_id: UUID) -> tuple[str, ...]:
        """The sources that have an event of an id in the tenant's ledger, by name."""
        ...


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """Known facts in memory, by (tenant, id)."""

    complaints: Mapping[tuple[str, str], ComplaintFacts] = field(default_factory=dict)
    evaluations: Mapping[tuple[str, str], EvaluationFacts] = field(default_factory=dict)
    things: Mapping[tuple[str, str], tuple[tuple[str, UUID], ...]] = field(default_factory=dict)
    """(tenant, ``<stream>/<id>``) → (source, id) of its events."""
    stored: Mapping[tuple[str, UUID], tuple[str, ...]] = field(default_factory=dict)
    """(tenant, event id) of what was asked for and is in the ledger → the sources that have it."""

    def complaint(self, tenant: str, complaint: str) -> ComplaintFacts | None:
        """A complaint that was filed, or None."""
        return self.complaints.get((tenant, complaint))

    def evaluation(self, tenant: str, evaluation: str) -> EvaluationFacts | None:
        """An evaluation that was sampled, or None."""
        return self.evaluations.get((tenant, evaluation))

    def events_of(self, tenant: str, thing: str) -> tuple[tuple[str, UUID], ...]:
        """(source, id) of the events of a thing."""
        return self.things.get((tenant, thing), ())

    def sources(self, tenant: str, event_id: UUID) -> tuple[str, ...]:
        """The sources that have an event of an id."""
        return self.stored.get((tenant, event_id), ())


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Rules(Generic[S]):
    """A kind of thing that is decided about: its empty state and its two pure functions."""

    empty: S
    decide: Callable[[Command, S, Known], Outcome]
    evolve: Callable[[S, Event], S]


def events_of(command: Command, made: Made) -> tuple[Event, ...]:
    """The events of what was decided. Their ids (UUIDv7) are drawn from the command: given again, it makes the same."""
    return tuple(
        Event(
            event_id=_event_id(command, ordinal),
            subject=command.subject,
            tenant=command.tenant,
            occurred_at=command.at,
            source=SOURCE,
            data=data,
            vendor=made.vendor,
            actor=command.actor,
        )
        for ordinal, data in enumerate(made.data)
    )


def _event_id(command: Command, ordinal: int) -> UUID:
    seed = hashlib.sha256(f"{command.digest}/{ordinal}".encode()).digest()
    return uuid7(command.at, lambda size: seed[:size])
