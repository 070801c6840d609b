"""Binary mode of CloudEvents over HTTP: attributes in ``ce-`` headers, the data alone in the body."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border import cloudevents
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.item import Item, item_of, refused

_NOT_HEADERS = ("data", "datacontenttype")
_QUOTED_PAIR = re.compile(r"\\(.)")
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def binary_event(headers: Mapping[str, str], body: bytes, doubled: Collection[str] = ()) -> Item:
    """The event that the same attributes and data would be in structured mode, byte for byte.

    ``headers``: those that begin with ``ce-``, without that, in lower case; values as WSGI has them. ``doubled``: which of
    them were sent more than once, so that nobody knows which was meant. ``raw`` of what is refused is the event in structured
    form, its data in base64 where they are no JSON.
    """
    attributes: dict[str, Any] = {}
    wrong = ""
    for name, text in headers.items():
        attributes[name], problem = _value(text)
        problem = "stands twice among the headers" if name in doubled else problem
        wrong = wrong or (f"ce-{name}: {problem}" if problem else misnamed(name))
    return event_of(attributes, wrong, body)


def event_of(attributes: dict[str, Any], wrong: str, body: bytes) -> Item:
    """The event of attributes as text and of data; ``wrong``: what is wrong with the attributes."""
    no_json = _no_json(body)
    if body:
        attributes |= {"data_base64": base64.b64encode(body).decode()} if no_json else {"data": msgspec.Raw(body)}
    raw = msgspec.json.encode(attributes)
    if wrong or no_json:
        return refused(raw, Reason.INVALID if wrong else Reason.NOT_JSON, wrong or no_json)
    return item_of(raw)


def _value(text: str) -> tuple[str, str]:
    """(the attribute's value, what is wrong with it): quoted strings first, then percent signs, then UTF-8."""
    text = text.strip(" \t")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = _QUOTED_PAIR.sub(r"\1", text[1:-1])
    bare = "has a percent sign without its two hexadecimal digits; a percent sign is sent as %25"
    problem = bare if _BARE_PERCENT.search(text) else ""
    value = unquote_to_bytes(text.encode("latin-1", "replace"))
    try:
        return value.decode(), problem
    except UnicodeDecodeError:
        return value.decode(errors="replace"), "is not UTF-8 behind its percent signs"


def misnamed(name: str, prefix: str = "ce-") -> str:
    """What is wrong with an attribute's name; ``prefix`` is what its header begins with."""
    if name in _NOT_HEADERS:
        return f"{prefix}{name}: in binary mode the data are the body, and their type is Content-Type"
    wrong = cloudevents.misnamed(name)
    return f"{prefix}{wrong}" if wrong else ""


def _no_json(body: bytes) -> str:
    if not body:
        return ""
    try:
        if len(body) > MAX_EVENT_BYTES:  # the border refuses it by its size: no objects are made of it
            msgspec.json.decode(body, type=msgspec.Raw)
            body.decode()
        else:
            msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return f"data: the body is not JSON: {error}"
    return ""
