"""Where the readers of JSON records write their events down: ids, times, vendor, and what to do with an id that is known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from opsledger.ingest.canonical import Canonical
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.fact_ids import MARK, FactIds

PART_CHARACTERS = 50 * 1024
"""A remainder is cut into parts of so many characters, of four bytes at most: with the rest of its event below the limit."""
_ENCODE = msgspec.json.Encoder().encode
_SORTED = msgspec.json.Encoder(order="deterministic").encode
_FIRST = f"{MARK}0"
"""A key is of one fact alone, so its ordinal is always the first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """How records are read. ``zone`` dates the agents' shifts; ``hotlines`` and ``vendors`` are by queue."""

    tenant: str
    source: str
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    hotlines: Mapping[str, str] = field(default_factory=dict)
    vendors: Mapping[str, str] = field(default_factory=dict)


class RecordBook:
    """The events of the record at hand: (stream, payload, policy) each."""

    def __init__(self, options: RecordOptions) -> None:
        self.options = options
        self.events: list[tuple[str, bytes, OnChange]] = []
        self.policy = OnChange.KEEP_FIRST
        self._id = FactIds(options.tenant, options.source).of

    def start(self, policy: OnChange) -> None:
        """Begin a record; ``policy`` is for its events that do not name one."""
        self.events = []
        self.policy = policy

    def put(
        self,
        type_: str,
        subject: str,
        at_us: int,
        data: dict[str, Any],
        key: tuple[str, ...],
        *,
        queue: str = "",
        policy: OnChange | None = None,
    ) -> None:
        """Write an event down. ``key`` is what makes the fact itself: whoever tells it again gives the same id."""
        self._write(
            Canonical(
                type_,
                "1.0",
                self.id_of(type_, key),
                self.options.source,
                subject,
                time_text(at_us),
                self.options.tenant,
                data,
                self.options.vendors.get(queue, "") if queue else "",
            ),
            self.policy if policy is None else policy,
        )

    def id_of(self, type_: str, key: tuple[str, ...]) -> str:
        """The id of a fact."""
        return self._id(type_, (MARK.join(key) + _FIRST).encode("utf-8", "surrogatepass"))

    def keep(self, kind: str, subject: str, at_us: int, rest: Mapping[str, Any]) -> None:
        """Keep what no event has a place for. The same remainder of one thing is the same event."""
        if not rest:
            return
        text = _ENCODE(rest).decode()
        digest = hashlib.sha256(_SORTED(rest)).hexdigest()[:32]
        pieces = _cut(text)
        for number, piece in enumerate(pieces, 1):
            data: dict[str, Any] = {"kind": kind}
            if len(pieces) > 1:
                data |= {"part": number, "parts": len(pieces)}
            id_ = self.id_of("record.kept", (kind, subject, digest, str(number)))
            options = self.options
            event = Canonical(
                "record.kept", "1.0", id_, options.source, subject, time_text(at_us), options.tenant, data, sourcerecord=piece
            )
            self._write(event, OnChange.KEEP_FIRST)

    def _write(self, event: Canonical, policy: OnChange) -> None:
        self.events.append((event.type.partition(".")[0], _ENCODE(event), policy))


def _cut(text: str) -> list[str]:
    return [text[start : start + PART_CHARACTERS] for start in range(0, len(text), PART_CHARACTERS)]


@lru_cache(1 << 14)
def time_text(at_us: int) -> str:
    """RFC 3339 UTC; microseconds only where there are any."""
    try:
        at = _EPOCH + timedelta(microseconds=at_us)
    except OverflowError:  # far outside any calendar: the border says so
        return f"{at_us} µs"
    return at.isoformat().removesuffix("+00:00") + "Z"
