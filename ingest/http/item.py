"""One event of a request: its bytes as they came, and the canonical ones that the log keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border.judge import Refusal
from opsledger.ingest.chunk import Reason

JSON_MEDIA = re.compile(r"(application|text)/([a-z0-9.-]+\+)?json", re.IGNORECASE)
"""Media types of event data: all that are JSON."""
_ORDER = (
    *("type", "specversion", "id", "source", "subject", "time", "tenant", "data"),
    *("vendor", "actor", "causedby", "corrects", "correctssource", "dataschema"),
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

    Attributes in the order of the wire, others by name, no blanks, no needless escapes, nothing that is null; numbers keep
    their digits, ``data`` its order of names. What a fast reader cannot read stays as it is: the border says why.
    """
    if len(raw) > MAX_EVENT_BYTES:
        return Item(raw, raw)
    try:
        event = _decode(raw)
        if not isinstance(event, dict):
            return Item(raw, raw)
        refusal = _refusal(event)
        return Item(raw, raw if refusal else _encode(_ordered(event)), refusal)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Item(raw, raw)


def refused(raw: bytes, reason: Reason, detail: str) -> Item:
    """What cannot be an event."""
    return Item(raw, raw, Refusal(reason, detail))


def _ordered(event: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in event.items() if value is not None and name != "datacontenttype"}
    known = {name: given.pop(name) for name in _ORDER if name in given}
    return known | dict(sorted(given.items()))


def _refusal(event: Mapping[str, Any]) -> Refusal | None:
    if event.get("data_base64") is not None:
        return Refusal(Reason.INVALID, "data_base64: data has to be a JSON object, under the name 'data'")
    media = event.get("datacontenttype")
    if media is None or (isinstance(media, str) and JSON_MEDIA.fullmatch(media.partition(";")[0].strip())):
        return None
    return Refusal(Reason.INVALID, f"datacontenttype: data has to be application/json, not {str(media)[:100]!r}")
