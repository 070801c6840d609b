"""The gateway as a WSGI application: ClickHouse's HTTP interface, each request judged before it runs, and on record after."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from opsledger.infra.gateway.answer import Answer, Retold, inserted, read_text, selected
from opsledger.infra.gateway.audience import mark
from opsledger.infra.gateway.body import Body
from opsledger.infra.gateway.engine import Engine, Handle
from opsledger.infra.gateway.errors import (
    READONLY,
    REQUIRED_PASSWORD,
    UNKNOWN_FORMAT,
    ServerError,
    from_engine,
    refused,
    without_figures,
    without_names,
)
from opsledger.infra.gateway.handles import Handles
from opsledger.infra.gateway.judge.formats import may_come
from opsledger.infra.gateway.judge.judge import Judge
from opsledger.infra.gateway.judge.reading import SELECT
from opsledger.infra.gateway.judge.verdict import denied
from opsledger.infra.gateway.native import retold, version_of
from opsledger.infra.gateway.query_log import QueryLog
from opsledger.infra.gateway.record import Record
from opsledger.infra.gateway.request import Request, read_request
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.running import Running
from opsledger.infra.gateway.watch import Watch

TIMEZONE = "UTC"
USER_KEY = "opsledger.user"
"""Where the environment of a request says whose it is: the login is checked before its body is read."""
_SILENT = {"Set", "UseQuery"}
"""Statements that change nothing and have no answer."""
_ALIVE = {"/ping", "/replicas_status"}
StartResponse = Callable[..., Any]


class Gateway:
    """The application."""

    def __init__(self, engine: Engine, log: QueryLog, watch: Watch) -> None:
        self._engine, self._log, self._watch = engine, log, watch
        self._judge = Judge(engine)
        self._handles = Handles(engine, self._judge)
        self.sessions = self._handles.sessions
        self.running = Running()

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD") and (path in _ALIVE or (path in ("/", "") and not environ.get("QUERY_STRING"))):
            return _plain(start_response, "200 OK", b"Ok.\n", empty=method == "HEAD")
        if path not in ("/", ""):
            return _plain(start_response, "404 Not Found", _NO_HANDLE % path.encode("latin-1", "replace")[:200])
        if method not in ("GET", "POST"):
            return _plain(
                start_response, "405 Method Not Allowed", b"Statements come by GET or POST.\n", [("Allow", "GET, POST")]
            )
        user: User = environ[USER_KEY]
        record = Record(self._log, user, str(environ.get("REMOTE_ADDR", "")))
        query_id, stack = "", ExitStack()
        try:
            stack.callback(record.ended)
            stack.enter_context(self.running.one())
            request = read_request(environ)
            query_id = record.query_id = request.options.get("query_id") or str(uuid4())
            answer = self._answered(request, user, record, stack, environ.get("waitress.client_disconnected"))
        except BaseException as error:
            if isinstance(error, ServerError):
                record.failed(error)
                stack.close()
                return self._refuse(start_response, _for_user(user, error), query_id)
            record.failed(from_engine(error))
            stack.close()
            raise
        return self._send(start_response, request, answer, user, query_id, record, stack)

    def _answered(
        self, request: Request, user: User, record: Record, stack: ExitStack, is_gone: Callable[[], bool] | None
    ) -> Answer:
        if "role" in request.options:
            raise denied(user, "roles are not chosen by request; each user has the one it was made with")
        number = uuid4().hex
        handle = stack.enter_context(self._handles.of(user, request, number))
        if is_gone is not None:
            stack.enter_context(self._watch.over(is_gone, lambda: self._engine.stop(mark(user, number))))
        answer = self._answer(request, user, handle, record, stack)
        record.counts = answer.counts
        return answer

    def _answer(self, request: Request, user: User, handle: Handle, record: Record, stack: ExitStack) -> Answer:
        text, insert, rest = read_text(request)
        record.statement = insert.head if insert is not None else text
        statement = insert.head + b" FORMAT " + insert.format.encode() if insert is not None else text
        along = frozenset(table.name for table in request.external)
        verdict = self._judge.judged(user, statement, request.parameters, handle.database, along)
        record.kind = verdict.kind
        if request.only_reads and not verdict.reads:
            raise refused(READONLY, f"{user.name}: Cannot execute query in readonly mode")
        if user.role is Role.AUDITOR and _asks_log(text):
            self._log.load()
        if insert is not None and not may_come(insert.format, inserted=True):
            raise refused(UNKNOWN_FORMAT, f"data of an INSERT do not come as {insert.format[:100]!r}")
        if insert is not None:
            return inserted(handle, insert, _behind(text[insert.data_at :], rest), request.parameters)
        retold = self._retold(request, user, handle, text, verdict.kind)
        return selected(request, handle, text, stack, reads=verdict.reads and verdict.kind not in _SILENT, retold=retold)

    def _retold(self, request: Request, user: User, handle: Handle, text: bytes, kind: str) -> Retold | None:
        """How Native blocks are told to a client that says its protocol's version."""
        version = version_of(request.options.get("client_protocol_version", ""))
        if not version:
            return None
        known: list[str] | None = [] if kind not in SELECT else None
        if known is None and (request.external or request.options.get("session_id")):
            # what the question reads may be there for this handle alone, which is busy once it is asked
            known = self._handles.types_of(user, request, text, handle)
        return lambda blocks: retold(blocks, version, lambda: known or self._handles.types_of(user, request, text))

    def _refuse(self, start_response: StartResponse, error: ServerError, query_id: str) -> Iterable[bytes]:
        headers = [("X-ClickHouse-Exception-Code", str(error.code)), *_common(query_id)]
        if error.code == REQUIRED_PASSWORD:
            headers.append(("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"'))
        return _plain(start_response, error.status, error.body(self._engine.version), headers)

    def _send(
        self,
        start_response: StartResponse,
        request: Request,
        answer: Answer,
        user: User,
        query_id: str,
        record: Record,
        stack: ExitStack,
    ) -> Iterable[bytes]:
        tag = secrets.token_hex(8)
        # how many rows were read to find a bound user's own says how many others have
        counts = answer.counts.of_answer() if user.is_bound else answer.counts
        headers = [
            ("Content-Type", _media(answer.format)),
            ("X-ClickHouse-Timezone", request.settings.get("session_timezone") or TIMEZONE),
            ("X-ClickHouse-Summary", counts.summary()),
            ("X-ClickHouse-Exception-Tag", tag),
            *_common(query_id),
        ]
        if answer.format:
            headers.append(("X-ClickHouse-Format", answer.format))
        encoding = request.encoding if answer.length != 0 else ""
        if encoding:
            headers.append(("Content-Encoding", encoding))
        elif answer.length is not None:
            headers.append(("Content-Length", str(answer.length)))
        start_response("200 OK", headers)

        def broken(error: ServerError) -> ServerError:
            record.failed(error)
            return _for_user(user, error)

        whole = answer.length is not None and not encoding
        return Body(answer.body, encoding, tag, self._engine.version, stack, broken, record.answered, whole=whole)


_NO_HANDLE = (
    b"There is no handle %s\n\nUse / or /ping for health checks.\nSend queries from your program with POST or GET to /\n"
)


def _for_user(user: User, error: ServerError) -> ServerError:
    """What a user is told of an error."""
    if user.role is not Role.READER:
        return error
    told = without_names(error)
    return without_figures(told) if user.is_bound else told


def _asks_log(text: bytes) -> bool:
    return b"query_log" in text or b"gateway_log" in text


def _behind(first: bytes, rest: Iterable[bytes]) -> Any:
    yield first
    yield from rest


def _common(query_id: str) -> list[tuple[str, str]]:
    return [
        ("X-ClickHouse-Server-Display-Name", "opsledger"),
        ("X-ClickHouse-Query-Id", "".join(c for c in query_id if c.isprintable() and ord(c) < 128)[:200]),
    ]


def _plain(
    start_response: StartResponse, status: str, body: bytes, headers: Iterable[tuple[str, str]] = (), *, empty: bool = False
) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=UTF-8"), ("Content-Length", str(len(body))), *headers])
    return [] if empty else [body]


def _media(format_: str) -> str:
    if format_.startswith("JSON") and "EachRow" not in format_:
        return "application/json; charset=UTF-8"
    if format_.startswith(("TabSeparated", "TSV")) or not format_:
        return "text/tab-separated-values; charset=UTF-8"
    if format_.startswith("CSV"):
        return "text/csv; charset=UTF-8; header=absent"
    if format_.startswith("JSON"):
        return "application/x-ndjson; charset=UTF-8"
    return "application/octet-stream"
