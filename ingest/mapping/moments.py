"""Forms that give a moment: a timestamp, a day with a clock time, a clock time beside another moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from opsledger.ingest.mapping import times
from opsledger.ingest.mapping.document import MappingError, Path_
from opsledger.ingest.mapping.frame import Frame, Node, Of, lacking, mapped
from opsledger.ingest.mapping.refused import Refused, at_column, refuse
from opsledger.ingest.mapping.scope import OFFSET, Scope
from opsledger.ingest.mapping.times import DAY, ZoneClock

Form = Mapping[str, Any]
NAMES = ("iso", "excel", "epoch", "epoch_ms", "epoch_us")
_ABSOLUTE = ("epoch", "epoch_ms", "epoch_us")
_KNOWN = frozenset("YymdbBjaAHIMSfpz%")
_NO_ZONE = "no zone: say zone: with the IANA name of the place where these times were written"
_FRIENDLY = (
    ("HH:mm", "%H:%M"),
    ("hh:mm", "%H:%M"),
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("hh", "%H"),
    ("ss", "%S"),
    ("MM", "%m"),
    ("mm", "%m"),
)
_PROBE = "03/02/2001 03:02:2001 2001-03-02 010203 03.02.01 02-03-2001 03/02/01 20010302 03022001 03.02.2001 03-02-2001"


def timestamp(form: Form, scope: Scope, path: Path_) -> Node:
    """``{time: column}``: a whole timestamp."""
    node = _text(scope.operand(form["time"], (*path, "time")), (*path, "time"))
    formats = _formats(form, scope, path, NAMES)
    to_utc = _converter(formats, form, scope, path)
    read = times.reader_of(formats, "time")

    def convert(text: str) -> int | Refused:
        found = read(text)
        moment = found if isinstance(found, Refused) else to_utc(found)
        return at_column(moment, node.label) if isinstance(moment, Refused) else moment

    return mapped(node, Of.TIME, convert)


def _converter(formats: tuple[str, ...], form: Form, scope: Scope, path: Path_) -> Callable[[times.Local], int | Refused]:
    """From what a reader gives to UTC: exactly one of the value and the mapping says the zone."""
    zone = scope.zone_of(form, path)
    carried = [f for f in formats if "z" in times.directives(f)]
    if carried and zone not in (None, OFFSET):
        what = f"two zones: {carried[0]} reads an offset and zone: says {zone}"
        raise MappingError(path, f"{what}; for times that carry their own, zone: offset")
    if zone is None and not all(f in _ABSOLUTE or f in carried or f == "iso" for f in formats):
        raise MappingError(path, _NO_ZONE)
    absolute = all(f in _ABSOLUTE for f in formats)
    clock = None if zone in (None, OFFSET) or absolute else scope.zone_clock(str(zone), form)

    def convert(found: times.Local) -> int | Refused:
        is_utc, micros = found
        if clock is None:
            return micros if is_utc else refuse(f"a time without an offset, and {_NO_ZONE}", "no_offset")
        if is_utc:
            return refuse(f"two zones: the time has an offset of its own and the mapping says {zone}", "no_offset")
        return clock.utc(micros)

    return convert


def day_and_clock(form: Form, scope: Scope, path: Path_) -> Node:
    """``{date: column, clock: column}``; without a clock, midnight where the day begins."""
    days = _days(form, scope, path)
    zone = scope.zone_of(form, path)
    if zone in (None, OFFSET):
        raise MappingError(path, _NO_ZONE)
    clock = scope.zone_clock(str(zone), form)
    if "clock" not in form:
        return mapped(days, Of.TIME, _midnight(clock))
    clocks = _clocks(form, scope, path)

    def run(frame: Frame) -> list[Any]:
        if frame.size and not frame.flaws(days) and not frame.flaws(clocks):
            return clock.utc_column(np.array(frame.of(days), np.int64) + np.array(frame.of(clocks), np.int64))
        rows = zip(frame.of(days), frame.of(clocks), strict=True)
        to_utc = clock.utc
        return [to_utc(d + c) if d.__class__ is int and c.__class__ is int else lacking((d, c)) for d, c in rows]

    return Node(Of.TIME, run, clocks.label)


def _midnight(clock: ZoneClock) -> Callable[[int], int | Refused]:
    """A day's start; in zones that set the clock forward at midnight, its first moment."""

    def convert(day: int) -> int | Refused:
        moment = clock.utc(day)
        if not isinstance(moment, Refused):
            return moment
        found = clock.readings(day)
        return found[0] if found else ZoneClock(clock.zone, "earlier", "shift").utc(day)

    return convert


def _days(form: Form, scope: Scope, path: Path_) -> Node:
    node = _text(scope.operand(form["date"], (*path, "date")), (*path, "date"))
    formats = _formats(form, scope, path, ("iso", "excel"))
    for format_ in formats:
        if set(times.directives(format_)) & set("HIMSfpz"):
            raise MappingError(path, f"{format_} reads a clock time too; write {{time: {form['date']}}}")
    read = times.reader_of(formats, "date")

    def convert(text: str) -> int | Refused:
        found = read(text)
        if isinstance(found, Refused):
            return at_column(found, node.label)
        if found[0] or ("clock" not in form and found[1] % DAY and "excel" not in formats):
            return refuse(f"column '{node.label}': '{times.shown(text)}' is more than a date")
        return found[1] - found[1] % DAY

    return mapped(node, Of.NUMBER, convert)


