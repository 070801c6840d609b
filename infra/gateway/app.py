"""The gateway as a WSGI application: ClickHouse's HTTP interface, each request on a handle of its own."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from uuid import uuid4

from opsledger.infra.gateway.body import Body
from opsledger.infra.gateway.codecs import PIECE_BYTES
from opsledger.infra.gateway.engine import Counts, Engine, Handle, Stream, no_statement, not_a_file, one_statement
from opsledger.infra.gateway.errors import (
    AUTHENTICATION_FAILED,
    READONLY,
    REQUIRED_PASSWORD,
    ServerError,
    refused,
)
from opsledger.infra.gateway.request import Request, bounded, read_request
from opsledger.infra.gateway.running import Running
from opsledger.infra.gateway.sessions import Sessions
from opsledger.infra.gateway.statement import (
    MAX_STATEMENT_BYTES,
    STREAMED,
    Insert,
    first_word,
    format_of,
    insert_of,
    is_insert,
    writes_file,
)

USER = "default"
TIMEZONE = "UTC"
_ALIVE = {"/ping", "/replicas_status"}
_IN_MEMORY_BYTES = 32 * 1024 * 1024
"""An answer that is to be complete before it is begun is kept in memory up to here, then in a passing file."""
StartResponse = Callable[..., Any]


@dataclass(slots=True)
class Answer:
    """What is sent: the body is either whole (``length`` known) or goes on while it is read."""

    body: Iterator[bytes]
    format: str = ""
    counts: Counts = field(default_factory=Counts)
    length: int | None = None


class Gateway:
    """The application. ``password`` is that of the one user there is."""

    def __init__(self, engine: Engine, password: str) -> None:
        self._engine = engine
        self._password = password.encode()
        self.sessions = Sessions(engine)
        self.running = Running()

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "/")
        if path in _ALIVE or (path in ("/", "") and environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING")):
            return _plain(start_response, "200 OK", b"Ok.\n")
        if path not in ("/", ""):
            return _plain(start_response, "404 Not Found", _NO_HANDLE % path.encode("latin-1", "replace")[:200])
        query_id, stack = "", ExitStack()
        try:
            stack.enter_context(self.running.one())
            request = read_request(environ)
            query_id = request.options.get("query_id") or str(uuid4())
            self._admit(request)
            handle = stack.enter_context(self._handle(request))
            answer = self._answer(request, handle, stack)
        except BaseException as error:
            stack.close()
            if isinstance(error, ServerError):
                return self._refuse(start_response, error, query_id)
            raise
        return self._send(start_response, request, answer, query_id, stack)

    def _admit(self, request: Request) -> None:
        if request.user == USER and secrets.compare_digest(request.password.encode(errors="replace"), self._password):
            return
        if request.user == USER and not request.password:
            raise refused(REQUIRED_PASSWORD, f"{USER}: Authentication failed: a password is required")
        message = "Authentication failed: password is incorrect, or there is no user with such name"
        raise refused(AUTHENTICATION_FAILED, f"{request.user[:100]}: {message}")

    @contextmanager
    def _handle(self, request: Request) -> Iterator[Handle]:
        """A handle with the request's settings and database; what a session's handle had is put back."""
        settings = dict(request.settings)
        if request.method == "GET" and settings.get("readonly", "0") == "0":
            settings["readonly"] = "2"
        name, database = request.options.get("session_id", ""), request.options.get("database", "")
        if not name:
            last = {"readonly": settings.pop("readonly")} if "readonly" in settings else {}
            with closing(self._engine.handle(settings)) as handle:
                _prepare(handle, last, database)
                yield handle
            return
        with self.sessions.hold(name, request.session_timeout_s, check=request.on("session_check")) as handle:
            settings.pop("readonly", None)  # the engine would not take it back; the statement is looked at instead
            before, home = handle.kept(settings), handle.text("SELECT currentDatabase()")
            try:
                _prepare(handle, settings, database)
                yield handle
            finally:
                handle.put_back(before)
                if database and database != home:
                    handle.use(home)

    def _answer(self, request: Request, handle: Handle, stack: ExitStack) -> Answer:
        for table in request.external:
            handle.query(f"CREATE TEMPORARY TABLE `{table.name}` ({table.structure})".encode(), "Null", {})
            handle.insert(f"INSERT INTO `{table.name}`".encode(), table.format, iter((table.data,)))
        text, insert, rest = _read_text(request)
        if request.only_reads and (insert is not None or handle.kind(text).changes):
            raise refused(READONLY, f"{USER}: Cannot execute query in readonly mode")
        if insert is not None:
            return _inserted(request, handle, insert, chain((text[insert.data_at :],), rest))
        return _selected(request, handle, text, stack)

    def _refuse(self, start_response: StartResponse, error: ServerError, query_id: str) -> Iterable[bytes]:
        headers = [("X-ClickHouse-Exception-Code", str(error.code)), *self._common(query_id)]
        if error.code == REQUIRED_PASSWORD:
            headers.append(("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"'))
        return _plain(start_response, error.status, error.body(self._engine.version), headers)

    def _common(self, query_id: str) -> list[tuple[str, str]]:
        return [
            ("X-ClickHouse-Server-Display-Name", "opsledger"),
            ("X-ClickHouse-Query-Id", "".join(c for c in query_id if c.isprintable() and ord(c) < 128)[:200]),
        ]

    def _send(
        self, start_response: StartResponse, request: Request, answer: Answer, query_id: str, stack: ExitStack
    ) -> Iterable[bytes]:
        tag = secrets.token_hex(8)
        headers = [
            ("Content-Type", _media(answer.format)),
            ("X-ClickHouse-Timezone", request.settings.get("session_timezone") or TIMEZONE),
            ("X-ClickHouse-Summary", answer.counts.summary()),
            ("X-ClickHouse-Exception-Tag", tag),
            *self._common(query_id),
        ]
        if answer.format:
            headers.append(("X-ClickHouse-Format", answer.format))
        if request.encoding and answer.length != 0:
            headers.append(("Content-Encoding", request.encoding))
        elif answer.length is not None:
            headers.append(("Content-Length", str(answer.length)))
        start_response("200 OK", headers)
        encoding = request.encoding if answer.length != 0 else ""
        return Body(answer.body, encoding, tag, self._engine.version, stack)


_NO_HANDLE = (
    b"There is no handle %s\n\nUse / or /ping for health checks.\nSend queries from your program with POST or GET to /\n"
)


def _prepare(handle: Handle, settings: Mapping[str, str], database: str) -> None:
    if database:
        handle.use(database)
    handle.set(settings)


def _read_text(request: Request) -> tuple[bytes, Insert | None, Iterator[bytes]]:
    """The statement as far as it was read, its data's place where it is an INSERT with data, and the rest of the body."""
    body = request.body
    text = request.query
    if text:
        text += b"\n"
        insert = insert_of(text) if is_insert(text) else None
        if insert is not None:
            return text, insert, body
    text += next(body, b"")
    while is_insert(text):
        insert = insert_of(text)
        more = b"" if insert is not None or len(text) > MAX_STATEMENT_BYTES else next(body, b"")
        if not more:
            return (text, insert, body) if insert is not None else (bounded(body, start=text), None, iter(()))
        text += more
    return bounded(body, start=text), None, iter(())


