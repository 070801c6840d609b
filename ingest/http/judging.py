"""The border over events of several senders at once: each is bound to the tenant and the source of its own key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.chunk import Chunk, DeadRecord, Reason, dead_record
from opsledger.ingest.http.item import Item

LINE = 1
"""An event over HTTP has no line; the same bytes sent again are the same dead letter."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who sends: the one tenant whose events a key may bring, and the one source."""

    tenant: str
    source: str


class Judging:
    """Judges groups of events: the same verdicts as every other way in, and no event of another tenant or source."""

    def __init__(self, border: Border) -> None:
        self._bulk = Bulk(border)

    def chunk(self, items: Sequence[Item], owners: Sequence[Owner]) -> Chunk:
        """The group as a chunk, one record an item; ``owners`` has an entry for each."""
        dead = [_dead(item, index, item.refusal) for index, item in enumerate(items) if item.refusal]
        records = [index for index, item in enumerate(items) if item.refusal is None]
        taken = self._bulk.take([items[index].value for index in records], records)
        dead += [_dead(items[records[at]], records[at], refusal) for at, refusal in taken.refused]
        tables = dict(taken.tables)
        for bound in _BOUND:
            for stream in tables:
                dead += _others(tables, stream, items, owners, bound)
        return Chunk(len(items), tables, sorted(dead, key=lambda d: d.record), lambda record: (LINE, items[record].raw))


@dataclass(frozen=True, slots=True)
class _Bound:
    """An attribute that a key fixes."""

    name: str
    reason: Reason


_BOUND = (_Bound("tenant", Reason.OTHER_TENANT), _Bound("source", Reason.OTHER_SOURCE))


def _others(
    tables: dict[str, pa.Table], stream: str, items: Sequence[Item], owners: Sequence[Owner], bound: _Bound
) -> Iterator[DeadRecord]:
    """Takes the events that a key may not bring out of a stream's table; gives them as dead."""
    table = tables[stream]
    wanted = pa.array([getattr(owners[record], bound.name) for record in table["record"].to_pylist()], pa.string())
    own = pc.equal(table[bound.name].cast(pa.string()), wanted)
    if pc.all(own).as_py():
        return
    others = table.filter(pc.invert(own))
    tables[stream] = table.filter(own)
    for record, given in zip(others["record"].to_pylist(), others[bound.name].to_pylist(), strict=True):
        detail = f"{bound.name}: the event is of '{given}' and the key is for '{getattr(owners[record], bound.name)}'"
        yield dead_record(items[record].raw, bound.reason, detail, line=LINE, record=record)


def _dead(item: Item, record: int, refusal: Refusal) -> DeadRecord:
    return dead_record(item.raw, refusal.reason, refusal.detail, line=LINE, record=record)
