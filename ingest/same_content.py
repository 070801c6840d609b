"""Whether two payloads of one event id say the same: another order of names or another way to write a time is no conflict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from opsledger.ingest.border.wire import DECODER

_PLAIN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def same_content(one: bytes, other: bytes) -> bool:
    """True when both payloads, read as events, are equal in every attribute, known or not."""
    if one == other:
        return True
    first, second = _PLAIN.decode(one), _PLAIN.decode(other)
    if first == second:
        return True
    try:
        events = DECODER.decode(one), DECODER.decode(other)
    except msgspec.DecodeError:
        return False  # beyond the fast path: what differs as written counts as different
    known = set(events[0].__struct_fields__) | {"type", "specversion"}
    return bool(events[0] == events[1]) and _beyond(first, known) == _beyond(second, known)


def _beyond(event: dict[str, Any], known: set[str]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in known}


def rewritten(payload: bytes, event_id: UUID, corrects: UUID | None, corrects_source: str = "") -> bytes:
    """The same event under another id, as the correction of an event (None: of none); '' stands for one of its own source."""
    event = _PLAIN.decode(payload) | {"id": str(event_id)}
    for name, value in (("corrects", str(corrects or "")), ("correctssource", corrects_source)):
        if value:
            event[name] = value
        else:
            event.pop(name, None)
    return _ENCODER.encode(event)
