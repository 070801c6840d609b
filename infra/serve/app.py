"""The HTTP ingest as a WSGI application: five paths, one of them for events.

Plain WSGI: events are described by their declarations already, and a framework would bring its own idea of both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Condition
from typing import Any

import msgspec

from opsledger.domain.dead_letters import Outcome
from opsledger.infra.serve.admission import Admission
from opsledger.infra.serve.keys import Sender
from opsledger.infra.serve.page import page_of
from opsledger.infra.web.connection import ADMITTED, DOUBLED, USER
from opsledger.ingest.http.committer import Committer
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.openapi import document
from opsledger.ingest.http.problem import MEDIA, Problem
from opsledger.ingest.http.request import Message, Parsed, parse
from opsledger.ingest.http.verdict import Verdict, told_batch

EVENTS = "/events"
JSON = "application/json"
_CE = "HTTP_CE_"
_AT_ONCE_S = 0.1
_SAFE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
)
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: str
    media: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])


class App:
    """The application. It keeps nothing itself: the committer does, and answers when the log has."""

    def __init__(self, admission: Admission, committer: Committer, version: str) -> None:
        self._admission, self._committer = admission, committer
        self._limits, self._metrics = limits, metrics = admission.limits, admission.metrics
        self._document = document(version, limits)
        self._changed = Condition()
        self._open = 0
        self._parsing = BoundedSemaphore(limits.parsing)
        self._pages: Mapping[str, Callable[[], Answer]] = {
            "/healthz": self._health,
            "/metrics": lambda: Answer("200 OK", *metrics.page()),
            "/openapi.json": lambda: Answer("200 OK", JSON, msgspec.json.encode(self._document)),
            "/docs": lambda: Answer("200 OK", "text/html; charset=utf-8", page_of(self._document).encode()),
        }

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        begun = time.monotonic()
        with self._changed:
            self._open += 1
        try:
            answer = self._answer(environ)
        except Problem as problem:
            answer = told(problem)
        except BaseException:
            self._closed()
            raise
        self._metrics.answered(answer.code, time.monotonic() - begun)
        headers = [("Content-Type", answer.media), ("Content-Length", str(len(answer.body))), *_SAFE, *answer.headers]
        start(answer.status, headers)
        return _Body(b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body, self._closed)

    def admit(self, path: str, method: str, authorization: str, remote: str) -> Sender | None:
        """Who may go on, told from the headers alone; None on paths that are everybody's. Problem for who may not."""
        sender = self._sender(path, method, authorization, remote)
        if sender is not None:
            self._admission.look(sender)
        return sender

    def _sender(self, path: str, method: str, authorization: str, remote: str) -> Sender | None:
        if path in self._pages:
            if method not in ("GET", "HEAD"):
                raise Problem(405, f"{path} is for GET", headers={"Allow": "GET, HEAD"})
            return None
        if path != EVENTS:
            raise Problem(404, f"there is {', '.join((EVENTS, *self._pages))}")
        if method != "POST":
            raise Problem(405, f"{EVENTS} is for POST", headers={"Allow": "POST"})
        return self._admission.sender(authorization, remote)

    def drained(self, patience_s: float) -> bool:
        """Wait until no request is being answered."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, patience_s)

    def _closed(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        sender = self._asking(environ)
        if sender is None:
            return self._pages[environ.get("PATH_INFO", "")]()
        with self._parsing:
            parsed = parse(_message(environ, self._limits), self._limits)
        with self._admission.counted(sender, len(parsed.items)):
            verdicts = self._committer.take(sender.owner, parsed.items) if parsed.items else []
        self._metrics.judged(verdicts)
        return _told(parsed, verdicts)

    def _asking(self, environ: Mapping[str, Any]) -> Sender | None:
        """Who asks. Of a request whose body took its time it is asked again: the key may have ended since."""
        admitted: Sender | None = environ.get(USER)
        if admitted is not None and time.monotonic() - environ[ADMITTED] < _AT_ONCE_S:
            return admitted
        given = (environ.get("HTTP_AUTHORIZATION", ""), environ.get("REMOTE_ADDR", ""))
        return self._sender(environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"], *given)

    def _health(self) -> Answer:
        away = self._committer.is_away
        body = msgspec.json.encode({"well": not away, "log": "away" if away else "taking"})
        return Answer("503 Service Unavailable" if away else "200 OK", JSON, body)


def told(problem: Problem) -> Answer:
    """A problem as an answer."""
    return Answer(problem.line, MEDIA, msgspec.json.encode(problem.told()), tuple(problem.headers.items()))


def _message(environ: Mapping[str, Any], limits: Limits) -> Message:
    body = environ["wsgi.input"].read(limits.body_bytes + 1)
    if len(body) > limits.body_bytes:
        raise Problem(413, f"the body has more than {limits.body_bytes:,} bytes")
    attributes = {name[len(_CE) :].lower(): value for name, value in environ.items() if name.startswith(_CE)}
    encoding, doubled = environ.get("HTTP_CONTENT_ENCODING", ""), environ.get(DOUBLED, frozenset())
    return Message(environ.get("CONTENT_TYPE", ""), body, attributes, encoding, doubled)


def _told(parsed: Parsed, verdicts: list[Verdict]) -> Answer:
    if parsed.batch:
        return Answer("200 OK", JSON, msgspec.json.encode(told_batch(verdicts)))
    (verdict,) = verdicts
    if parsed.broken:
        return told(Problem(400, verdict.detail, reason=verdict.reason, dead_letter=str(verdict.letter)))
    status = "422 Unprocessable Content" if verdict.outcome is Outcome.DEAD else "200 OK"
    return Answer(status, JSON, msgspec.json.encode(verdict.told()))


class _Body:
    """A body that tells when it has been handed over."""

    def __init__(self, body: bytes, closed: Callable[[], None]) -> None:
        self._body, self._close = body, closed

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    def close(self) -> None:
        """The server is done with it."""
        self._close()
