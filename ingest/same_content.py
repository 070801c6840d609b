"""Whether two payloads of one event id say the same: another order of names or another way to write a time is no conflict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from opsledger.ingest.border.cloudevents import KNOWN, canonical
from opsledger.ingest.border.wire import DECODER

_PLAIN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
_UNSAID = frozenset(("datacontenttype",))
"""Of no weight: data are JSON, whether it is said or not."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def same_content(one: bytes, other: bytes) -> bool:
    """True when both payloads, read as events, are equal in every attribute, known or not.

    An extension may have been sent in a header or as JSON: 5 and "5" are one, as are true and "true".
    """
    if one == other:
        return True
    try:
        first, second = _PLAIN.decode(one), _PLAIN.decode(other)
        if not _same_extensions(_others(first), _others(second)):
            return False
        return _known(first) == _known(second) or bool(DECODER.decode(one) == DECODER.decode(other))
    except (msgspec.DecodeError, UnicodeError):
        return False  # beyond the fast path: what differs as written counts as different


def _known(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name in KNOWN and name not in _UNSAID and value is not None}


def _others(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in KNOWN and value is not None}


def _same_extensions(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())


def _same(one: Any, other: Any) -> bool:
    if canonical(one) == canonical(other):
        return True
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)  # to Python, True is 1


def rewritten(payload: bytes, event_id: UUID, corrects: UUID | None, corrects_source: str = "") -> bytes:
    """The same event under another id, as the correction of an event (None: of none); '' stands for one of its own source."""
    event = _PLAIN.decode(payload) | {"id": str(event_id)}
    for name, value in (("corrects", str(corrects or "")), ("correctssource", corrects_source)):
        if value:
            event[name] = value
        else:
            event.pop(name, None)
    return _ENCODER.encode(event)
