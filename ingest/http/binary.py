"""Binary mode of CloudEvents over HTTP: attributes in ``ce-`` headers, the data alone in the body."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.item import Item, item_of, refused

_NAME = re.compile(r"[a-z0-9]{1,100}")
_NOT_HEADERS = ("data", "datacontenttype")
_QUOTED_PAIR = re.compile(r"\\(.)")


def binary_event(headers: Mapping[str, str], body: bytes) -> Item:
    """The event that the same attributes and data would be in structured mode, byte for byte.

    ``headers``: those that begin with ``ce-``, without that, in lower case; values as WSGI has them. ``raw`` of what is
    refused is the event in structured form, its data in base64 where they are no JSON.
    """
    attributes: dict[str, Any] = {}
    wrong = ""
    for name, text in headers.items():
        attributes[name], problem = _value(text)
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
    value = unquote_to_bytes(text.encode("latin-1", "replace"))
    try:
        return value.decode(), ""
    except UnicodeDecodeError:
        return value.decode(errors="replace"), "is not UTF-8 behind its percent signs"


def misnamed(name: str, prefix: str = "ce-") -> str:
    """What is wrong with an attribute's name; ``prefix`` is what its header begins with."""
    if name in _NOT_HEADERS:
        return f"{prefix}{name}: in binary mode the data are the body, and their type is Content-Type"
    return "" if _NAME.fullmatch(name) else f"{prefix}{name[:100]}: an attribute's name has lower-case letters and digits only"


def _no_json(body: bytes) -> str:
    if not body:
        return ""
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return f"data: the body is not JSON: {error}"
    return ""
