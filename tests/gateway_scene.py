"""A gateway with a user of each kind on a small ledger, for tests of what each role is told."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from opsledger.domain.clock import SystemClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.gateway.roles import Role
from opsledger.infra.gateway.users import FILE, Users
from opsledger.infra.store import open_embedded
from tests.gateways import Running, Told, running
from tests.ledger_samples import chunks, importer, line, spec

WHO = ("writer", "reader", "auditor", "bound")
CALLS = 9
"""Of them six are of the tenant ``acme``, to whom ``bound`` is bound."""


def lines() -> list[bytes]:
    """Calls of two tenants and three vendors."""
    mine = [line(f"a{n}", at_s=n, tenant="acme", vendor="xinhe" if n % 2 else "other") for n in range(6)]
    return mine + [line(f"b{n}", at_s=n, tenant="others", vendor="third") for n in range(CALLS - 6)]


def make_ledger(root: Path) -> None:
    """A ledger with these calls and their facts."""
    with open_embedded(root, clock=SystemClock()) as store:
        importer(store).run(chunks(lines()), spec())
        fact_tables(store).update()


def make_users(root: Path) -> dict[str, dict[str, str]]:
    """A user for each of ``WHO``; the headers by which each logs in."""
    users = Users(root / FILE, SystemClock())
    made = {
        "writer": users.add("w", Role.WRITER),
        "reader": users.add("r", Role.READER),
        "auditor": users.add("a", Role.AUDITOR),
        "bound": users.add("b", Role.READER, "acme"),
    }
    return {who: {"X-ClickHouse-User": who[0], "X-ClickHouse-Key": secret} for who, secret in made.items()}


@dataclass(frozen=True, slots=True)
class Scene:
    """A gateway, and how its users log in."""

    gateway: Running
    logins: Mapping[str, Mapping[str, str]]

    def ask(self, who: str, text: str | bytes = b"", **more: Any) -> Told:
        """Ask as one of them; ``headers`` are sent beside the login."""
        headers = {**self.logins[who], **more.pop("headers", {})}
        return self.gateway.ask(text, headers=headers, **more)

    def rows(self, who: str, text: str, **more: Any) -> list[dict[str, Any]]:
        """The rows that one of them is told; AssertionError for an error."""
        told = self.ask(who, text, default_format="JSONEachRow", output_format_json_quote_64bit_integers=0, **more)
        assert told.status == 200, told.text
        return [json.loads(row) for row in told.text.splitlines()]

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return int(urlsplit(self.gateway.found.url).port or 0)

    def begin(self, who: str, text: str, **more: Any) -> socket.socket:
        """Send a statement and wait for nothing."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        head = "".join(f"{name}: {value}\r\n" for name, value in self.logins[who].items())
        address = f"POST /?{urlencode(more)} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(text.encode())}\r\n\r\n"
        connection.sendall(f"{address}{text}".encode())
        return connection

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """One connection for several questions."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as made:
            yield made


def cut(connection: socket.socket) -> None:
    """Go away without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drained(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or has sent the last chunk of an answer."""
    found = bytearray()
    while not found.endswith(b"0\r\n\r\n") and (some := connection.recv(1 << 20)):
        found += some
    return bytes(found)


@contextmanager
def scene_on(root: Path) -> Iterator[Scene]:
    """A gateway with its users on a ledger of its own."""
    make_ledger(root)
    logins = make_users(root)
    with running(root) as gateway:
        yield Scene(gateway, logins)
