"""The journal of fact updates: when which part of the log was in the facts, and which SQL made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsledger.projections.facts.queries import Positions, digest
from opsledger.projections.ledger.tables import DURABLE

CREATE_JOURNAL = f"""
CREATE TABLE IF NOT EXISTS facts_journal
(
    seq UInt64,
    at DateTime64(6, 'UTC'),
    kind LowCardinality(String),
    positions Map(String, UInt64),
    digest LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY seq
SETTINGS {DURABLE}
"""
_LAST = (
    "SELECT seq, at, kind, positions, digest FROM facts_journal WHERE at <= {at:DateTime64(6, 'UTC')} ORDER BY seq DESC LIMIT 1"
)
_NOTE = """
INSERT INTO facts_journal (seq, at, kind, positions, digest)
SELECT {{seq:UInt64}}, {{at:DateTime64(6, 'UTC')}}, {{kind:String}},
    mapFromArrays({{places:Array(String)}}, {{ends:Array(UInt64)}}), {{digest:String}}
FROM (SELECT count() FROM {fence})
"""
_FOREVER = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One update: its moment (UTC), whether it was ``live`` or a ``rebuild``, the positions reached, the SQL's digest."""

    seq: int
    at: datetime
    kind: str
    positions: Positions
    digest: str


class Journal:
    """The table ``facts_journal``, one row an update."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def ensure(self) -> None:
        """Make the table where it is not there."""
        self._client.command(CREATE_JOURNAL)

    def last(self, at: datetime = _FOREVER) -> Entry | None:
        """The latest entry made at or before a moment (UTC, aware); None before the first."""
        rows = self._client.query(_LAST, parameters={"at": at.astimezone(UTC)}).result_rows
        if not rows:
            return None
        seq, moment, kind, positions, made_by = rows[0]
        return Entry(seq, moment.replace(tzinfo=UTC), kind, {_place(name): end for name, end in positions.items()}, made_by)

    def write(self, after: Entry | None, at: datetime, kind: str, positions: Positions, fence: str) -> None:
        """Note an update that is complete, as the one that follows ``after``; fails where the turn was lost (see ``turn``)."""
        parameters = {
            "seq": after.seq + 1 if after else 1,
            "at": at.astimezone(UTC),
            "kind": kind,
            "places": [f"{stream}/{partition}" for stream, partition in positions],
            "ends": list(positions.values()),
            "digest": digest(),
        }
        self._client.command(_NOTE.format(fence=fence), parameters=parameters)


def _place(name: str) -> tuple[str, int]:
    stream, _, partition = name.rpartition("/")
    return stream, int(partition)
