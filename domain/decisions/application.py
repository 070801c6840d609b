"""The one store of decisions: what is decided together is saved together, and one notification log keeps one order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import IntegrityError, JSONTranscoder, OperationalError, Transcoder

from opsledger.domain.clock import Clock
from opsledger.domain.decisions import award, complaint, contract, evaluation, penalty
from opsledger.domain.decisions.base import Command, Known, Refusal, Rules, events_of
from opsledger.domain.decisions.stored import STORED, DataTranscoding, Stored
from opsledger.domain.envelope import Event
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.fields import MAX_FUTURE_S
from opsledger.domain.plain import checked, time_text

RULES: dict[str, Rules[Any]] = {
    "contract": contract.RULES,
    "complaint": complaint.RULES,
    "evaluation": evaluation.RULES,
    "penalty": penalty.RULES,
    "award": award.RULES,
}
"""Stream → the rules of what is decided about it."""


class Refused(UserError):  # noqa: N818  the word of the domain: a command is refused
    """A command that the current state does not allow; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Held:
    """A thing that is decided about, as its events leave it; ``commands`` are the digests of those carried out."""

    id: UUID
    version: int
    state: Any
    commands: frozenset[str] = frozenset()


class Decisions(Application[UUID]):
    """Decisions in SQLite or PostgreSQL (the environment handed to it says where); also the outbox that the relay follows."""

    name = "decisions"

    def register_transcodings(self, transcoder: Transcoder) -> None:
        """Teach the store to keep the data of every declared decision."""
        if isinstance(transcoder, JSONTranscoder):
            super().register_transcodings(transcoder)
            for declaration in STORED:
                transcoder.register(DataTranscoding(declaration))

    def held(self, stream: str, id_: UUID) -> Held:
        """The present state of one thing; version 0 and the empty state where nothing was decided yet."""
        empty = Held(id_, 0, RULES[stream].empty)

        def project(held: Held | None, stored: Iterable[Stored]) -> Held | None:
            for each in stored:
                held = _evolved(held or empty, stream, each)
            return held

        try:
            return self.repository.get(id_, projector_func=project)
        except AggregateNotFoundError:
            return empty

    def outbox(self, after: int, limit: int) -> list[tuple[int, Event]]:
        """Up to ``limit`` decisions that follow position ``after``, each with its position, oldest first."""
        found = self.recorder.select_notifications(start=after, limit=limit, inclusive_of_start=False)
        return [(n.id, _stored(self.mapper.to_domain_event(n)).event) for n in found]


Judge = Callable[[Event], str]
"""Says why the log would not take an event; '' when it would."""


def execute(
    app: Decisions, command: Command, clock: Clock, known: Known, *, seen: int | None = None, judge: Judge = lambda _event: ""
) -> list[Event]:
    """Carry a command out, or refuse it; returns the new events (none for a command that was carried out before).

    ``seen`` is the version that the person was looking at, when that is known. ``judge`` is asked before anything is
    stored, so that no decision can wait before the log for ever. Raises Refused with the reason, and UserError when
    somebody else decided in the meantime: then nothing of this command was stored.
    """
    now = clock.now()
    if command.at > now + timedelta(seconds=MAX_FUTURE_S):
        raise Refused(f"{command.name} {command.subject}: {time_text(command.at)} is in the future")
    held = app.held(command.stream, command.aggregate_id)
    if command.digest in held.commands:
        return []
    if seen is not None and seen != held.version:
        raise _overtaken(command)
    outcome = RULES[command.stream].decide(command, held.state, known)
    if isinstance(outcome, Refusal):
        raise Refused(f"{command.name} {command.subject}: {outcome.reason}")
    events = events_of(command, outcome)
    for event in events:
        checked(event.data)
        if reason := judge(event):
            raise Refused(f"{command.name} {command.subject}: {reason}")
    return _save(app, command, held, events, clock)


def _save(app: Decisions, command: Command, held: Held, events: Sequence[Event], clock: Clock) -> list[Event]:
    rows = [
        STORED[type(event.data)](
            originator_id=held.id,
            originator_version=held.version + n,
            event_id=event.event_id,
            subject=event.subject,
            tenant=event.tenant,
            vendor=event.vendor,
            actor=event.actor,
            occurred_at=event.occurred_at,
            decided_at=clock.now(),
            command=command.digest,
            data=event.data,
        )
        for n, event in enumerate(events, start=1)
    ]
    try:
        app.save(*rows)
    except IntegrityError as error:
        raise _overtaken(command) from error
    except OperationalError as error:
        raise UserError(f"the store of decisions cannot be written: {error}", EXIT_ENVIRONMENT) from error
    return [row.event for row in rows]


def _overtaken(command: Command) -> UserError:
    return UserError(
        f"{command.name} {command.subject}: somebody else decided about this {command.stream} since you looked; "
        "nothing was lost and nothing of yours was stored: look again"
    )


def _evolved(held: Held, stream: str, stored: Stored) -> Held:
    state = RULES[stream].evolve(held.state, stored.event)
    return Held(held.id, stored.originator_version, state, held.commands | {stored.command})


def _stored(event: object) -> Stored:
    if not isinstance(event, Stored):
        raise TypeError(f"{type(event).__name__} is not a stored decision")
    return event
