"""The border over events of several senders at once: each is bound to the tenant and the source of its own key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from opsledger.ingest.border.bulk import Bulk, Taken
from opsledger.ingest.border.convert import type_of
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
    corrects_others: bool = False
    """Whether ``corrects`` may name an event of another source of the tenant."""


class Judging:
    """Judges groups of events: the same verdicts as every other way in, and no event of another tenant or source.

    ``lean``: the tables have no more than a log needs that is not the ledger as well, which is much less work.
    """

    def __init__(self, border: Border, *, lean: bool = False) -> None:
        self._take = partial(_lean, border) if lean else Bulk(border).take

    def chunk(self, items: Sequence[Item], owners: Sequence[Owner]) -> Chunk:
        """The group as a chunk, one record an item; ``owners`` has an entry for each."""
        dead = [_dead(item, index, item.refusal) for index, item in enumerate(items) if item.refusal]
        records = [index for index, item in enumerate(items) if item.refusal is None]
        taken = self._take([items[index].value for index in records], records)
        dead += [_dead(items[records[at]], records[at], refusal) for at, refusal in taken.refused]
        tables = dict(taken.tables)
        for bound in _BOUND:
            for stream in tables:
                dead += _others(tables, stream, items, owners, bound)
        return Chunk(len(items), tables, sorted(dead, key=lambda d: d.record), lambda record: (LINE, items[record].raw))


def _lean(border: Border, values: Sequence[bytes], records: Sequence[int]) -> Taken:
    """As ``Bulk.take``, with the envelope's columns only."""
    streams: dict[str, list[int]] = defaultdict(list)
    refused: list[tuple[int, Refusal]] = []
    events = [border.take(value) for value in values]
    for index, event in enumerate(events):
        if isinstance(event, Refusal):
            refused.append((index, event))
        else:
            streams[type_of(event).partition(".")[0]].append(index)
    return Taken({stream: _table(events, values, records, mine) for stream, mine in streams.items()}, refused)


def _table(events: Sequence[Any], values: Sequence[bytes], records: Sequence[int], mine: Sequence[int]) -> pa.Table:
    some = [events[index] for index in mine]
    return pa.table(
        {
            **{
                name: pa.array([getattr(event, name) for event in some], pa.string())
                for name in ("tenant", "source", "subject")
            },
            "event_id": pa.array([event.id.bytes for event in some], pa.binary(16)),
            "corrects": pa.array([event.corrects.bytes if event.corrects else bytes(16) for event in some], pa.binary(16)),
            "corrects_source": pa.array([event.correctssource for event in some], pa.string()),
            "payload": pa.array([values[index] for index in mine], pa.binary()),
            "record": pa.array([records[index] for index in mine], pa.int64()),
        }
    )


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
