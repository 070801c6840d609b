"""Which subjects new events touch: what the live update has to make again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opsledger.projections.facts.queries import NO_ID, Positions, Query

TABLE = "facts_touched"
"""The passing table with the touched subjects and the slice that each belongs to."""
SLICE_SUBJECTS = 20_000
"""Subjects made at a time: bounds the memory of an update."""

CREATE = "CREATE OR REPLACE TABLE {table} (tenant LowCardinality(String), subject String, slice UInt32) ENGINE = Memory"
_COUNT = "SELECT count(), countIf(corrects != {no_id}) FROM `{stream}` WHERE {new}"


@dataclass(frozen=True, slots=True)
class News:
    """What one stream has between two positions: the condition on its ledger table, events and corrections in it."""

    stream: str
    condition: Query
    events: int
    corrections: int


def news(client: Any, stream: str, since: Positions, until: Positions) -> News:
    """Look at the events of a stream that lie between two positions."""
    condition = _between(stream, since, until)
    text = _COUNT.format(no_id=NO_ID, stream=stream, new=condition.text)
    count, corrections = client.query(text, parameters=condition.parameters).first_row
    return News(stream, condition, count, corrections)


def find(client: Any, new: News, passing: str) -> int:
    """Fill the passing table, which is empty, with each subject once; returns the number of slices.

    A correction touches the subject of the event that it corrects, too, which may be another than its own.
    """
    table, condition = f"`{new.stream}`", new.condition
    touched = f"SELECT tenant, subject FROM {table} WHERE {condition.text}"
    if new.corrections:
        corrected = f"SELECT tenant, corrects_source, corrects FROM {table} WHERE {condition.text} AND corrects != {NO_ID}"
        touched += f" UNION ALL SELECT tenant, subject FROM {table} WHERE (tenant, source, event_id) IN ({corrected})"
    slices = max(1, -(-new.events // SLICE_SUBJECTS))
    sliced = "cityHash64(tenant, subject) % {slices:UInt32}"
    client.command(
        f"INSERT INTO {passing} SELECT DISTINCT tenant, subject, {sliced} FROM ({touched})",
        parameters=condition.parameters | {"slices": slices},
    )
    return slices


def _between(stream: str, since: Positions, until: Positions) -> Query:
    """Only partitions that have something new are named: parts that hold nothing of it are left out by their index."""
    parts: list[str] = []
    parameters: dict[str, int] = {}
    for number, ((name, partition), end) in enumerate(sorted(until.items())):
        begin = since.get((name, partition), 0)
        if name == stream and begin < end:
            span = f"offset >= {{begin_{number}:UInt64}} AND offset < {{end_{number}:UInt64}}"
            parts.append(f"(partition = {{partition_{number}:UInt16}} AND {span})")
            parameters |= {f"partition_{number}": partition, f"begin_{number}": begin, f"end_{number}": end}
    return Query(f"({' OR '.join(parts) or 'false'})", parameters)
