"""The decisions in their store against those of the ledger: both have each, and the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from opsledger.domain.decisions.application import Decisions
from opsledger.domain.envelope import Event
from opsledger.domain.errors import UserError
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import POSTGRES, keeping, opened_decisions
from opsledger.infra.deep.findings import RESTORE, Check, DeepFinding
from opsledger.infra.kafka.settings import kafka_settings
from opsledger.infra.relaying import LOCAL_PLACE, Relay, local_outlet
from opsledger.infra.store import Store
from opsledger.ingest.border.convert import encode, from_event, to_event
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.relay import BATCH, FilePlace, tables
from opsledger.projections.audit.decided import count_decided, decided

_EXAMPLES = 3


@dataclass(slots=True)
class Disagreement:
    """What the two do not agree in.

    ``lacking``: decisions, with their positions, that the ledger does not have; ``unknown``: ids that the
    store does not have; ``changed``: decisions that are others in the ledger than in the store.
    """

    lacking: list[tuple[int, Event]] = field(default_factory=list)
    unknown: list[UUID] = field(default_factory=list)
    changed: list[Event] = field(default_factory=list)


def compare_decisions(store: Store, app: Decisions) -> Disagreement:
    """Hold each decision of the store against the one that readers of the ledger count, by id and content."""
    border, found = Border(store.clock, decisions=True), Disagreement()
    stored = dict(decided(store.client))
    for number, event in _decisions(app):
        payload = stored.pop(event.event_id, None)
        if payload is None:
            found.lacking.append((number, event))
        elif payload != encode(from_event(event)) and not _same(payload, event, border):
            found.changed.append(event)
    found.unknown = list(stored)
    return found


def relay_missing(store: Store, app: Decisions, *, backfill: bool = False) -> int:
    """Append the decisions that the ledger does not have to its log; returns how many."""
    border, lacking = Border(store.clock, decisions=True), [event for _, event in compare_decisions(store, app).lacking]
    for start in range(0, len(lacking), BATCH):
        store.log.append(tables(lacking[start : start + BATCH], border), backfill=backfill)
    return len(lacking)


def ledger_lacks(store: Store) -> list[DeepFinding]:
    """Findings that say that the ledger has less than it had: decisions that were brought to it, or others than were."""
    return [each for each in check_decisions(store) if each.of_ledger]


def check_decisions(store: Store) -> Check:
    """Findings about the store of decisions and the ledger. A damaged store is one."""
    kept = keeping(store.directory)
    if kept.environment["PERSISTENCE_MODULE"] != POSTGRES and not store.directory.decisions.exists():
        yield from _none_here(store, kept.shown)
        return
    try:
        with opened_decisions(Folder(store.path)) as app:
            reached = _relayed(store, app)
            found = compare_decisions(store, app)
    except UserError as error:
        yield DeepFinding(str(error), "decisions")
        return
    yield from _told(found, kept.shown, reached)


def _relayed(store: Store, app: Decisions) -> int:
    """How far decisions were brought to the ledger from here; nothing is known of a log elsewhere. UserError: see Relay."""
    if store.remote or kafka_settings() is not None:
        return 0
    place = Relay(app, local_outlet(store)).place()
    return place.load() if place else 0


def _none_here(store: Store, shown: str) -> Check:
    if store.remote or kafka_settings() is not None:
        return
    place, has = FilePlace(store.path / LOCAL_PLACE).load(), count_decided(store.client)
    if place or has:
        what = f"there is no store of decisions; {place:,} decisions were relayed from it, the ledger has {has:,}"
        yield DeepFinding(what, shown, "restore the store from a backup")


def _told(found: Disagreement, shown: str, reached: int) -> Check:
    gone = [event for number, event in found.lacking if number <= reached]
    waiting = [event for number, event in found.lacking if number > reached]
    if gone:
        what = f"{len(gone):,} decisions of {shown} are not in the ledger any more: {_some(gone)}"
        yield DeepFinding(what, "decisions", f"{RESTORE}, or bring them again: opsledger relay --missing", of_ledger=True)
    if waiting:
        what = f"{len(waiting):,} decisions of {shown} are not in the ledger yet: {_some(waiting)}"
        yield DeepFinding(what, "decisions", "bring them to the log: opsledger relay (and from Kafka: opsledger sink)")
    if found.unknown:
        ids = ", ".join(map(str, found.unknown[:_EXAMPLES]))
        what = f"{len(found.unknown):,} decisions of the ledger are not in {shown}: {ids}"
        yield DeepFinding(what, "decisions", "the store is an older copy or another one: restore it from a backup")
    if found.changed:
        what = f"{len(found.changed):,} decisions are others in the ledger than in {shown}: {_some(found.changed)}"
        yield DeepFinding(what, "decisions", "restore what was changed, ledger or store, from a backup", of_ledger=True)


def _some(events: list[Event]) -> str:
    return ", ".join(f"{event.type} {event.subject} ({event.event_id})" for event in events[:_EXAMPLES])


def _decisions(app: Decisions) -> Iterator[tuple[int, Event]]:
    after = 0
    while batch := app.outbox(after, BATCH):
        after = batch[-1][0]
        yield from batch


def _same(payload: bytes, event: Event, border: Border) -> bool:
    """Whether bytes that a former version wrote otherwise say the same."""
    wire = border.take(payload)
    return not isinstance(wire, Refusal) and to_event(wire) == event
