"""One record of a queue_log, text line or table row, taken apart and checked, or refused with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from opsledger.domain.errors import nearest
from opsledger.ingest.adapters.queue_log_words import FORMS, METHODS, NEEDS_AGENT, NEEDS_CALL, NEEDS_QUEUE, Form
from opsledger.ingest.border.judge import Refusal, Refused
from opsledger.ingest.chunk import Reason

NOBODY = frozenset(["", "NONE", "NULL", "\\N"])
NO_CALL = NOBODY | frozenset(["REALTIME", "MANAGER", "CLI"])
"""What stands in the call column where there is no call: who made the change."""
MAX_EPOCH_S = 1 << 33
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_EPOCH = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?", re.ASCII)
_NUMBERS = {word: form.numbers for word, form in FORMS.items()}
_SHOWN = 60


@dataclass(slots=True)
class Entry:
    """One line. ``at_us`` is UTC microseconds since 1970; '' where a column says NONE; data without trailing empties."""

    at_us: int
    call: str
    queue: str
    agent: str
    word: str
    data: list[str]

    def field(self, index: int) -> str:
        """A data field, '' where the line has none."""
        return self.data[index] if index < len(self.data) else ""

    def number(self, index: int) -> int | None:
        """A data field that holds a whole number (checked before)."""
        text = self.field(index)
        return int(text) if text else None


def text_entry(line: str) -> Entry:
    """A line ``epoch|callid|queuename|agent|event|data…``. Raises Refused."""
    parts = line.split("|")
    if len(parts) < 5:
        raise Refused(Reason.MALFORMED, f"a queue_log line has at least 5 fields separated by '|', this one has {len(parts)}")
    return checked(epoch_us(parts[0]), parts[1:4], parts[4], parts[5:])


def checked(at_us: int, names: list[str], word: str, data: list[str]) -> Entry:
    """The entry of columns already parted (call, queue, agent). Raises Refused where the word or a field is wrong."""
    form = FORMS.get(word)
    if form is None:
        raise Refused(Reason.UNKNOWN_TYPE, f"queue_log event '{word[:_SHOWN]}' is not known{_hint(word[:_SHOWN])}")
    while data and not data[-1]:
        data.pop()
    call, queue, agent = names
    entry = Entry(
        at_us, "" if call in NO_CALL else call, "" if queue in NOBODY else queue, "" if agent in NOBODY else agent, word, data
    )
    _check(entry, form)
    return entry


@lru_cache(maxsize=1024)
def _hint(word: str) -> str:
    return nearest(word, list(FORMS))


def _check(entry: Entry, form: Form) -> None:
    needs = form.needs
    if needs and not ((entry.call or not needs & NEEDS_CALL) and (entry.queue or not needs & NEEDS_QUEUE)):
        raise Refused(Reason.MALFORMED, f"{entry.word} names no {'queue' if entry.call or not needs & NEEDS_CALL else 'call'}")
    if needs & NEEDS_AGENT and not entry.agent:
        raise Refused(Reason.MALFORMED, f"{entry.word} names no agent")
    if len(entry.data) < form.least:
        wanted = "|".join(name.lstrip("#") for name in form.fields)
        found = f"{entry.word} has {len(entry.data)} data fields, it needs {form.least}"
        raise Refused(Reason.MALFORMED, f"{found}: {entry.word}({wanted})")
    size = len(entry.data)
    for index, name in _NUMBERS[entry.word]:
        if index < size and not entry.data[index].isdecimal():
            _whole(entry, index, name)
    if entry.word == "ATTENDEDTRANSFER":
        _check_method(entry)


def _check_method(entry: Entry) -> None:
    before = METHODS.get(entry.data[0])
    if before is None:
        raise Refused(Reason.INVALID, f"ATTENDEDTRANSFER is by {', '.join(METHODS)}, not '{entry.data[0][:_SHOWN]}'")
    for index, name in enumerate(("holdtime", "calltime", "origposition"), before):
        if index < len(entry.data):
            _whole(entry, index, name)


def _whole(entry: Entry, index: int, name: str) -> None:
    text = entry.data[index]
    if text and not _WHOLE.fullmatch(text):
        raise Refused(Reason.INVALID, f"{entry.word}: {name} '{text[:_SHOWN]}' is not a whole number")


@lru_cache(maxsize=4096)
def epoch_us(text: str) -> int:
    """Seconds since 1970, with or without a fraction, as microseconds. Raises Refused."""
    if text.isdecimal() and text.isascii() and len(text) <= 10:
        seconds, micros = int(text), 0
    else:
        found = _EPOCH.fullmatch(text.strip())
        if found is None:
            raise Refused(Reason.MALFORMED, f"'{text[:_SHOWN]}' is not a time in seconds since 1970")
        seconds, micros = int(found[1]), int((found[2] or "0").ljust(6, "0")[:6])
    if seconds >= MAX_EPOCH_S:
        raise Refused(Reason.OUT_OF_TIME, f"{text} seconds since 1970 is not a time of this age")
    return seconds * 1_000_000 + micros


def moment_us(text: str, zone: ZoneInfo | None) -> int:
    """A table's time: seconds since 1970, or ISO with an offset, or ISO in the source's zone. Raises Refused.

    An hour that the zone's clocks show twice is taken as its first; one that they leave out is refused.
    """
    if _EPOCH.fullmatch(text):
        return epoch_us(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(Reason.MALFORMED, f"'{text[:_SHOWN]}' is neither seconds since 1970 nor an ISO time") from None
    if moment.tzinfo is None:
        moment = _in_zone(moment, zone)
    delta = moment.astimezone(UTC) - _START
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


_START = datetime(1970, 1, 1, tzinfo=UTC)


def _in_zone(moment: datetime, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        raise Refused(Reason.NO_OFFSET, f"'{moment.isoformat(' ')}' has no offset; name the zone of the source")
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise Refused(Reason.NO_OFFSET, f"'{moment.isoformat(' ')}' does not exist in {zone.key}: the clocks were put forward")
    return local


__all__ = ["Entry", "Refusal", "Refused", "checked", "epoch_us", "moment_us", "text_entry"]
