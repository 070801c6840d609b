"""Where the handlers of queue_log lines write their events down: ids, times, vendor and canonical bytes in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from opsledger.domain.catalogue import TYPES
from opsledger.ingest.adapters.queue_log_lines import Entry
from opsledger.ingest.adapters.queue_log_memory import CALLS_KEPT, Call, Memory
from opsledger.ingest.canonical import Canonical
from opsledger.ingest.fact_ids import FactIds

_RANK = {type_: rank for rank, type_ in enumerate(TYPES)}
_ENCODE = msgspec.json.Encoder().encode
_SECOND = 1_000_000
_CLOCK = [f"{h:02d}:{m:02d}:{s:02d}" for h in range(24) for m in range(60) for s in range(60)]


@dataclass(frozen=True, slots=True)
class Options:
    """How a queue_log is read. ``zone`` is the switch's own: it dates shifts and reads a table's times without offset.

    ``hotlines`` and ``vendors`` name a queue's hotline and outsourcing company where the log does not; without
    either, the hotline is the queue's own name until a DID line says better.
    """

    tenant: str
    source: str
    zone: ZoneInfo | None = None
    hotlines: Mapping[str, str] = field(default_factory=dict)
    vendors: Mapping[str, str] = field(default_factory=dict)
    calls_kept: int = CALLS_KEPT


class Book:
    """The events of the line at hand, and the memory that its handlers share."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.memory = Memory(options.calls_kept)
        self.events: list[bytes] = []
        self._line = self._ordinal = ""
        self._plain = b""
        self._id = FactIds(options.tenant, options.source).of
        self._vendors, self._source, self._tenant = options.vendors, options.source, options.tenant
        self._day, self._day_text = -1, ""
        self._seen: dict[str, int] = {}
        self._seen_us = -1

    def start(self, entry: Entry) -> None:
        """Begin the events of a line. Lines that are the same to the letter are told apart by their ordinal.

        What tells a line from others is the same for the text and the table form of one log.
        """
        at_us = entry.at_us
        self.memory.met(at_us)
        self._line = key = "\x1f".join((str(at_us), entry.call, entry.queue, entry.agent, entry.word, *entry.data))
        seen = self._seen
        if at_us != self._seen_us:
            self._seen_us = at_us
            seen.clear()
        ordinal = seen[key] = seen.get(key, -1) + 1
        self._ordinal = str(ordinal)
        self._plain = f"{key}\x1f\x1f{ordinal}".encode()
        self.events = []

    def put(
        self, type_: str, subject: str, at_us: int, data: dict[str, Any], part: str = "", *, queue: str = "", corrects: str = ""
    ) -> str:
        """Write an event down; returns its id. ``part`` tells events of one type apart that one line makes."""
        key = f"{self._line}\x1f{part}\x1f{self._ordinal}".encode() if part else self._plain
        return self._write(key, type_, subject, at_us, data, queue, corrects)

    def put_once(self, type_: str, subject: str, at_us: int, data: dict[str, Any], queue: str) -> str:
        """Write down what happens to a subject once, whichever line shows it first: its id is the subject's own."""
        return self._write(f"{subject}\x1f0".encode(), type_, subject, at_us, data, queue, "")

    def put_call(
        self, type_: str, call: Call, at_us: int, data: dict[str, Any], part: str = "", *, queue: str = "", corrects: str = ""
    ) -> str:
        """As ``put``, for a call: events of one second keep the order of their lines.

        Readers order a call's events by time, then type; where that would turn two lines of one second round, the
        later one and all that follow are moved on by a microsecond, so that no length between them becomes shorter.
        """
        rank = _RANK[type_]
        if at_us != call.last_raw_us:
            call.last_raw_us = at_us
        elif rank < call.last_rank:
            call.shift_us += 1
        call.last_rank = rank
        if call.withdrawn and not corrects:
            corrects, call.withdrawn = call.withdrawn, ""
        key = f"{self._line}\x1f{part}\x1f{self._ordinal}".encode() if part else self._plain
        return self._write(key, type_, call.id, at_us + call.shift_us, data, queue, corrects)

    def time_text(self, at_us: int) -> str:
        """RFC 3339 UTC; microseconds only where there are any."""
        second, micros = divmod(at_us, _SECOND)
        day, second = divmod(second, 86_400)
        if day != self._day:
            self._day = day
            self._day_text = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%dT")
        return f"{self._day_text}{_CLOCK[second]}.{micros:06d}Z" if micros else f"{self._day_text}{_CLOCK[second]}Z"

    def local_date(self, at_us: int) -> str:
        """The day of a moment in the switch's zone."""
        return datetime.fromtimestamp(at_us // _SECOND, self.options.zone or UTC).strftime("%Y-%m-%d")

    def _write(self, key: bytes, type_: str, subject: str, at_us: int, data: dict[str, Any], queue: str, corrects: str) -> str:
        id_ = self._id(type_, key)
        vendor = self._vendors.get(queue, "") if self._vendors else ""
        text = self.time_text(at_us)
        event = Canonical(type_, "1.0", id_, self._source, subject, text, self._tenant, data, vendor, corrects)
        self.events.append(_ENCODE(event))
        return id_
