"""Dates, clock times and zones of a table's texts: every text is read once, and gives microseconds or a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from opsledger.ingest.mapping.refused import Refused, refuse

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the origin of local (naive) microseconds
_QUARTER = 900 * SECOND
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?", re.ASCII)
_CLOCKS = {f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}": s * SECOND for s in range(86_400)}
_CLOCKS |= {text[1:]: micros for text, micros in _CLOCKS.items() if text[0] == "0"}
_DATE_DIRECTIVES = frozenset("YymdbBjaA")
_CLOCK_DIRECTIVES = frozenset("HIMSfp")
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_UNITS = {"epoch": SECOND, "epoch_ms": 1000, "epoch_us": 1}
_EXCEL_EPOCH = (datetime(1899, 12, 30) - EPOCH).days * DAY  # noqa: DTZ001  a workbook's days have no zone

Local = tuple[bool, int]
"""(already UTC, microseconds since 1970 on that clock)."""


class Policy:
    """What becomes of local times that happen twice (clock set back) or never (set forward)."""

    EARLIER, LATER, REFUSE = "earlier", "later", "refuse"


@dataclass(slots=True)
class ZoneClock:
    """Local microseconds of one zone to UTC and back. Offsets are kept by quarter of an hour, where they are constant."""

    zone: ZoneInfo
    ambiguous: str = Policy.REFUSE
    nonexistent: str = Policy.REFUSE
    _offsets: dict[int, int | None] | None = None
    _backward: dict[int, int | None] | None = None

    def __post_init__(self) -> None:
        self._offsets, self._backward = {}, {}

    def utc(self, local: int) -> int | Refused:
        """UTC microseconds of local ones."""
        offsets = self._offsets
        assert offsets is not None  # noqa: S101  set when made
        quarter = local // _QUARTER
        try:
            offset = offsets[quarter]
        except KeyError:
            offset = offsets[quarter] = self._constant(quarter)
        return local - offset if offset is not None else self._slow(local)

    def utc_column(self, local: Any) -> list[Any]:
        """``utc`` of a numpy column: the offset is looked up once for each quarter of an hour that occurs."""
        quarters, where = np.unique(local // _QUARTER, return_inverse=True)
        offsets = [self.utc(quarter * _QUARTER) for quarter in quarters.tolist()]
        if self._offsets is None or any(self._offsets[quarter] is None for quarter in quarters.tolist()):
            return list(map(self.utc, local.tolist()))
        shifts = np.array([q * _QUARTER - utc for q, utc in zip(quarters.tolist(), offsets, strict=True)], np.int64)
        found: list[Any] = (local - shifts[where]).tolist()
        return found

    def readings(self, local: int) -> tuple[int, ...]:
        """All the moments at which the zone's clock shows this: none in a gap, two where it was set back."""
        try:
            naive = EPOCH + timedelta(microseconds=local)
            found = {local - self._offset(naive, fold) for fold in (0, 1)}
        except OverflowError:
            return ()
        return tuple(sorted(moment for moment in found if self.local(moment) == local))

    def local(self, utc: int) -> int:
        """Local microseconds of UTC ones."""
        backward = self._backward
        assert backward is not None  # noqa: S101  set when made
        quarter = utc // _QUARTER
        if quarter not in backward:
            start, end = self._offset_at(quarter * _QUARTER), self._offset_at((quarter + 1) * _QUARTER - 1)
            backward[quarter] = start if start == end else None
        offset = backward[quarter]
        return utc + (self._offset_at(utc) if offset is None else offset)

    def _offset_at(self, utc: int) -> int:
        moment = EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=utc)
        return _micros(moment.astimezone(self.zone).utcoffset())

    def _offset(self, naive: datetime, fold: int) -> int:
        return _micros(naive.replace(tzinfo=self.zone, fold=fold).utcoffset())

    def _constant(self, quarter: int) -> int | None:
        """The offset of a quarter of an hour of local time, None where it changes, is doubled or missing."""
        try:
            edges = [EPOCH + timedelta(microseconds=quarter * _QUARTER + step) for step in (0, _QUARTER - 1)]
            found = {self._offset(edge, fold) for edge in edges for fold in (0, 1)}
        except OverflowError:
            return None
        return found.pop() if len(found) == 1 else None

    def _slow(self, local: int) -> int | Refused:
        found = self.readings(local)
        if len(found) == 1:
            return found[0]
        try:
            shown = (EPOCH + timedelta(microseconds=local)).isoformat(sep=" ")
        except OverflowError:
            return refuse("is no date of the calendar")
        if found:
            word = "earlier or later"
            chosen = {Policy.EARLIER: found[0], Policy.LATER: found[-1]}.get(self.ambiguous)
            what = f"{shown} happened twice in {self.zone.key}, when the clock was set back"
            return chosen if chosen is not None else refuse(f"{what}; say local_time: {{ambiguous: {word}}}", "no_offset")
        what = f"{shown} never was in {self.zone.key}, where the clock was set forward"
        if self.nonexistent == Policy.REFUSE:
            return refuse(f"{what}; say local_time: {{nonexistent: shift}}", "no_offset")
        return local - self._offset(EPOCH + timedelta(microseconds=local), 0)


