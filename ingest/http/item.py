"""One event of a request: its bytes as they came, and the canonical ones that the log keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border.cloudevents import KNOWN, canonical, problem_of
from opsledger.ingest.border.judge import Refusal
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.twice import names_twice, parsed_slowly

_ORDER = (
    *("type", "specversion", "id", "source", "subject", "time", "tenant", "data"),
    *("vendor", "actor", "causedby", "corrects", "dataschema"),
)
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Item:
    """An event before the border has judged it; ``refusal`` where it is known already that it is none."""

    raw: bytes
    value: bytes
    refusal: Refusal | None = None


def item_of(raw: bytes) -> Item:
    """An event in structured form, made canonical.

    Attributes in the order of the wire, others by name and in their canonical text, no blanks, no needless escapes, nothing
    that is null; numbers keep their digits, ``data`` its order of names. What CloudEvents forbids is refused. What cannot be
    read stays as it is: the border says why.
    """
    if len(raw) > MAX_EVENT_BYTES:
        return Item(raw, raw)
    try:
        event = _decode(raw)
        if not isinstance(event, dict):
            return Item(raw, raw)
        if wrong := problem_of(event):
            return refused(raw, Reason.INVALID, wrong)
        ordered = _ordered(event)
        value = _encode(ordered)
        whole = value if ordered == event else _encode(event)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _odd(raw)
    wrong = names_twice(raw, whole)
    return refused(raw, Reason.INVALID, wrong) if wrong else Item(raw, value)


def refused(raw: bytes, reason: Reason, detail: str) -> Item:
    """What cannot be an event."""
    return Item(raw, raw, Refusal(reason, detail))


def _odd(raw: bytes) -> Item:
    """What a fast reader cannot read, and the border may: half a character in an extension, for one."""
    event, twice = parsed_slowly(raw)
    wrong = twice or (problem_of(event) if isinstance(event, dict) else "")
    return refused(raw, Reason.INVALID, wrong) if wrong else Item(raw, raw)


def _ordered(event: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name in _ORDER if (value := event.get(name)) is not None}
    if event.keys() <= KNOWN:
        return known
    others = sorted(name for name, value in event.items() if name not in KNOWN and value is not None)
    return known | {name: canonical(event[name]) for name in others}
