"""What a connection may take of a server: a login before its body is read, and a clock on all that it sends and takes."""

from __future__ import annotations

import fcntl
import math
import select
import socket
import struct
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from opsledger.infra.web.door import Door, Parser, Standing

USER = "opsledger.user"
"""Where the application finds who asks."""
ADMITTED = "opsledger.admitted"
"""Where it finds when that was asked, by the monotonic clock."""
DOUBLED = "opsledger.doubled"
"""Where it finds which headers stand more than once."""
_JOINED_BYTES = 64 * 1024
_HEAD_BYTES = 16 * 1024
"""So much is read at once while a request's headers are not complete, thus at most so much of a body nobody asked for."""
_DRAINED_BYTES, _DRAINED_S, _SILENT_S = 64 * 1024**2, 10.0, 2.0
"""So much of what a refused client goes on to send is dropped, so that it comes to read why: then the line is cut, and
sooner where nothing comes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may take of the server. Until a request is whole it is in memory or a passing file: no thread waits."""

    connections: int = 512
    headers: int = 100
    header_bytes: int = 32 * 1024
    header_s: float = 10.0
    """From the connection's first moment, or the first byte after an answer, to the end of the headers."""
    request_s: float = 60.0
    """Likewise to the end of the body."""
    stalled_s: float = 60.0
    """Without a byte of the body."""
    idle_s: float = 60.0
    """Between an answer and the next request."""
    stranger_s: float = math.inf
    """Likewise for who has not, if that is less."""
    unread_s: float = 60.0
    """Without a byte taken of what is sent to the client."""


class _Joined:
    """Stands in for a connection, to have together what is sent to it."""

    def __init__(self, server: Any) -> None:
        self.server, self.data = server, bytearray()

    def write_soon(self, data: bytes) -> int:
        """Keep some bytes; how many."""
        self.data += data
        return len(data)


class _Task(WSGITask):  # type: ignore[misc]  # waitress comes without types
    """Tells the application who asks, and leaves the line open behind an answer whose end is told by its last chunk."""

    channel: Any

    def write(self, data: bytes) -> None:
        """Send a piece; the first one together with the headers, which the client would otherwise wake up for alone."""
        if self.wrote_header or len(data) > _JOINED_BYTES:
            super().write(data)
            return
        channel, self.channel = self.channel, _Joined(self.channel.server)
        try:
            super().write(data)
        finally:
            joined, self.channel = bytes(self.channel.data), channel
        channel.write_soon(joined)

    def set_close_on_finish(self) -> None:
        """Have the line closed behind the answer. It is asked for each answer of unknown length, whose chunks tell its end."""
        if not self.chunked_response:
            super().set_close_on_finish()

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[USER], environ[ADMITTED] = self.request.user, self.request.admitted
        environ[DOUBLED] = self.request.doubled
        return environ


