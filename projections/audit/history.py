"""Everything that is known of one thing, event by event, now or as it was known at a moment: ``opsledger history``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.client import Client

from opsledger.domain.calendar import Grain, make_period, zone_of
from opsledger.domain.catalogue import STREAMS, TYPES
from opsledger.domain.envelope import Position
from opsledger.domain.errors import UserError, nearest

LATE_AFTER = timedelta(hours=24)
"""An event is late when it was recorded this long after the end of the month that it belongs to."""
_NO_ID = UUID(int=0)
_END_OF_TIME = datetime(2299, 12, 31, tzinfo=UTC)
_Of = tuple[str, UUID]
"""Source and id: within a tenant, what an event is known by."""
_KNOWN = frozenset(
    {
        "type",
        "specversion",
        "id",
        "source",
        "subject",
        "time",
        "tenant",
        "vendor",
        "actor",
        "causedby",
        "corrects",
        "correctssource",
    }
    | {"dataschema", "data"}
)
"""Attributes that have a column or a place of their own."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One stored event of a thing. Times UTC.

    ``repeat``: the same event was already stored at an earlier place. ``corrected_by``: the event that took this
    one's place, so that it counts in no fact. ``late``: recorded after its month's end by more than the allowance,
    and not as a backfill.
    """

    type: str
    zh: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    position: Position
    event_id: UUID
    vendor: str
    source: str
    actor: str
    caused_by: UUID | None
    corrects: UUID | None
    corrects_source: str
    """'' where it corrects nothing, or an event of its own source."""
    corrected_by: UUID | None
    late: bool
    backfill: bool
    repeat: bool
    data: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the event carries beside the known attributes: extensions, such as the remainder of a source's record."""

    def as_json(self) -> dict[str, Any]:
        """Plain values: times in ISO, ids as text, the position in its three parts."""
        row = asdict(self)
        for name in ("occurred_at", "recorded_at"):
            row[name] = row[name].isoformat().replace("+00:00", "Z")
        for name in ("event_id", "caused_by", "corrects", "corrected_by"):
            row[name] = None if row[name] is None else str(row[name])
        return row


def history(
    client: Client,
    tenant: str,
    stream: str,
    subject: str,
    as_known_at: datetime | None = None,
    *,
    positions: Mapping[tuple[str, int], int] | None = None,
    zone: str = "UTC",
    late_after: timedelta = LATE_AFTER,
) -> Sequence[HistoryRow]:
    """The events of one thing in the order in which they happened; empty where nothing is known of it.

    ``positions`` gives, for each (topic, partition), the first offset not known at that moment (the journal of the
    facts has them); without them an event counts as known once it was recorded, ``recorded_at <= as_known_at``.
    ``zone`` says where the month of an event ends. UserError for an unknown stream or zone.
    """
    if stream not in STREAMS:
        raise UserError(f"'{stream}' is not a stream{nearest(stream, STREAMS)}")
    zone_of(zone)
    asked = {
        "stream": stream,
        "tenant": tenant,
        "subject": subject,
        "known_at": _END_OF_TIME if as_known_at is None or positions is not None else as_known_at,
    }
    found = client.query(_sql("history"), parameters=asked, column_formats={"payload": "bytes"}).named_results()
    rows = [row for row in found if _known(row, positions)]
    corrected = _corrections(client, asked, [row["event_id"] for row in rows], positions)
    return _rows(rows, corrected, zone, late_after)


def _known(row: Mapping[str, Any], positions: Mapping[tuple[str, int], int] | None) -> bool:
    return positions is None or row["offset"] < positions.get((row["topic"], row["partition"]), 0)


def _corrections(
    client: Client, asked: Mapping[str, Any], ids: Sequence[UUID], positions: Mapping[tuple[str, int], int] | None
) -> dict[_Of, UUID]:
    if not ids:
        return {}
    found = client.query(_sql("corrections_of"), parameters={**asked, "ids": [str(i) for i in ids]}).named_results()
    return {(row["corrects_source"], row["corrects"]): row["event_id"] for row in found if _known(row, positions)}


def _rows(
    rows: Sequence[Mapping[str, Any]], corrected: Mapping[_Of, UUID], zone: str, late_after: timedelta
) -> list[HistoryRow]:
    first_place: dict[_Of, int] = {}
    for row in rows:
        first_place[_of(row)] = min(row["offset"], first_place.get(_of(row), row["offset"]))
    return [_row(row, corrected, first_place[_of(row)], zone, late_after) for row in rows]


def _of(row: Mapping[str, Any]) -> _Of:
    return row["source"], row["event_id"]


def _row(
    row: Mapping[str, Any], corrected: Mapping[_Of, UUID], first_offset: int, zone: str, late_after: timedelta
) -> HistoryRow:
    declared = TYPES.get(row["type"])
    payload = json.loads(row["payload"])
    return HistoryRow(
        type=row["type"],
        zh=declared.ZH if declared else "",
        version=row["version"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        position=Position(row["topic"], row["partition"], row["offset"]),
        event_id=row["event_id"],
        vendor=row["vendor"],
        source=row["source"],
        actor=row["actor"],
        caused_by=_id(row["caused_by"]),
        corrects=_id(row["corrects"]),
        corrects_source=row["corrects_source"] if _id(row["corrects"]) and row["corrects_source"] != row["source"] else "",
        corrected_by=corrected.get(_of(row)),
        late=not row["backfill"] and is_late(row["occurred_at"], row["recorded_at"], zone, late_after),
        backfill=bool(row["backfill"]),
        repeat=row["offset"] > first_offset,
        data=payload.get("data") or {},
        attributes={name: value for name, value in payload.items() if name not in _KNOWN and value is not None},
    )


def is_late(occurred_at: datetime, recorded_at: datetime, zone: str, late_after: timedelta = LATE_AFTER) -> bool:
    """Whether an event was recorded more than the allowance after the end of its calendar month in a zone."""
    month = make_period(Grain.MONTH, occurred_at.astimezone(zone_of(zone)).date(), zone)
    return recorded_at > month.stop + late_after


def _id(value: UUID) -> UUID | None:
    return None if value == _NO_ID else value


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