def _micros(delta: timedelta | None) -> int:
    return 0 if delta is None else (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def local_micros(moment: datetime) -> Local:
    """A parsed datetime as (has an offset, microseconds)."""
    offset = moment.utcoffset()
    micros = _micros(moment.replace(tzinfo=None) - EPOCH)
    return (False, micros) if offset is None else (True, micros - _micros(offset))


def clock_micros(text: str) -> int | Refused:
    """Microseconds since midnight of ``h:mm``, ``h:mm:ss`` or ``h:mm:ss.f``; hours up to 47 mean the next day."""
    known = _CLOCKS.get(text)
    if known is not None:
        return known
    found = _CLOCK.fullmatch(text)
    if found is None:
        return refuse(f"'{shown(text)}' is not a clock time h:mm:ss")
    hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
    if hours > 47 or minutes > 59 or seconds > 59:
        return refuse(f"'{shown(text)}' is not a clock time h:mm:ss")
    return ((hours * 60 + minutes) * 60 + seconds) * SECOND + int((found[4] or "0")[:6].ljust(6, "0"))


def shown(text: str) -> str:
    """A cell cut short for a message."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= 60 else clean[:57] + "…"


def reader_of(formats: tuple[str, ...], what: str) -> Callable[[str], Local | Refused]:
    """A reader of dates or timestamps by the first format that fits; ``what`` is the word for messages."""
    readers = [_reader(format_) for format_ in formats]

    def read(text: str) -> Local | Refused:
        for reader in readers:
            found = reader(text)
            if found is not None:
                return found
        return refuse(f"'{shown(text)}' is not a {what} in the format {' or '.join(formats)}")

    return read


def _reader(format_: str) -> Callable[[str], Local | None]:
    if format_ == "iso":
        return _iso
    if format_ == "excel":
        return _excel
    if format_ in _UNITS:
        return _epoch(_UNITS[format_])
    if format_ == "h:mm:ss":
        return _clock
    return _split(format_) or _strptime(format_)


def _iso(text: str) -> Local | None:
    try:
        return local_micros(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _clock(text: str) -> Local | None:
    found = clock_micros(text)
    return None if isinstance(found, Refused) else (False, found)


def _excel(text: str) -> Local | None:
    """Days since 30 December 1899, as spreadsheets count; whole seconds, since a float holds no more."""
    if not _NUMBER.fullmatch(text):
        return None
    return False, _EXCEL_EPOCH + round(float(text) * 86_400) * SECOND


def _epoch(unit: int) -> Callable[[str], Local | None]:
    def read(text: str) -> Local | None:
        if not _NUMBER.fullmatch(text):
            return None
        whole, _, part = text.partition(".")
        micros = int(whole) * unit + (-1 if text[0] == "-" else 1) * int((part[:9] or "0").ljust(9, "0")) * unit // 10**9
        return True, micros

    return read


def _strptime(format_: str) -> Callable[[str], Local | None]:
    base = None if "%Y" in format_ or "%y" in format_ else datetime(1900, 1, 1)  # noqa: DTZ001  strptime's own day

    def read(text: str) -> Local | None:
        try:
            moment = datetime.strptime(text, format_)  # noqa: DTZ007  the zone is the mapping's
        except (ValueError, OverflowError):
            return None
        return (False, _micros(moment - base)) if base else local_micros(moment)

    return read


def _split(format_: str) -> Callable[[str], Local | None] | None:
    """Date and clock read apart, each text of either once: a file has few days and at most 86,400 seconds."""
    left, separator, right = format_.partition(" ")
    if not (set(directives(left)) <= _DATE_DIRECTIVES and set(directives(right)) <= _CLOCK_DIRECTIVES and right and left):
        return None
    days, clocks = Parsed(_strptime(left)), Parsed(_strptime(right))

    def read(text: str) -> Local | None:
        day, _, clock = text.partition(separator)
        date, time = days[day], clocks[clock]
        return None if date is None or time is None else (False, date[1] + time[1])

    return read


def directives(format_: str) -> list[str]:
    """The letters after ``%`` of a strptime format."""
    return re.findall(r"%(.)", format_.replace("%%", ""))


class Parsed(dict[str, "Local | None"]):
    """Texts already read; emptied when it has grown large, so that memory stays flat."""

    def __init__(self, read: Callable[[str], Local | None]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Local | None:
        if len(self) > 100_000:
            self.clear()
        found = self[text] = self._read(text)
        return found
