"""The events behind a penalty or an award: they are in the ledger, and each is one event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from opsledger.domain.decisions.base import Known, Refusal
from opsledger.domain.events.evidence import EvidenceOf


class NamesEvents(Protocol):
    """A command that names events: all that is known of one thing, or by their ids, with their source if that is needed."""

    @property
    def about(self) -> str | None:
        """``<stream>/<id>``."""
        ...

    @property
    def evidence(self) -> tuple[UUID, ...] | None:
        """Ids of events."""
        ...

    @property
    def source(self) -> str | None:
        """Whose these are."""
        ...


@dataclass(frozen=True, slots=True)
class Behind:
    """Events by id, and whose they are, in the same order; empty for none."""

    ids: tuple[UUID, ...] = ()
    sources: tuple[EvidenceOf, ...] | None = None


def events_behind(tenant: str, body: NamesEvents, known: Known) -> Behind | Refusal:
    """The events that a command names. A refusal for what is not in the ledger, and for an id that several events have."""
    if body.about is not None:
        found = known.events_of(tenant, body.about)
        nothing = f"nothing is known of '{body.about}'; write about=<stream>/<id>, for example complaint/cp-17"
        return _behind(found) if found else Refusal(nothing)
    pairs: list[tuple[str, UUID]] = []
    for id_ in body.evidence or ():
        source = _source(id_, known.sources(tenant, id_), body.source)
        if isinstance(source, Refusal):
            return source
        pairs.append((source, id_))
    return _behind(pairs)


def _source(id_: UUID, sources: tuple[str, ...], wanted: str | None) -> str | Refusal:
    if not sources:
        return Refusal(f"event {id_} is not in the ledger")
    named = ", ".join(f"'{source}'" for source in sources)
    if wanted is not None:
        return wanted if wanted in sources else Refusal(f"event {id_} is of {named}, not of '{wanted}'")
    if len(sources) > 1:
        return Refusal(f"{len(sources)} events have the id {id_}, of the sources {named}; say which is meant: source=…")
    return sources[0]


def _behind(pairs: Iterable[tuple[str, UUID]]) -> Behind:
    by_source: dict[str, list[UUID]] = {}
    for source, id_ in pairs:
        by_source.setdefault(source, []).append(id_)
    ids = tuple(id_ for some in by_source.values() for id_ in some)
    return Behind(ids, tuple(EvidenceOf(source, len(some)) for source, some in by_source.items()) or None)