def _inserted(request: Request, handle: Handle, insert: Insert, data: Iterator[bytes]) -> Answer:
    not_a_file(writes=writes_file(insert.head))
    handle.set({f"param_{name}": value for name, value in request.parameters.items()})
    counts = handle.insert(insert.head, insert.format, (piece for piece in data if piece))
    return Answer(iter(()), counts=counts, length=0)


def _selected(request: Request, handle: Handle, text: bytes, stack: ExitStack) -> Answer:
    kind = handle.kind(text)
    one_statement(text, kind)
    not_a_file(writes=writes_file(text))
    format_ = format_of(text) or request.options.get("default_format") or "TabSeparated"
    stream = None
    if kind.reads and format_ in STREAMED and first_word(text) in ("SELECT", "WITH", ""):
        stream = handle.stream(text, format_, request.parameters)
    if stream is not None:
        stack.callback(stream.close)
        return _streamed(stream, format_, stack, whole=request.on("wait_end_of_query"))
    body, counts = handle.query(text, format_, request.parameters)
    if kind.statements == 0 and not body:
        raise no_statement(text)
    slices = (bytes(body[at : at + PIECE_BYTES]) for at in range(0, len(body), PIECE_BYTES))
    return Answer(slices, format_ if kind.reads or body else "", counts, len(body))


def _streamed(stream: Stream, format_: str, stack: ExitStack, *, whole: bool) -> Answer:
    """The first blocks before the answer is begun (all, where it is to be whole): an error there has its own status."""
    kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  closed with the answer
    stack.callback(kept.close)
    blocks = iter(stream)
    for block in blocks:
        kept.write(block)
        if not whole and kept.tell() >= PIECE_BYTES:
            break
    else:
        length = kept.tell()
        kept.seek(0)
        return Answer(iter(lambda: kept.read(PIECE_BYTES), b""), format_, stream.counts, length)
    kept.seek(0)
    rest = (bytes(block) for block in blocks)
    return Answer(chain(iter(lambda: kept.read(PIECE_BYTES), b""), rest), format_, stream.counts)


def _plain(start_response: StartResponse, status: str, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=UTF-8"), ("Content-Length", str(len(body))), *headers])
    return [body]


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
