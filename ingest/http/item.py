"""One event of a request: its bytes as they came, and the canonical ones that the log keeps."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border.cloudevents import KNOWN, canonical, is_harmless, problem_of
from opsledger.ingest.border.judge import Refusal
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.twice import names_twice, parsed_slowly

_ORDER = (
    *("type", "specversion", "id", "source", "subject", "time", "tenant", "data"),
    *("vendor", "actor", "causedby", "corrects", "correctssource", "dataschema"),
)
_MEDIA = "datacontenttype"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Item(NamedTuple):
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
    harmless = is_harmless(raw)
    try:
        event = _decode(raw)
        if not isinstance(event, dict):
            return Item(raw, raw)
        if wrong := problem_of(event, harmless=harmless):
            return refused(raw, Reason.INVALID, wrong)
        media = _encode({_MEDIA: event.pop(_MEDIA)}) if _MEDIA in event else b""
        ordered = _ordered(event)
        value = _encode(ordered)
        whole = value if ordered == event else _encode(event)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _odd(raw)
    wrong = "" if whole == raw else names_twice(raw, (whole, media), plain=harmless)
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
    made = {name: event[name] for name in _ORDER if name in event}
    if len(made) < len(event) and not KNOWN.issuperset(event):
        made |= {name: canonical(event[name]) for name in sorted(event.keys() - KNOWN)}
    return {name: value for name, value in made.items() if value is not None} if None in made.values() else made
