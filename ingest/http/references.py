"""What events say of other events: a sender corrects its own, and an id that is named means one event of its tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from opsledger.domain.ports import Ledger, NamedEvent
from opsledger.ingest.border.columns import or_own
from opsledger.ingest.border.judge import Refusal
from opsledger.ingest.chunk import Chunk, DeadRecord, Reason, dead_record
from opsledger.ingest.http.item import Item
from opsledger.ingest.http.judging import LINE, Owner

_NONE = bytes(16)
_ASKED = ("tenant", "source", "subject", "event_id", "corrects", "corrects_source", "caused_by", "record")
Known = Mapping[tuple[str, UUID], Sequence[NamedEvent]]
"""(tenant, id) → the events of that id."""


@dataclass(frozen=True, slots=True)
class _Row:
    """An event that names another."""

    index: int
    stream: str
    tenant: str
    source: str
    subject: str
    id: UUID
    corrects: UUID | None
    of: str
    caused_by: UUID | None
    record: int


class References:
    """Judges what events name. Without a ledger only what they say themselves can be judged; readers see to the rest.

    What is stored already is not judged again: sent once more, it is a duplicate.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self._ledger = ledger

    def judged(self, chunk: Chunk, items: Sequence[Item], owners: Sequence[Owner]) -> Chunk:
        """The chunk: events that name what they may not are dead, others say whose event they correct."""
        rows = [row for stream, table in chunk.events.items() for row in _naming(stream, table)]
        if not rows:
            return chunk
        known = self._known(rows)
        dead: list[DeadRecord] = []
        gone: dict[str, list[int]] = defaultdict(list)
        aimed: dict[str, dict[int, str]] = defaultdict(dict)
        for row in rows:
            found = _judge(row, owners[row.record], known)
            if isinstance(found, Refusal):
                gone[row.stream].append(row.index)
                raw = items[row.record].raw
                dead.append(dead_record(raw, found.reason, found.detail, line=LINE, record=row.record))
            elif found:
                aimed[row.stream][row.index] = found
        tables = {s: _without(_aimed(table, aimed[s]), gone[s]) for s, table in chunk.events.items()}
        return replace(chunk, events=tables, dead=sorted([*chunk.dead, *dead], key=lambda d: d.record))

    def _known(self, rows: Sequence[_Row]) -> Known:
        asked: dict[str, set[UUID]] = defaultdict(set)
        for row in rows:
            asked[row.tenant] |= {id_ for id_ in (row.id, row.corrects, row.caused_by) if id_ is not None}
        found: dict[tuple[str, UUID], list[NamedEvent]] = defaultdict(list)
        for tenant, ids in asked.items() if self._ledger is not None else ():
            for event in self._ledger.named(tenant, sorted(ids)) if self._ledger is not None else ():
                found[tenant, event.event_id].append(event)
        return found


def _naming(stream: str, table: pa.Table) -> Iterator[_Row]:
    """The rows that name another event."""
    naming = None
    for name in ("corrects", "caused_by"):
        if name in table.column_names:
            some = pc.not_equal(table[name].cast(pa.binary()), pa.scalar(_NONE))
            naming = some if naming is None else pc.or_(naming, some)
    if naming is None or not pc.any(naming).as_py():
        return
    indexes = pc.indices_nonzero(naming)
    columns = {name: table[name].take(indexes).to_pylist() for name in _ASKED if name in table.column_names}
    for at, index in enumerate(indexes.to_pylist()):
        one: dict[str, Any] = {name: values[at] for name, values in columns.items()}
        yield _Row(
            index,
            stream,
            str(one["tenant"]),
            str(one["source"]),
            str(one["subject"]),
            UUID(bytes=one["event_id"]),
            _id(one["corrects"]),
            str(one["corrects_source"] or one["source"]),
            _id(one.get("caused_by") or _NONE),
            int(one["record"]),
        )


def _id(value: bytes) -> UUID | None:
    return None if value == _NONE else UUID(bytes=value)


def _judge(row: _Row, owner: Owner, known: Known) -> str | Refusal:
    """The source of what is corrected where it has to be written down ('' for none), or why the event is dead."""
    if any(event.source == row.source for event in known.get((row.tenant, row.id), ())):
        return ""
    causes = known.get((row.tenant, row.caused_by), ()) if row.caused_by else ()
    if len(_sources(causes)) > 1:
        return _several("causedby", row.caused_by, causes, "a cause is one event: leave it out, or use ids that differ")
    return _correction(row, owner, known.get((row.tenant, row.corrects), ())) if row.corrects else ""


def _correction(row: _Row, owner: Owner, named: Sequence[NamedEvent]) -> str | Refusal:
    is_bare = row.of == row.source
    if is_bare and owner.corrects_others and len(_sources(named)) > 1:
        return _several("corrects", row.corrects, named, "say which by correctssource")
    own = [event for event in named if event.source == row.of]
    meant = own if own or not is_bare else named
    if not owner.corrects_others and (not is_bare or (meant and not own)):
        others = row.of if not is_bare else ", ".join(_sources(meant))
        why = (
            f"corrects: event {row.corrects} is of the source '{others}', and this key corrects events of '{row.source}' alone"
        )
        return Refusal(Reason.OTHER_SOURCE, why)
    for event in meant:
        if event.stream != row.stream or (event.subject != row.subject and not owner.corrects_others):
            there, here = f"{event.stream}/{event.subject}", f"{row.stream}/{row.subject}"
            return Refusal(Reason.INVALID, f"corrects: event {row.corrects} is about {there}, and this one about {here}")
    return meant[0].source if meant else ""


def _several(name: str, id_: UUID | None, events: Sequence[NamedEvent], then: str) -> Refusal:
    sources = ", ".join(f"'{source}'" for source in _sources(events))
    return Refusal(Reason.AMBIGUOUS, f"{name}: events of several sources have the id {id_}: {sources}; {then}")


def _sources(events: Sequence[NamedEvent]) -> list[str]:
    return sorted({event.source for event in events})


def _aimed(table: pa.Table, sources: Mapping[int, str]) -> pa.Table:
    if not sources or "corrects_source" not in table.column_names:
        return table
    own = table["source"].cast(pa.string()).to_pylist()
    named = [sources.get(n, "") or value for n, value in enumerate(table["corrects_source"].cast(pa.string()).to_pylist())]
    if all(value in ("", own[n]) for n, value in enumerate(named)):
        return table
    field = table.schema.get_field_index("corrects_source")
    whole = or_own(pa.array(named).dictionary_encode(), table["source"].combine_chunks())
    return table.set_column(field, table.schema.field(field), whole.cast(table.schema.field(field).type))


def _without(table: pa.Table, indexes: Sequence[int]) -> pa.Table:
    if not indexes:
        return table
    gone = frozenset(indexes)
    return table.filter(pa.array([n not in gone for n in range(table.num_rows)]))
