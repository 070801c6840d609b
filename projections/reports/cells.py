"""References to cells: a short text that names a figure of a report so exactly that the rows behind it can be found."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from opsledger.domain.calendar import Grain, Period, make_span, parse_period
from opsledger.domain.errors import UserError
from opsledger.projections.reports.catalogue import report as report_of
from opsledger.projections.reports.model import Compare, Report, Request, Result
from opsledger.projections.reports.targets import PARTS, WIDTHS, Target, keyed_by, metrics_of, table_of, target_of

MAX_LENGTH = 6_000
"""Characters of a reference: it fits into every browser's address."""
MAX_TEXT = 1_000
_WRONG = "this is not the reference of a cell; copy it whole from the report (in its page, the link of the figure)"
ORDER = ("r", "t", "p", "z", "m", "o", "a", "s", "f", "e", "c", "w", "k", "d", "i", "x", "g", "j")
"""The keys of a reference in their order."""
_ONLY_TEXTS = ("r", "t", "p", "z", "m", "a", "f", "e", "c", "k", "i", "x", "j")
_ONLY_NUMBERS = ("s", "w")
_DEFAULT = Request("", Period(Grain.DAY, "", "", date.min, date.min))


@dataclass(frozen=True, slots=True)
class CellRef:
    """One figure: of which report as it was asked for, in which row (``keys``, ``interval``), of which metric.

    ``keys`` = dimension → value, empty for the totals; ``interval`` = code of the row's interval, empty where the row is
    not of one. ``part``: '' the figure as it stands; ``numerator`` or ``denominator`` alone; ``before``, that of the
    period it is compared with. ``known_at`` (UTC): the report was as known at that moment.
    """

    request: Request
    tenant: str
    metric: str
    keys: Mapping[str, str]
    interval: str = ""
    part: str = ""
    known_at: datetime | None = None
    place: tuple[str, ...] = ()
    """Of what is no metric's figure: see ``targets.Lead``."""
    item: str = ""


def ref_of(result: Result, row: int, column: str, section: int | None = None) -> str | None:
    """The reference of a cell: number of the row (−1: the totals), name of the column; of a section, its number. None where
    the cell leads nowhere.

    It holds letters, digits, ``-``, ``_`` and one dot: it needs no quotes in an address or on a command line.
    """
    table = table_of(result, section)
    index = next((i for i, c in enumerate(table.columns) if c.name == column), None)
    target = None if index is None else target_of(result, table, row, index)
    content = None if target is None else content_of(result, target)
    if content is None:
        return None
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    text = f"{_text(data)}.{_check(data)}"
    return text if len(text) <= MAX_LENGTH else None


def content_of(result: Result, target: Target) -> dict[str, Any] | None:
    """What a reference to a target of a result says, by its one-letter keys; None where the result was not asked for."""
    if result.request is None:
        return None
    return _content(result.request, result.parameters["tenant"], target, result.footer.as_known_at)


def _content(asked: Request, tenant: str, target: Target, known_at: datetime | None) -> dict[str, Any]:
    found: dict[str, Any] = {"r": asked.report, "t": tenant, "p": asked.period.name, "z": asked.period.zone}
    optional: dict[str, Any] = {
        "m": target.metric,
        "o": {name: list(values) for name, values in asked.only.items()},
        "a": asked.attribution,
        "s": asked.threshold_ms if asked.threshold_ms != _DEFAULT.threshold_ms else None,
        "f": asked.profile if asked.profile != _DEFAULT.profile else None,
        "e": asked.interval,
        "c": asked.compare,
        "w": asked.window_days,
        "k": known_at.astimezone(UTC).isoformat() if known_at else None,
        "d": dict(target.keys),
        "i": target.interval,
        "x": target.part,
        "g": list(map(str, target.place)),
        "j": target.item,
    }
    return found | {name: value for name, value in optional.items() if value not in (None, "", {}, [])}


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _check(data: bytes) -> str:
    """So that a reference that was cut or mistyped is refused, not taken for another."""
    return _text(binascii.crc32(data).to_bytes(4, "big"))


