"""A ClickHouse server by its address: from the environment alone, its errors said so that the user knows what to do.

| variable | meaning | default |
|---|---|---|
| OPSLEDGER_CLICKHOUSE_URL | ``http://user:password@host:port/database`` (or https) of the ledger | none: the data directory |
| OPSLEDGER_CLICKHOUSE_CLUSTER | the cluster on which tables are made, replicated | none: one server |
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from urllib3.exceptions import HTTPError

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

URL_VARIABLE = "OPSLEDGER_CLICKHOUSE_URL"
CLUSTER_VARIABLE = "OPSLEDGER_CLICKHOUSE_CLUSTER"
SETTINGS: Mapping[str, Any] = {"session_timezone": "UTC", "max_partitions_per_insert_block": 0, "max_insert_threads": 1}
"""What every request of ours is run with, whoever runs it."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_WRONG_LOGIN = (192, 193, 194, 516)
_UNKNOWN_DATABASE = 81
_UNKNOWN_TABLE = 60
_DENIED = 497
_CONNECT_S = 10
_ANSWER_S = 3600


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and who asks it. The password is never shown."""

    scheme: str
    host: str
    port: int
    database: str
    user: str = "default"
    password: str = field(default="", repr=False)
    named_by: str = URL_VARIABLE

    @property
    def shown(self) -> str:
        """The address without its secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.database}"

    @property
    def near(self) -> bool:
        """Whether it is on this machine, where packing what is sent costs more than sending it."""
        return self.host in _LOOPBACK


def server_of(environ: Mapping[str, str] = os.environ) -> Server | None:
    """The server that the environment names; None where it names none. UserError for an address that is none."""
    url = environ.get(URL_VARIABLE, "").strip()
    return parse_url(url) if url else None


def parse_url(url: str, named_by: str = URL_VARIABLE) -> Server:
    """A server from its address. UserError, which does not show it, where it is none."""
    example = f"{named_by} has to be http://user:password@host:port/database"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UserError(f"{example}; what it holds is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{example}; it begins otherwise, or names no host")
    database = unquote(parts.path.strip("/")) or "default"
    if "/" in database or parts.query or parts.fragment:
        raise UserError(f"{example}; something stands behind the database's name")
    default_port = 8443 if parts.scheme == "https" else 8123
    user, password = unquote(parts.username or "default"), unquote(parts.password or "")
    return Server(parts.scheme, parts.hostname, port or default_port, database, user, password, named_by)


def connect(server: Server, *, make_database: str = "") -> Client:
    """A client whose requests depend on nothing but themselves. UserError: away, wrong login, no such database.

    ``make_database`` is the statement that makes the database, for who may do so.
    """
    with reaching(server):
        if make_database:
            with_any = _client(server, "default")
            with_any.command(make_database)
            with_any.close()
        return _client(server, server.database)


def _client(server: Server, database: str) -> Client:
    # it would tell of each failed try on standard error, which is told once and in our own words
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    return clickhouse_connect.get_client(
        interface=server.scheme,
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        database=database,
        settings=dict(SETTINGS),
        compress=False if server.near else "lz4",
        connect_timeout=_CONNECT_S,
        send_receive_timeout=_ANSWER_S,
        tz_mode="aware",
        autogenerate_session_id=False,
        show_clickhouse_errors="scrub",
        dedicated_pool=True,
    )


@contextmanager
def reaching(server: Server) -> Iterator[None]:
    """Turn what a server refuses, and that it is away, into UserError (exit code 4)."""
    try:
        yield
    except (ClickHouseError, HTTPError, ConnectionError) as error:
        told = _told(server, error)
        if told is None:
            raise
        raise UserError(told, EXIT_ENVIRONMENT) from error


def _told(server: Server, error: Exception) -> str | None:
    code = getattr(error, "code", None)
    if code in _WRONG_LOGIN:
        return f"{server.shown} does not let '{server.user}' in: user or password is wrong ({server.named_by})"
    if code == _UNKNOWN_DATABASE:
        return (
            f"there is no database '{server.database}' at {server.shown} ({server.named_by}); "
            "name another, or start what writes to it (opsledger sink), which makes it"
        )
    if code == _UNKNOWN_TABLE:
        return (
            f"{server.shown} does not hold a whole ledger ({server.named_by}): {_first(error)}; "
            "name another database, or start what writes to it (opsledger sink), which makes the tables"
        )
    if code == _DENIED:
        return f"'{server.user}' may not do this at {server.shown}: {_first(error)}; ask for the right, or use another user"
    if code is None and isinstance(error, (OperationalError, HTTPError, ConnectionError)):
        return f"{server.shown} cannot be reached ({server.named_by}); is it running, and is the address right?"
    return None


def _first(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
