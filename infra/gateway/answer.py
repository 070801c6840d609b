"""Runs a statement that has been let through, and makes its answer: whole, or while it is being read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain

from opsledger.infra.gateway.codecs import PIECE_BYTES
from opsledger.infra.gateway.engine import Counts, Handle, no_statement
from opsledger.infra.gateway.errors import UNKNOWN_FORMAT, refused
from opsledger.infra.gateway.native import split
from opsledger.infra.gateway.request import Request, bounded
from opsledger.infra.gateway.statement import (
    MAX_HEAD_BYTES,
    STREAMED,
    Insert,
    first_word,
    format_of,
    insert_of,
    is_insert,
    is_name,
)

_IN_MEMORY_BYTES = 32 * 1024 * 1024
"""An answer that is to be complete before it is begun is kept in memory up to here, then in a passing file."""

Retold = Callable[[Iterator[bytes]], Iterator[bytes]]


@dataclass(slots=True)
class Answer:
    """What is sent: the body is either whole (``length`` known) or goes on while it is read."""

    body: Iterator[bytes]
    format: str = ""
    counts: Counts = field(default_factory=Counts)
    length: int | None = None


def read_text(request: Request) -> tuple[bytes, Insert | None, Iterator[bytes]]:
    """The statement as far as it was read, its data's place where it is an INSERT with data, and the rest of the body."""
    body, text = request.body, request.query
    if text:
        text += b"\n"
        if is_insert(text) and (insert := insert_of(text)) is not None:
            return text, insert, body
    text = _begun(body, text)
    if is_insert(text) and (insert := insert_of(text)) is not None:
        return text, insert, body
    return bounded(body, start=text), None, iter(())


def _begun(body: Iterator[bytes], start: bytes) -> bytes:
    """A text and so much of the body that the whole head of an INSERT is there, however small the body's pieces are."""
    found = bytearray(start)
    while len(found) <= MAX_HEAD_BYTES and (piece := next(body, b"")):
        found += piece
    return bytes(found)


def inserted(handle: Handle, insert: Insert, data: Iterator[bytes], parameters: Mapping[str, str]) -> Answer:
    """Store the data of an INSERT."""
    handle.set({f"param_{name}": value for name, value in parameters.items()})
    counts = handle.insert(insert.head, insert.format, (piece for piece in data if piece))
    return Answer(iter(()), counts=counts, length=0)


def selected(
    request: Request, handle: Handle, text: bytes, stack: ExitStack, *, reads: bool, retold: Retold | None = None
) -> Answer:
    """Run any other statement. ``reads``: it has an answer, if only one without rows. ``retold`` changes its Native blocks."""
    format_ = format_of(text) or request.options.get("default_format") or "TabSeparated"
    if not is_name(format_):
        raise refused(UNKNOWN_FORMAT, f"Unknown format {format_[:100]}")
    stream = None
    if reads and format_ in STREAMED and first_word(text) in ("SELECT", "WITH", "FROM", ""):
        stream = handle.stream(text, format_, request.parameters)
    if stream is not None:
        stack.callback(stream.close)
        blocks = (bytes(block) for block in stream)
        told = retold(blocks) if retold and format_ == "Native" else blocks
        return _streamed(told, stream.counts, format_, stack, whole=request.on("wait_end_of_query"))
    body, counts = handle.query(text, format_, request.parameters)
    if handle.kind(text).statements == 0 and not body:
        raise no_statement(text)
    if retold and format_ == "Native":
        body = memoryview(b"".join(retold(split(body.tobytes()))))
    slices = (bytes(body[at : at + PIECE_BYTES]) for at in range(0, len(body), PIECE_BYTES))
    return Answer(slices, format_ if reads or body else "", counts, len(body))


def _streamed(blocks: Iterator[bytes], counts: Counts, format_: str, stack: ExitStack, *, whole: bool) -> Answer:
    """The first block before the answer is begun (all, where it is to be whole): an error there has its own status."""
    if not whole:
        first = next((block for block in blocks if block), b"")
        if not first:
            return Answer(iter(()), format_, counts, 0)
        return Answer(chain((first,), blocks), format_, counts)
    kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  closed with the answer
    stack.callback(kept.close)
    for block in blocks:
        kept.write(block)
    length = kept.tell()
    kept.seek(0)
    return Answer(iter(lambda: kept.read(PIECE_BYTES), b""), format_, counts, length)
