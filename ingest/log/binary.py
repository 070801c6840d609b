"""Binary mode of CloudEvents on Kafka: attributes in ``ce_`` headers, the data alone in the value.

By the rules of the same mode over HTTP, but for one: Kafka's headers are bytes, so that a value is UTF-8 as it stands, without
percent signs.
"""

from __future__ import annotations

from typing import Any

from opsledger.ingest.border.media_type import media_type_of
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.binary import event_of, misnamed
from opsledger.ingest.http.item import Item, refused
from opsledger.ingest.log.batch import CONTENT_TYPE
from opsledger.ingest.log.fetched import Headers

_PREFIX = "ce_"
_CLOUD_EVENT, _BATCH = "application/cloudevents", "application/cloudevents-batch"


def event_in(headers: Headers, value: bytes) -> Item | None:
    """The event of a message in binary mode, in structured form; None of any other message, whose value is the event.

    A batch is refused: on Kafka each event is a message.
    """
    media = _media(headers)
    if media.startswith(_BATCH):
        return refused(value, Reason.INVALID, "content-type: a batch is not taken from Kafka; send each event as a message")
    if media.startswith(_CLOUD_EVENT) or not any(name.startswith(_PREFIX) for name, _ in headers):
        return None
    attributes: dict[str, Any] = {}
    wrong = ""
    for name, raw in headers:
        if name.startswith(_PREFIX):
            attribute = name.removeprefix(_PREFIX)
            text, problem = _text(raw)
            problem = "stands twice" if attribute in attributes else problem
            wrong = wrong or (f"{name[:100]}: {problem}" if problem else misnamed(attribute, _PREFIX))
            attributes[attribute] = text
    if media and not _is_json(media):
        wrong = wrong or f"content-type: data has to be application/json, not {media[:100]!r}"
    return event_of(attributes, wrong, value)


def _is_json(media: str) -> bool:
    found = media_type_of(media)
    return found is not None and found.is_json


def _media(headers: Headers) -> str:
    """The media type that a message names, without its parameters; empty where it names none."""
    for name, value in headers:
        if name.lower() == CONTENT_TYPE[0]:
            return (value or b"").partition(b";")[0].decode("latin-1").strip().lower()
    return ""


def _text(raw: bytes | None) -> tuple[str, str]:
    """(an attribute's value, what is wrong with it)."""
    try:
        return (raw or b"").decode(), "" if raw is not None else "has no value"
    except UnicodeDecodeError:
        return (raw or b"").decode(errors="replace"), "is not UTF-8"