class Channel(HTTPChannel):  # type: ignore[misc]  # as above
    """A connection with a clock: who sends byte by byte, does not read, or only stays, is cut off."""

    task_class = _Task
    close_when_flushed: bool

    def __init__(self, door: Door, bounds: Bounds, *given: Any, **more: Any) -> None:
        self._door, self._bounds, self._standing = door, bounds, Standing()
        self._since = self._heard = self._took = time.monotonic()
        self._fresh = True
        self._partial: object = None
        self._sent = self._taken = self._dropped = 0
        self._hung_up = 0.0
        super().__init__(*given, **more)
        self._standing.remote = str(self.addr[0]) if self.addr else ""

    def parser_class(self, adjustments: Any) -> Parser:
        """What takes the next request apart."""
        return Parser(adjustments, self._door, self._bounds.headers, self._standing, len(self.requests))

    def recv(self, size: int) -> bytes:
        """Some bytes; few as long as it is not known whose."""
        is_body = self._hung_up or (self.request is not None and self.request.headers_finished)
        return bytes(super().recv(size if is_body else min(size, _HEAD_BYTES)))

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send some bytes; how many went."""
        sent = int(super().send(data, do_close=do_close))
        self._sent += sent
        return sent

    def received(self, data: bytes) -> bool:
        """Take some bytes; of one that was refused, drop them."""
        self._heard = time.monotonic()
        if self._hung_up:
            self._dropped += len(data)
            return False
        return bool(super().received(data))

    def readable(self) -> bool:
        """Whether more is read; asked in every turn of the loop, at least once a second."""
        now = time.monotonic()
        if self._fileno is None:
            return False
        if self._hung_up:
            return self._is_draining(now)
        if self.total_outbufs_len:
            if self._is_unread(now):
                self._cut()
                return False
        else:
            self._took = now
        if self.requests or self.total_outbufs_len:
            self._since, self._fresh = now, False
        elif not self._standing.refused and self._is_late(now):
            self._cut()
            return False
        return not self._standing.refused and bool(super().readable())

    def writable(self) -> bool:
        """Whether there is something to be done when the client takes more."""
        return self._fileno is not None and not self._hung_up and bool(super().writable())

    def handle_write(self) -> None:
        """Send. Behind a refusal the line is closed in this direction first: what the client still sends would cut it."""
        if not (self._standing.refused and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif self.connected and not self.total_outbufs_len:
            self.close_when_flushed, self._hung_up = False, time.monotonic()
            self._heard = self._hung_up
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def _flush_outbufs_below_high_watermark(self) -> None:
        with self.outbuf_lock:
            if self.connected:  # else there is nobody who would end the wait for room
                super()._flush_outbufs_below_high_watermark()

    def check_client_disconnected(self) -> bool:
        """Whether the client has gone, or has closed its own direction, which cannot be told from it before it is sent to.

        Unlike the server's own look this one does not depend on anything being read, so it does not overlook who has sent
        ahead, or does not take what is sent. It does not end the connection: who has closed one direction alone gets an
        answer, be it that the statement was ended.
        """
        its_socket = self.socket
        return not self.connected or its_socket is None or _is_closed(its_socket)

    def _is_late(self, now: float) -> bool:
        request, bounds = self.request, self._bounds
        if request is None:
            idle_s = bounds.idle_s if self._standing.known else min(bounds.idle_s, bounds.stranger_s)
            return now - self._since > (bounds.header_s if self._fresh else idle_s)
        if request is not self._partial:
            self._partial = request
            self._since, self._fresh = (self._since if self._fresh else now), False
        if not request.headers_finished:
            return now - self._since > bounds.header_s
        return now - self._since > bounds.request_s or now - self._heard > bounds.stalled_s

    def _is_unread(self, now: float) -> bool:
        taken = self._sent - _on_the_way(self.socket)
        if taken != self._taken:
            self._taken, self._took = taken, now
        return now - self._took > self._bounds.unread_s

    def _is_draining(self, now: float) -> bool:
        if self._dropped <= _DRAINED_BYTES and now - self._hung_up <= _DRAINED_S and now - self._heard <= _SILENT_S:
            return True
        self.handle_close()
        return False

    def _cut(self) -> None:
        """End it at once. What the client has not taken is dropped, here and in the system; a thread that waits goes on.

        ``will_close`` would not do: it is heeded when the client takes more.
        """
        if _on_the_way(self.socket):
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handle_close()


def channels(door: Door, bounds: Bounds) -> Callable[..., Channel]:
    """What a server makes its connections with: its ``channel_class``."""
    return partial(Channel, door, bounds)


def _on_the_way(its_socket: socket.socket) -> int:
    """Bytes that the system has taken and the client has not; 0 where the system does not say."""
    try:
        return int.from_bytes(fcntl.ioctl(its_socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except OSError:
        return 0


def _is_closed(its_socket: socket.socket) -> bool:
    """Whether the other side has closed its direction, or both."""
    hang_up = getattr(select, "POLLRDHUP", 0)
    try:
        if hang_up:
            looked = select.poll()
            looked.register(its_socket, hang_up)
            return bool(looked.poll(0))
        return its_socket.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except (OSError, ValueError):  # it was closed here meanwhile
        return True
