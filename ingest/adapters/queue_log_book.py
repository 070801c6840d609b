"""Where the handlers of queue_log lines write their events down: ids, times, vendor and canonical bytes in one place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from opsledger.domain.catalogue import TYPES
from opsledger.domain.envelope import NAMESPACE
from opsledger.ingest.adapters.queue_log_lines import Entry
from opsledger.ingest.adapters.queue_log_memory import CALLS_KEPT, Call, Memory

_RANK = {type_: rank for rank, type_ in enumerate(TYPES)}
_ENCODE = msgspec.json.Encoder().encode
_SECOND = 1_000_000


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
        self._line = b""
        self._hashes: dict[str, Any] = {}
        self._second = -1
        self._text = ""
        self._seen: dict[bytes, int] = {}
        self._seen_us = -1

    def start(self, entry: Entry) -> None:
        """Begin the events of a line. Lines that are the same to the letter are told apart by their ordinal."""
        key = "\x1f".join(entry.key).encode()
        if entry.at_us != self._seen_us:
            self._seen_us = entry.at_us
            self._seen.clear()
        ordinal = self._seen.get(key, 0)
        self._seen[key] = ordinal + 1
        self._line = key + b"\x1f%s\x1f" + str(ordinal).encode()
        self.events = []

    def put(
        self, type_: str, subject: str, at_us: int, data: dict[str, Any], part: str = "", *, queue: str = "", corrects: str = ""
    ) -> str:
        """Write an event down; returns its id. ``part`` tells events of one type apart that one line makes."""
        id_ = self._id(type_, self._line.replace(b"%s", part.encode()))
        return self._write(id_, type_, subject, at_us, data, queue, corrects)

    def put_once(self, type_: str, subject: str, at_us: int, data: dict[str, Any], queue: str) -> str:
        """Write down what happens to a subject once, whichever line shows it first: its id is the subject's own."""
        return self._write(self._id(type_, subject.encode() + b"\x1f0"), type_, subject, at_us, data, queue, "")

    def put_call(
        self, type_: str, call: Call, at_us: int, data: dict[str, Any], part: str = "", *, queue: str = "", corrects: str = ""
    ) -> str:
        """As ``put``, for a call: events of one second keep the order of their lines.

        Readers order a call's events by time, then type; where that would turn two lines of one second round,
        the later one is moved by a microsecond.
        """
        rank = _RANK[type_]
        if at_us == call.last_raw_us:
            at_us = call.last_us + 1 if rank < call.last_rank else call.last_us
        else:
            call.last_raw_us = at_us
        call.last_us, call.last_rank = at_us, rank
        return self.put(type_, call.id, at_us, data, part, queue=queue, corrects=corrects)

    def time_text(self, at_us: int) -> str:
        """RFC 3339 UTC; microseconds only where there are any."""
        second, micros = divmod(at_us, _SECOND)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{micros:06d}Z" if micros else f"{self._text}Z"

    def local_date(self, at_us: int) -> str:
        """The day of a moment in the switch's zone."""
        return datetime.fromtimestamp(at_us // _SECOND, self.options.zone or UTC).strftime("%Y-%m-%d")

    def _id(self, type_: str, key: bytes) -> str:
        """As ``domain.envelope.fact_id``, hashing the constant beginning once a type."""
        known = self._hashes.get(type_)
        if known is None:
            start = "\x1f".join((self.options.tenant, self.options.source, type_, ""))
            known = self._hashes[type_] = hashlib.sha1(NAMESPACE.bytes + start.encode(), usedforsecurity=False)
        digest = known.copy()
        digest.update(key)
        text = digest.hexdigest()
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"

    def _write(self, id_: str, type_: str, subject: str, at_us: int, data: dict[str, Any], queue: str, corrects: str) -> str:
        event = {
            "type": type_,
            "specversion": "1.0",
            "id": id_,
            "source": self.options.source,
            "subject": subject,
            "time": self.time_text(at_us),
            "tenant": self.options.tenant,
            "data": data,
        }
        vendor = self.options.vendors.get(queue)
        if vendor:
            event["vendor"] = vendor
        if corrects:
            event["corrects"] = corrects
        self.events.append(_ENCODE(event))
        return id_