def parse_ref(text: str) -> CellRef:
    """The cell that a reference names; UserError for anything that is none. What it asks for is checked as it is run."""
    found = _decoded(text)
    report = report_of(found["r"])
    request, known_at = _request(report, found), _moment(found.get("k"))
    if "g" in found:
        return CellRef(request, found["t"], "", {}, known_at=known_at, place=_place(found["g"]), item=found.get("j", ""))
    metric, keys = found["m"], found.get("d", {})
    if metric not in metrics_of(report):
        raise UserError(f"{_WRONG}: {report.code} has no metric {metric!r}")
    if keys and tuple(keys) not in keyed_by(report):
        raise UserError(f"{_WRONG}: a row of {report.code} has {', '.join(report.dimensions) or 'no dimensions'}")
    if found.get("x", "") not in {*PARTS.values()}:
        raise UserError(f"{_WRONG}: there is no part {found['x']!r}")
    return CellRef(request, found["t"], metric, keys, found.get("i", ""), found.get("x", ""), known_at)


def _place(texts: list[str]) -> tuple[str, ...]:
    """What a figure that is no metric's leads to; UserError where there is no such lead, or it lacks a part."""
    least, most = WIDTHS.get(texts[0], (0, 0))
    if not least <= len(texts) <= most:
        raise UserError(f"{_WRONG}: it names no rows")
    return tuple(texts)


def _request(report: Report, found: Mapping[str, Any]) -> Request:
    compare = found.get("c")
    if compare is not None and compare not in tuple(Compare):
        raise UserError(f"{_WRONG}: there is no comparison {compare!r}")
    return replace(
        _DEFAULT,
        report=report.code,
        period=_period(found["p"], found["z"]),
        only={name: tuple(values) for name, values in found.get("o", {}).items()},
        threshold_ms=found.get("s", _DEFAULT.threshold_ms),
        attribution=found.get("a"),
        interval=found.get("e"),
        profile=found.get("f", _DEFAULT.profile),
        compare=compare,
        window_days=found.get("w"),
    )


def _decoded(text: str) -> dict[str, Any]:
    """The reference's content, of the right types; the length is bounded before anything is read."""
    if len(text) > MAX_LENGTH or not re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{6}", text):
        raise UserError(_WRONG)
    body, _, check = text.partition(".")
    try:
        data = urlsafe_b64decode(body + "=" * (-len(body) % 4))
        found = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise UserError(_WRONG) from None
    if _check(data) != check or not isinstance(found, dict) or not _is_well_typed(found):
        raise UserError(_WRONG)
    return found


def _is_well_typed(found: dict[str, Any]) -> bool:
    known = {*_ONLY_TEXTS, *_ONLY_NUMBERS, "o", "d"}
    known |= {"g"}
    if not {"r", "t", "p", "z"} <= set(found) <= known or ("m" in found) == ("g" in found):
        return False
    lists, keys, place = found.get("o", {}), found.get("d", {}), found.get("g", [""])
    return (
        all(_is_text(found[name]) for name in _ONLY_TEXTS if name in found)
        and all(type(found[name]) is int for name in _ONLY_NUMBERS if name in found)
        and isinstance(keys, dict)
        and isinstance(place, list)
        and bool(place)
        and all(map(_is_text, place))
        and all(map(_is_text, keys.values()))
        and isinstance(lists, dict)
        and all(isinstance(values, list) and values and all(map(_is_text, values)) for values in lists.values())
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _period(name: str, zone: str) -> Period:
    if ".." in name:
        first, last = (parse_period(Grain.DAY, part, zone) for part in name.split("..", 1))
        return make_span(first.first, last.first, zone)
    grain = Grain.WEEK if "W" in name else Grain.MONTH if name.count("-") == 1 else Grain.DAY
    return parse_period(grain, name, zone)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UserError(f"{_WRONG}: {text!r} is not a moment with a zone")
