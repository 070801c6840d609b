"""A request's body becomes events: which mode it is in, what of it can be read, and where it breaks."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from opsledger.ingest.border.fast import MAX_NESTING
from opsledger.ingest.border.media_type import MediaType, media_type_of
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.binary import binary_event
from opsledger.ingest.http.depth import is_deeper, is_longer
from opsledger.ingest.http.item import Item, item_of, refused
from opsledger.ingest.http.limits import BATCH_DEPTH, Limits
from opsledger.ingest.http.problem import Problem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"
_NO_TYPE = MediaType("")


@dataclass(frozen=True, slots=True)
class Message:
    """A request without its transport.

    ``attributes``: the ``ce-`` headers, without that, in lower case; ``doubled``: headers that were sent more than once, whole
    and in lower case.
    """

    content_type: str
    body: bytes
    attributes: Mapping[str, str]
    encoding: str = ""
    doubled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Parsed:
    """The events of a request. ``broken``: the body could not be read; it is one item then, kept as it came."""

    items: list[Item]
    batch: bool = False
    broken: bool = False


def parse(message: Message, limits: Limits) -> Parsed:
    """The events of a message. Problem 415 for a type that is no CloudEvent, 413 for a batch of too many."""
    mode = _mode(message)
    body = message.body.removeprefix(codecs.BOM_UTF8)  # RFC 8259: nobody is to send one, and who meets one may ignore it
    deep = _too_deep(body, BATCH_DEPTH if mode == BATCH else MAX_NESTING)
    if deep is not None:
        return Parsed([deep], broken=True)
    if mode == BATCH:
        return _batch(body, limits)
    if mode == BINARY:
        doubled = {name.removeprefix("ce-") for name in message.doubled if name.startswith("ce-")}
        return Parsed([binary_event(message.attributes, body, doubled)])
    item = item_of(body)
    why = _unreadable(body) if item.value is body and item.refusal is None else ""
    return Parsed([refused(body, Reason.NOT_JSON, why)], broken=True) if why else Parsed([item])


def _mode(message: Message) -> str:
    if "content-type" in message.doubled:
        raise Problem(415, "Content-Type stands twice among the headers")
    _check_coding(message.encoding)
    media = media_type_of(message.content_type) if message.content_type.strip() else _NO_TYPE
    if media is None:
        raise Problem(415, f"Content-Type is '{message.content_type[:100]}', which is no media type")
    if media.foreign_charset:
        raise Problem(415, f"charset '{media.foreign_charset[:100]}' is not taken; JSON is UTF-8")
    if media.name in (STRUCTURED, BATCH):
        return media.name
    is_json = media is _NO_TYPE or media.is_json
    if message.attributes and is_json and not media.name.startswith("application/cloudevents"):
        return BINARY
    raise Problem(
        415,
        f"Content-Type is '{media.name[:100]}'; it has to be {STRUCTURED}, {BATCH}, or {BINARY} with the attributes in "
        "ce- headers",
    )


def _check_coding(encoding: str) -> None:
    if encoding.strip().lower() not in ("", "identity"):
        raise Problem(415, f"Content-Encoding '{encoding[:100]}' is not taken; send the body as it is")


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
