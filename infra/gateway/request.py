"""A request of ClickHouse's HTTP interface, taken apart: statement, bound values, settings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from opsledger.infra.gateway.codecs import chosen, pieces
from opsledger.infra.gateway.errors import BAD_REQUEST_PARAMETER, NOT_IMPLEMENTED, QUERY_IS_TOO_LARGE, refused
from opsledger.infra.gateway.logins import fields
from opsledger.infra.gateway.sessions import DEFAULT_TIMEOUT_S
from opsledger.infra.gateway.statement import MAX_STATEMENT_BYTES

_MAX_FORM_BYTES = 64 * 1024 * 1024
_OURS = frozenset(
    {
        *("query", "database", "default_format", "compress", "decompress", "query_id", "quota_key", "user", "password", "role"),
        *("session_id", "session_timeout", "session_check", "close_session", "buffer_size", "wait_end_of_query", "stacktrace"),
        *("client_protocol_version", "enable_http_compression", "http_zlib_compression_level", "http_wait_end_of_query"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms", "http_response_buffer_size"),
        *("cancel_http_readonly_queries_on_client_close", "add_http_cors_header", "http_response_headers"),
    }
)
"""Parameters that the interface itself understands; every other one is a setting of the engine."""


@dataclass(frozen=True, slots=True)
class External:
    """A table that a request brings along."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. ``body`` gives the unpacked bytes that stand behind the text of ``query``."""

    method: str
    query: bytes
    body: Iterator[bytes]
    options: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    encoding: str
    external: tuple[External, ...] = ()

    def on(self, option: str) -> bool:
        """Whether a switch is on."""
        return self.options.get(option, "0").lower() in ("1", "true")

    @property
    def only_reads(self) -> bool:
        """Whether nothing may be changed: asked by GET, or so told."""
        return self.method == "GET" or self.settings.get("readonly", "0") != "0"

    @property
    def session_timeout_s(self) -> float:
        """How long the session is kept. ServerError for what is no number."""
        text = self.options.get("session_timeout", "")
        try:
            seconds = float(text) if text else DEFAULT_TIMEOUT_S
        except ValueError:
            seconds = math.nan
        if not seconds >= 0:
            raise refused(BAD_REQUEST_PARAMETER, f"Invalid session timeout: '{text[:40]}'")
        return seconds


def read_request(environ: Mapping[str, Any]) -> Request:
    """The request of a WSGI environment. ServerError for what cannot be read."""
    asked = fields(environ.get("QUERY_STRING", ""))
    body = pieces(environ["wsgi.input"], environ.get("HTTP_CONTENT_ENCODING", "").strip().lower())
    external: tuple[External, ...] = ()
    if environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        form, external = _form(environ["CONTENT_TYPE"], body, asked)
        asked, body = asked | form, iter(())
    for name in ("compress", "decompress"):
        if asked.get(name, "0") not in ("0", "false", ""):
            raise refused(NOT_IMPLEMENTED, f"'{name}=1' is not possible here; use Content-Encoding and Accept-Encoding")
    options = {name: value for name, value in asked.items() if name in _OURS}
    wanted = options.get("enable_http_compression", "0") in ("1", "true")
    return Request(
        method=environ["REQUEST_METHOD"],
        query=asked.get("query", "").encode("utf-8", "surrogateescape"),
        body=body,
        options=_with_headers(environ, options),
        settings={k: v for k, v in asked.items() if k not in _OURS and not k.startswith("param_") and not _of(k, external)},
        parameters={name[6:]: value for name, value in asked.items() if name.startswith("param_")},
        encoding=chosen(environ.get("HTTP_ACCEPT_ENCODING", "")) if wanted else "",
        external=external,
    )


def _with_headers(environ: Mapping[str, Any], options: dict[str, str]) -> dict[str, str]:
    for header, option in (("HTTP_X_CLICKHOUSE_DATABASE", "database"), ("HTTP_X_CLICKHOUSE_FORMAT", "default_format")):
        if environ.get(header):
            options.setdefault(option, environ[header])
    return options


def _of(name: str, external: tuple[External, ...]) -> bool:
    """Whether a parameter describes a table that comes along."""
    return any(name.startswith(f"{table.name}_") for table in external)


def _form(type_: str, body: Iterator[bytes], asked: Mapping[str, str]) -> tuple[dict[str, str], tuple[External, ...]]:
    """The fields of a multipart body; its files are tables."""
    form: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []
    for name, data, is_file in _parts(type_, bounded(body, _MAX_FORM_BYTES)):
        if is_file:
            files.append((name, data))
        else:
            form[name] = data.decode("utf-8", "surrogateescape")
    described = {**asked, **form}
    tables = (
        External(
            name,
            described.get(f"{name}_structure") or _from_types(described.get(f"{name}_types", "")),
            described.get(f"{name}_format", "TabSeparated"),
            data,
        )
        for name, data in files
    )
    return form, tuple(tables)


def _from_types(types: str) -> str:
    return ", ".join(f"_{number} {type_}" for number, type_ in enumerate(filter(None, types.split(",")), start=1))


def _parts(type_: str, body: bytes) -> Iterator[tuple[str, bytes, bool]]:
    boundary = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {type_}\r\n\r\n".encode(), headersonly=True).get_boundary()
    if not boundary:
        raise refused(BAD_REQUEST_PARAMETER, "a multipart body without a boundary")
    # taken apart here since the parser of the standard library changes line ends of what it takes for text
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        if part.startswith(b"--"):
            return
        head, found, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        header = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n", headersonly=True)["content-disposition"]
        name = header.params.get("name") if header is not None else None
        if not found or not name:
            raise refused(BAD_REQUEST_PARAMETER, "a part of the multipart body has no name")
        yield name, data, "filename" in header.params
    raise refused(BAD_REQUEST_PARAMETER, "the multipart body is cut off")


def bounded(body: Iterator[bytes], limit: int = MAX_STATEMENT_BYTES, start: bytes = b"") -> bytes:
    """The rest of a body as one text. ServerError above the limit."""
    found = bytearray(start)
    for piece in body:
        found += piece
        if len(found) > limit:
            raise refused(QUERY_IS_TOO_LARGE, f"The text of the request is larger than {limit} bytes")
    return bytes(found)
