"""Every event type of the product, once: what is not listed here does not exist."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from opsledger.domain.envelope import EventData
from opsledger.domain.events import (
    award,
    call,
    callback,
    complaint,
    contract,
    cost,
    evaluation,
    fault,
    penalty,
    period,
    queue,
    record,
    report,
    shift,
    staff,
    tenant,
    ticket,
)
from opsledger.domain.fields import FieldSpec, specs_of

DECLARED: tuple[type[EventData], ...] = (
    call.CallOffered,
    call.CallIvrEntered,
    call.CallIvrSelected,
    call.CallIvrLeft,
    call.CallConnected,
    call.CallQueued,
    call.CallRung,
    call.CallRingMissed,
    call.CallAnswered,
    call.CallHeld,
    call.CallResumed,
    call.CallTransferred,
    call.CallConferenced,
    call.CallReleased,
    call.CallLeftQueue,
    call.CallVoicemailLeft,
    call.CallEnded,
    call.CallWrappedUp,
    call.CallSurveyed,
    ticket.TicketOpened,
    ticket.TicketDispatched,
    ticket.TicketAccepted,
    ticket.TicketReturned,
    ticket.TicketLocked,
    ticket.TicketUnlocked,
    ticket.TicketUrged,
    ticket.TicketResolved,
    ticket.TicketChecked,
    ticket.TicketReopened,
    ticket.TicketCancelled,
    ticket.TicketVoided,
    callback.CallbackRequested,
    callback.CallbackAttempted,
    callback.CallbackCompleted,
    callback.CallbackChecked,
    callback.CallbackCancelled,
    complaint.ComplaintFiled,
    complaint.ComplaintInvestigated,
    complaint.ComplaintAdjudicated,
    complaint.ComplaintResolved,
    complaint.ComplaintReopened,
    complaint.ComplaintWithdrawn,
    penalty.PenaltyAssessed,
    penalty.PenaltyAppealed,
    penalty.PenaltyUpheld,
    penalty.PenaltyReduced,
    penalty.PenaltyWaived,
    penalty.PenaltySettled,
    award.AwardGranted,
    award.AwardRevoked,
    shift.ShiftScheduled,
    shift.ShiftSignedIn,
    shift.ShiftStateChanged,
    shift.ShiftSignedOut,
    shift.ShiftExcused,
    evaluation.EvaluationSampled,
    evaluation.EvaluationScored,
    evaluation.EvaluationApproved,
    evaluation.EvaluationDisputed,
    evaluation.EvaluationRescored,
    evaluation.EvaluationFedBack,
    fault.FaultRaised,
    fault.FaultCleared,
    staff.StaffJoined,
    staff.StaffMoved,
    staff.StaffLeft,
    cost.CostRecorded,
    report.ReportSubmitted,
    contract.ContractSigned,
    contract.ContractAmended,
    contract.ContractEnded,
    tenant.TenantConfigured,
    queue.QueueDescribed,
    queue.QueueSettingChanged,
    period.PeriodClosed,
    period.PeriodAdjusted,
    period.PeriodReopened,
    record.RecordKept,
)

TYPES = MappingProxyType({declaration.TYPE: declaration for declaration in DECLARED})
"""Type name → declaration (the newest version)."""

STREAMS: tuple[str, ...] = tuple(dict.fromkeys(name.partition(".")[0] for name in TYPES))
"""The streams, in the order of the declarations; each is a topic of the log and a ledger table."""


def types_of(stream: str) -> tuple[type[EventData], ...]:
    """The declarations of one stream."""
    return tuple(d for d in DECLARED if d.TYPE.startswith(stream + "."))


@cache
def fields_of(type_: str) -> tuple[FieldSpec, ...]:
    """The fields of a type's data, in order. KeyError for a type that is not declared."""
    return specs_of(TYPES[type_])


@cache
def columns_of(stream: str) -> tuple[FieldSpec, ...]:
    """The fields of all of a stream's types, each once: the typed columns of its ledger table.

    TypeError where two types of a stream use one name for different kinds, which a column could not hold.
    """
    columns: dict[str, FieldSpec] = {}
    for declaration in types_of(stream):
        for spec in fields_of(declaration.TYPE):
            known = columns.setdefault(spec.name, spec)
            if known.rule.kind is not spec.rule.kind:
                raise TypeError(f"{stream}.{spec.name} is {known.rule.kind} in one type and {spec.rule.kind} in another")
    return tuple(columns.values())


ENVELOPE_COLUMNS = frozenset(
    {"tenant", "subject", "occurred_at", "type", "version", "event_id", "vendor", "source", "actor"}
    | {
        "caused_by",
        "corrects",
        "corrects_source",
        "payload",
        "topic",
        "partition",
        "offset",
        "recorded_at",
        "payload_hash",
        "backfill",
    }
)
"""Ledger columns that every stream has; a data field of the same name is kept as ``data_<name>``."""


def column_name(field: str) -> str:
    """The ledger column of a data field."""
    return f"data_{field}" if field in ENVELOPE_COLUMNS else field
