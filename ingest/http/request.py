"""A request's body becomes events: which mode it is in, what of it can be read, and where it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from opsledger.ingest.border.fast import MAX_NESTING
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.binary import binary_event
from opsledger.ingest.http.depth import is_deeper, is_longer
from opsledger.ingest.http.item import JSON_MEDIA, Item, item_of, refused
from opsledger.ingest.http.limits import BATCH_DEPTH, Limits
from opsledger.ingest.http.problem import Problem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"
_UTF8 = ("", "utf-8", "utf8", "us-ascii")


@dataclass(frozen=True, slots=True)
class Message:
    """A request without its transport. ``attributes``: the ``ce-`` headers, without that, in lower case."""

    content_type: str
    body: bytes
    attributes: Mapping[str, str]
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The events of a request. ``broken``: the body could not be read; it is one item then, kept as it came."""

    items: list[Item]
    batch: bool = False
    broken: bool = False


def parse(message: Message, limits: Limits) -> Parsed:
    """The events of a message. Problem 415 for a type that is no CloudEvent, 413 for a batch of too many."""
    mode = _mode(message)
    deep = _too_deep(message.body, BATCH_DEPTH if mode == BATCH else MAX_NESTING)
    if deep is not None:
        return Parsed([deep], broken=True)
    if mode == BATCH:
        return _batch(message.body, limits)
    if mode == BINARY:
        return Parsed([binary_event(message.attributes, message.body)])
    item = item_of(message.body)
    why = _unreadable(message.body) if item.value is message.body else ""
    return Parsed([refused(message.body, Reason.NOT_JSON, why)], broken=True) if why else Parsed([item])


def _mode(message: Message) -> str:
    media, _, parameters = message.content_type.partition(";")
    media = media.strip().lower()
    _check_coding(message.encoding, parameters)
    if media in (STRUCTURED, BATCH):
        return media
    is_json = not media or JSON_MEDIA.fullmatch(media)
    if message.attributes and is_json and not media.startswith("application/cloudevents"):
        return BINARY
    raise Problem(
        415,
        f"Content-Type is '{media[:100]}'; it has to be {STRUCTURED}, {BATCH}, or {BINARY} with the attributes in ce- headers",
    )


def _check_coding(encoding: str, parameters: str) -> None:
    if encoding.strip().lower() not in ("", "identity"):
        raise Problem(415, f"Content-Encoding '{encoding[:100]}' is not taken; send the body as it is")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' \t"').lower() not in _UTF8:
            raise Problem(415, f"charset '{value.strip()[:100]}' is not taken; JSON is UTF-8")


def _too_deep(body: bytes, levels: int) -> Item | None:
    if not is_deeper(body, levels):
        return None
    return refused(body, Reason.INVALID, f"the body is nested more than {levels} levels deep")


def _batch(body: bytes, limits: Limits) -> Parsed:
    if is_longer(body, limits.events):  # not left to the decoder, which would make an object of each first
        raise Problem(413, f"the batch has more than {limits.events:,} events; send it in parts")
    try:
        raws = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Parsed([refused(body, Reason.NOT_JSON, f"the body is not a JSON list of events: {_where(error)}")], broken=True)
    return Parsed([item_of(bytes(raw)) for raw in raws], batch=True)


def _unreadable(value: bytes) -> str:
    try:
        msgspec.json.decode(value, type=msgspec.Raw)
        value.decode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return f"the body is not JSON: {_where(error)}"
    return ""


def _where(error: Exception) -> str:
    return f"byte {error.start} is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:300]
