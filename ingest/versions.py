"""The contents known under some identities, stored or just met, and what a row with other content becomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid5

import msgspec

from opsledger.domain.envelope import Identity
from opsledger.domain.ports import Ledger, StoredEvent
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.rows import Replacement, Rows
from opsledger.ingest.same_content import rewritten

SameContent = Callable[[bytes, bytes], bool]
_IDS_AT_ONCE = 5_000


class _Timed(msgspec.Struct, gc=False):
    """What is read of a payload to know when it happened."""

    time: datetime


class Conflict(Exception):  # noqa: N818  a verdict, not an error
    """The row's id is known with other content and its source says nothing of what to do then."""


class Versions:
    """Contents by identity, the first one first, each later one a correction of the one before."""

    def __init__(self, same_content: SameContent) -> None:
        self._same = same_content
        self._known: dict[Identity, list[StoredEvent]] = defaultdict(list)

    def load(self, ledger: Ledger, asked: Sequence[Identity], corrected: Sequence[Identity]) -> None:
        """Fetch what is stored under some identities, and for those of ``corrected`` also what corrects it."""
        for some in _batched(asked):
            for one, event in ledger.events(some).items():
                self._known[one].append(event)
        for some in _batched(corrected):
            self._load_corrections(ledger, some)

    def _load_corrections(self, ledger: Ledger, asked: Sequence[Identity]) -> None:
        first = {one: one for one in asked if self._known.get(one)}
        newest = list(first)
        while newest:
            found = [event for event in ledger.corrections(newest) if event.corrects is not None]
            newest = []
            for event in found:
                if event.corrects is not None and event.identity not in first:
                    first[event.identity] = first[event.corrects]
                    self._known[first[event.corrects]].append(event)
                    newest.append(event.identity)

    def weigh(self, rows: Rows, row: int) -> StoredEvent | None:
        """What is to be stored of a row; None for a duplicate; Conflict is raised for a record that is dead."""
        one, payload = rows.identity(row), rows.payload(row)
        known = self._known[one]
        if not known:
            return StoredEvent(one, None, payload)
        policy = rows.on_change(row)
        if policy is OnChange.KEEP_FIRST or any(self._holds(version, one, payload) for version in known):
            return None
        if policy in (OnChange.LATER, OnChange.NOT_EARLIER) and not _in_time(policy, payload, known[-1].payload):
            return None
        if policy is not OnChange.CONFLICT:
            return _correction(one, payload, known[-1].identity)
        raise Conflict(
            f"event {one.event_id} ({rows.event_type(row)}) is known with other content; on_change says what to do then"
        )

    def _holds(self, version: StoredEvent, one: Identity, payload: bytes) -> bool:
        if version.identity != one:
            payload = _as_correction(payload, version.identity, version.corrects)
        return version.payload == payload or self._same(version.payload, payload)

    def remember(self, rows: Rows, row: int, event: StoredEvent) -> Replacement | None:
        """Count an event as known under its row's id; what it has in place of the row, if it is not the row itself."""
        one = rows.identity(row)
        self._known[one].append(event)
        if event.corrects is None or event.identity == one:
            return None
        source = "" if event.corrects.source == one.source else event.corrects.source
        return Replacement(event.identity.event_id, event.corrects.event_id, source, event.payload)

    def forget(self, rows: Rows, row: int) -> None:
        """Take back the last ``remember`` of a row's id."""
        self._known[rows.identity(row)].pop()


def _correction(one: Identity, payload: bytes, newest: Identity) -> StoredEvent:
    """The correcting event; its id comes from the content, so that meeting the same content again gives the same."""
    made = one._replace(event_id=uuid5(one.event_id, payload.decode("utf-8", "surrogateescape")))
    return StoredEvent(made, newest, _as_correction(payload, made, newest))


def _as_correction(payload: bytes, made: Identity, of: Identity | None) -> bytes:
    if of is None:
        return rewritten(payload, made.event_id, None)
    return rewritten(payload, made.event_id, of.event_id, "" if of.source == made.source else of.source)


def _in_time(policy: OnChange, payload: bytes, newest: bytes) -> bool:
    """Whether it happened late enough to take the place of the newest one."""
    one, other = _second(payload), _second(newest)
    return one > other or (one == other and policy is OnChange.NOT_EARLIER)


def _second(payload: bytes) -> datetime:
    """When the event happened, in whole seconds: of one moment some sources tell the fractions and some do not."""
    return msgspec.json.decode(payload, type=_Timed).time.replace(microsecond=0)


def _batched(asked: Sequence[Identity]) -> Sequence[Sequence[Identity]]:
    return [asked[start : start + _IDS_AT_ONCE] for start in range(0, len(asked), _IDS_AT_ONCE)]
