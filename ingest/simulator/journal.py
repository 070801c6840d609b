"""The journal: canonical lines, rendered from forms made of the declarations, handed out in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from operator import itemgetter

import msgspec

from opsledger.domain.catalogue import fields_of
from opsledger.domain.envelope import IN_HOUSE
from opsledger.domain.fields import FieldSpec, Kind
from opsledger.ingest.simulator.options import Options

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LEAD_DAYS = 62
"""The journal's time 0 is this many days before the first simulated day, at midnight UTC."""
_PLANTED = 1 << 44
"""Ids of planted trouble start here, so that it does not shift the ids of the true events."""

_MMSS = tuple(b"%02d:%02d" % divmod(second, 60) for second in range(3600))
_FRACTION = (b"Z", *(b".%03d000Z" % ms for ms in range(1, 1000)))
_PLACES = {Kind.INT: b"%d", Kind.BOOL: b"%b", Kind.ITEMS: b"%b", Kind.DOCUMENT: b"%b"}

Value = bytes | int
Timed = tuple[int, bytes]
"""Milliseconds in its hour, and the line."""
in_time = itemgetter(0)


def quoted(text: str) -> bytes:
    """A text as it stands between the quotes of a JSON string."""
    return msgspec.json.encode(text)[1:-1]


def tail(vendor: str = IN_HOUSE, actor: str = "") -> bytes:
    """The envelope attributes that follow the data: nothing for an in-house event that names no actor."""
    parts = [b',"vendor":"%b"' % quoted(vendor)] if vendor != IN_HOUSE else []
    return b"".join([*parts, b',"actor":"%b"' % quoted(actor)] if actor else parts)


class Journal:
    """Lines by hour. Times are integer ms since ``LEAD_DAYS`` before the options' start, midnight UTC."""

    def __init__(self, options: Options) -> None:
        self.count = 0
        self._planted = _PLANTED
        self._epoch = options.start - timedelta(days=LEAD_DAYS)
        self._head = _head(options)
        self._hours: dict[int, tuple[bytes, list[Timed]]] = {}

    def form(self, type_: str, *optional: str) -> bytes:
        """The form of a type with these optional fields: to be filled by ``add`` with the data's values in declared order.

        Strings and times come as the bytes between the quotes, booleans, items and documents as JSON, then the tail.
        """
        specs = fields_of(type_)
        unknown = set(optional) - {s.name for s in specs if s.optional}
        if unknown:
            raise ValueError(f"{type_} has no optional field {sorted(unknown)}")
        data = b",".join(_place(s) for s in specs if not s.optional or s.name in optional)
        return b'{"type":"%b",%b{%b}%%b}\n' % (type_.encode(), self._head, data)

    def add(self, at: int, form: bytes, subject: bytes, *values: Value) -> None:
        """Writes one event at a time. Values: the data's, in the form's order, then the tail."""
        hour, rest = divmod(at, HOUR_MS)
        second, ms = divmod(rest, 1000)
        try:
            prefix, lines = self._hours[hour]
        except KeyError:
            prefix, lines = self._open(hour)
        self.count += 1
        lines.append((rest, form % (self.count, subject, prefix, _MMSS[second], _FRACTION[ms], *values)))

    def plant(self, at: int, form: bytes, subject: bytes, *values: Value) -> None:
        """Writes an event that should not be, under an id of its own range."""
        count, self.count = self.count, self._planted
        self.add(at, form, subject, *values)
        self._planted, self.count = self.count, count

    @property
    def pending(self) -> int:
        """Lines that are written and not taken yet."""
        return sum(len(lines) for _, lines in self._hours.values())

    def stamp(self, at: int) -> bytes:
        """A time as it stands in a line."""
        hour, rest = divmod(at, HOUR_MS)
        second, ms = divmod(rest, 1000)
        return self._prefix(hour) + _MMSS[second] + _FRACTION[ms]

    def take(self, before: int | None = None) -> Iterator[tuple[int, list[Timed]]]:
        """Removes the whole hours that end by ``before`` (all, when None), each sorted by time; ties keep their order."""
        while ready := sorted(h for h in self._hours if before is None or (h + 1) * HOUR_MS <= before):
            for hour in ready:
                lines = self._hours.pop(hour)[1]
                lines.sort(key=in_time)
                yield hour, lines

    def _open(self, hour: int) -> tuple[bytes, list[Timed]]:
        return self._hours.setdefault(hour, (self._prefix(hour), []))

    def _prefix(self, hour: int) -> bytes:
        day = self._epoch + timedelta(days=hour // 24)
        return b"%bT%02d:" % (day.isoformat().encode(), hour % 24)


def _head(options: Options) -> bytes:
    h = options.identity
    # A version 8 UUID (RFC 9562): the run's identity, then the event's number, so ids ascend as they are written.
    uuid = b"%b-%b-8%b-8%b-%%012x" % (h[:8], h[8:12], h[12:15], h[15:18])
    source, tenant = (quoted(s).replace(b"%", b"%%") for s in (options.source, options.tenant))
    return b'"specversion":"1.0","id":"%b","source":"%b","subject":"%%b","time":"%%b%%b%%b","tenant":"%b","data":' % (
        uuid,
        source,
        tenant,
    )


def _place(spec: FieldSpec) -> bytes:
    return b'"%b":%b' % (spec.name.encode(), _PLACES.get(spec.rule.kind, b'"%b"'))
