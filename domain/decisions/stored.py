"""How decisions lie in their store: one explicit event class a declared type, the declared data as one JSON value.

The topic is the event type's own name, so modules may be moved. A second version of a declared type raises
``class_version`` and adds ``upcast_v1_v2(state)`` beside it, as the library asks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.persistence import Transcoding
from eventsourcing.utils import register_topic

from opsledger.domain.decisions.base import SOURCE
from opsledger.domain.envelope import Event, EventData
from opsledger.domain.events.award import AwardGranted, AwardRevoked
from opsledger.domain.events.complaint import ComplaintAdjudicated
from opsledger.domain.events.contract import ContractAmended, ContractEnded, ContractSigned
from opsledger.domain.events.evaluation import EvaluationApproved
from opsledger.domain.events.penalty import (
    PenaltyAppealed,
    PenaltyAssessed,
    PenaltyReduced,
    PenaltyUpheld,
    PenaltyWaived,
)
from opsledger.domain.plain import from_plain, to_plain


@dataclass(frozen=True)
class Stored:
    """One decision: its envelope, its data, the command it came from (digest) and when it was taken down (UTC)."""

    originator_id: UUID
    originator_version: int
    event_id: UUID
    subject: str
    tenant: str
    vendor: str
    actor: str
    occurred_at: datetime
    decided_at: datetime
    command: str
    data: EventData

    TOPIC: ClassVar[str]

    @property
    def event(self) -> Event:
        """The decision as an event for the log."""
        return Event(
            event_id=self.event_id,
            subject=self.subject,
            tenant=self.tenant,
            occurred_at=self.occurred_at,
            source=SOURCE,
            data=self.data,
            vendor=self.vendor,
            actor=self.actor,
        )


@dataclass(frozen=True)
class StoredContractSigned(Stored):
    """A stored contract.signed."""

    data: ContractSigned
    TOPIC: ClassVar[str] = ContractSigned.TYPE


@dataclass(frozen=True)
class StoredContractAmended(Stored):
    """A stored contract.amended."""

    data: ContractAmended
    TOPIC: ClassVar[str] = ContractAmended.TYPE


@dataclass(frozen=True)
class StoredContractEnded(Stored):
    """A stored contract.ended."""

    data: ContractEnded
    TOPIC: ClassVar[str] = ContractEnded.TYPE


@dataclass(frozen=True)
class StoredComplaintAdjudicated(Stored):
    """A stored complaint.adjudicated."""

    data: ComplaintAdjudicated
    TOPIC: ClassVar[str] = ComplaintAdjudicated.TYPE


@dataclass(frozen=True)
class StoredEvaluationApproved(Stored):
    """A stored evaluation.approved."""

    data: EvaluationApproved
    TOPIC: ClassVar[str] = EvaluationApproved.TYPE


@dataclass(frozen=True)
class StoredPenaltyAssessed(Stored):
    """A stored penalty.assessed."""

    data: PenaltyAssessed
    TOPIC: ClassVar[str] = PenaltyAssessed.TYPE


@dataclass(frozen=True)
class StoredPenaltyAppealed(Stored):
    """A stored penalty.appealed."""

    data: PenaltyAppealed
    TOPIC: ClassVar[str] = PenaltyAppealed.TYPE


@dataclass(frozen=True)
class StoredPenaltyUpheld(Stored):
    """A stored penalty.upheld."""

    data: PenaltyUpheld
    TOPIC: ClassVar[str] = PenaltyUpheld.TYPE


@dataclass(frozen=True)
class StoredPenaltyReduced(Stored):
    """A stored penalty.reduced."""

    data: PenaltyReduced
    TOPIC: ClassVar[str] = PenaltyReduced.TYPE


@dataclass(frozen=True)
class StoredPenaltyWaived(Stored):
    """A stored penalty.waived."""

    data: PenaltyWaived
    TOPIC: ClassVar[str] = PenaltyWaived.TYPE


@dataclass(frozen=True)
class StoredAwardGranted(Stored):
    """A stored award.granted."""

    data: AwardGranted
    TOPIC: ClassVar[str] = AwardGranted.TYPE


@dataclass(frozen=True)
class StoredAwardRevoked(Stored):
    """A stored award.revoked."""

    data: AwardRevoked
    TOPIC: ClassVar[str] = AwardRevoked.TYPE


STORED: dict[type[EventData], type[Stored]] = {
    ContractSigned: StoredContractSigned,
    ContractAmended: StoredContractAmended,
    ContractEnded: StoredContractEnded,
    ComplaintAdjudicated: StoredComplaintAdjudicated,
    EvaluationApproved: StoredEvaluationApproved,
    PenaltyAssessed: StoredPenaltyAssessed,
    PenaltyAppealed: StoredPenaltyAppealed,
    PenaltyUpheld: StoredPenaltyUpheld,
    PenaltyReduced: StoredPenaltyReduced,
    PenaltyWaived: StoredPenaltyWaived,
    AwardGranted: StoredAwardGranted,
    AwardRevoked: StoredAwardRevoked,
}
"""Declared decision → the class that keeps it."""

for _class in STORED.values():
    register_topic(_class.TOPIC, _class)


class DataTranscoding(Transcoding):
    """A declared type's data as JSON text: nothing inside it (terms may hold any name) is taken for a coded value."""

    def __init__(self, declaration: type[EventData]) -> None:
        self.type = declaration
        self.name = declaration.TYPE

    def encode(self, obj: Any) -> str:
        """The data as JSON text."""
        return json.dumps(to_plain(obj), ensure_ascii=False)

    def decode(self, data: Any) -> EventData:
        """The data from its JSON text."""
        made: EventData = from_plain(self.type, json.loads(data))
        return made
