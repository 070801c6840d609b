"""The body of an answer while it is sent: packed, told where it breaks off, closed in the right order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from opsledger.infra.gateway.codecs import packed
from opsledger.infra.gateway.errors import ServerError


class Body:
    """A body being sent. Stream and handle go, in this order, before its last piece does, or when it is closed unread.

    ``broken`` turns the error that an answer breaks off with into what the client is told of it; ``done`` is called where it
    does not. ``whole``: the client knows the body's length, so that its last piece is held back until all has gone.
    """

    def __init__(
        self,
        body: Iterator[bytes],
        encoding: str,
        tag: str,
        version: str,
        stack: ExitStack,
        broken: Callable[[ServerError], ServerError],
        done: Callable[[], None] = lambda: None,
        *,
        whole: bool,
    ) -> None:
        told = self._told(body, tag, version)
        self._chunks = packed(told, encoding) if encoding else told
        self._tell, self._done, self._broken = broken, done, False
        self._stack, self._whole = stack, whole

    def __iter__(self) -> Iterator[bytes]:
        """The pieces; ConnectionAbortedError at the end of an answer that is not whole."""
        last = b""
        for chunk in self._chunks:
            if last:
                yield last
            last = chunk if self._whole else b""
            if not self._whole:
                yield chunk
        if not self._broken:
            self._done()
        # who has the end of the answer may ask again at once: its session has to be free by then
        self._stack.close()
        if last:
            yield last
        if self._broken:
            # no end of the chunked body: who does not know the tag sees that the answer is not whole
            raise ConnectionAbortedError("the answer broke off")

    def _told(self, body: Iterator[bytes], tag: str, version: str) -> Iterator[bytes]:
        try:
            yield from body
        except ServerError as error:
            self._broken = True
            text = self._tell(error).body(version).rstrip(b"\n")
            yield b"__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (tag.encode(), text, len(text) + 1, tag.encode())

    def close(self) -> None:
        """Let stream and handle go."""
        self._stack.close()