def _clocks(form: Form, scope: Scope, path: Path_) -> Node:
    node = _text(scope.operand(form["clock"], (*path, "clock")), (*path, "clock"))
    formats = check_formats(form.get("clock_format", scope.clocks), (*path, "clock_format"), ("h:mm:ss", "excel"))
    formats += ("h:mm:ss",) if scope.cells and "h:mm:ss" not in formats else ()
    for format_ in formats:
        if set(times.directives(format_)) & set("YymdbBjaAz"):
            raise MappingError((*path, "clock_format"), f"{format_} reads more than a clock time")
    read = times.reader_of(formats, "clock time")

    def convert(text: str) -> int | Refused:
        found = read(text)
        return at_column(found, node.label) if isinstance(found, Refused) else found[1] % (2 * DAY)

    return mapped(node, Of.NUMBER, convert)


def clock_near(form: Form, scope: Scope, path: Path_) -> Node:
    """``{clock: column, after: time}`` or ``near:``: the day is that of the other moment, or the one beside it."""
    if ("after" in form) == ("near" in form):
        raise MappingError(path, "a clock time needs its day: date:, or after: or near: another time")
    side = "after" if "after" in form else "near"
    anchor = scope.operand(form[side], (*path, side))
    if anchor.kind is not Of.TIME:
        raise MappingError((*path, side), f"{anchor.label} is a {anchor.kind}, and a time is wanted")
    zone = scope.zone_of(form, path)
    if zone in (None, OFFSET):
        raise MappingError(path, _NO_ZONE)
    clocks = _clocks(form, scope, path)
    place = (_after if side == "after" else _nearest)(scope.zone_clock(str(zone), form))

    def run(frame: Frame) -> list[Any]:
        rows = zip(frame.of(clocks), frame.of(anchor), strict=True)
        return [place(c, a) if c.__class__ is int and a.__class__ is int else lacking((c, a)) for c, a in rows]

    return Node(Of.TIME, run, clocks.label)


def _nearest(zone: ZoneClock) -> Callable[[int, int], int | Refused]:
    def place(clock: int, anchor: int) -> int | Refused:
        """The reading of the clock that is nearest to the anchor, before or after it."""
        local = zone.local(anchor)
        step = (clock - local) % DAY
        target = local + (step if step <= DAY // 2 else step - DAY)
        moment = zone.utc(target)
        if moment.__class__ is int:
            return moment
        found = zone.readings(target)
        return min(found, key=lambda m: abs(m - anchor)) if found else moment

    return place


def _after(zone: ZoneClock) -> Callable[[int, int], int | Refused]:
    def place(clock: int, anchor: int) -> int | Refused:
        """The first moment not before the anchor at which the clock shows this."""
        local = zone.local(anchor)
        step = (clock - local) % DAY
        moment = zone.utc(local + step)
        if moment.__class__ is int and moment >= anchor and step < DAY - 2 * 3600 * times.SECOND:
            return moment
        found = [m for shift in (-DAY, 0, DAY) for m in zone.readings(local + step + shift) if m >= anchor]
        return min(found) if found else moment

    return place


def _text(node: Node, path: Path_) -> Node:
    if node.kind is not Of.TEXT:
        raise MappingError(path, f"{node.label} is a {node.kind} already")
    return node


def check_formats(formats: tuple[str, ...], path: Path_, names: tuple[str, ...]) -> tuple[str, ...]:
    """The formats, if each is one of the names or strptime's. MappingError otherwise."""
    for format_ in formats:
        if format_ not in names and not _is_strptime(format_):
            raise MappingError(path, f"'{format_}' is not a format; {_hint(format_, names)}")
    for i, one in enumerate(formats):
        for other in formats[i + 1 :]:
            _check_apart(one, other, path)
    return formats


def _formats(form: Form, scope: Scope, path: Path_, names: tuple[str, ...]) -> tuple[str, ...]:
    found = check_formats(form.get("format", scope.dates), (*path, "format"), names)
    return found + tuple(name for name in scope.cells if name not in found)


def _is_strptime(format_: str) -> bool:
    letters = times.directives(format_)
    return bool(letters) and set(letters) <= _KNOWN and len(letters) == format_.replace("%%", "").count("%")


def _hint(format_: str, names: tuple[str, ...]) -> str:
    guess = format_
    for friendly, directive in _FRIENDLY:
        guess = re.sub(rf"(?<!%){friendly}", directive, guess, count=1) if directive not in guess else guess
    if "%" in guess and guess != format_ and _is_strptime(guess):
        return f"did you mean '{guess}'?"
    return f"write {', '.join(names)} or strptime's, such as '%d/%m/%Y %H:%M'"


def _check_apart(one: str, other: str, path: Path_) -> None:
    """Two formats that read one text as different days would give a wrong day without a word."""
    if "%" not in one or "%" not in other:
        return
    first, second = times.reader_of((one,), ""), times.reader_of((other,), "")
    for probe in (*_PROBE.split(), *(f"{day} 01:02:03" for day in _PROBE.split()), *(f"{day} 01:02" for day in _PROBE.split())):
        a, b = first(probe), second(probe)
        if not isinstance(a, Refused) and not isinstance(b, Refused) and a != b:
            raise MappingError(path, f"{one} and {other} read the same text ('{probe}') as different times; keep one of them")
