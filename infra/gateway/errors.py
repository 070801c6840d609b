"""Errors as ClickHouse tells them over HTTP: a code, a text that begins with it, and the status that goes with it."""

from __future__ import annotations

import re

_LAST_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\.?\Z")
"""An error's name ends its text; other words in parentheses may be a value's."""
_CODE = re.compile(r"Code: (\d+)\. DB::\w*Exception: ")

SYNTAX_ERROR = 62
UNKNOWN_SETTING = 115
NOT_IMPLEMENTED = 48
CANNOT_DECOMPRESS = 271
QUERY_IS_TOO_LARGE = 229
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
BAD_ARGUMENTS = 36
AUTHENTICATION_FAILED = 516
REQUIRED_PASSWORD = 194
READONLY = 164
UNKNOWN_FORMAT = 73
ACCESS_DENIED = 497
TOO_MANY_SIMULTANEOUS_QUERIES = 202
BAD_REQUEST_PARAMETER = 568
CANNOT_READ_ALL_DATA = 33
NOT_ENOUGH_SPACE = 243
QUERY_WAS_CANCELLED = 394
_UNKNOWN_EXCEPTION = 1002

_NAMES = {
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_SETTING: "UNKNOWN_SETTING",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    CANNOT_DECOMPRESS: "CANNOT_DECOMPRESS",
    QUERY_IS_TOO_LARGE: "QUERY_IS_TOO_LARGE",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    SESSION_IS_LOCKED: "SESSION_IS_LOCKED",
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    REQUIRED_PASSWORD: "REQUIRED_PASSWORD",
    READONLY: "READONLY",
    UNKNOWN_FORMAT: "UNKNOWN_FORMAT",
    ACCESS_DENIED: "ACCESS_DENIED",
    TOO_MANY_SIMULTANEOUS_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    BAD_REQUEST_PARAMETER: "BAD_REQUEST_PARAMETER",
    CANNOT_READ_ALL_DATA: "CANNOT_READ_ALL_DATA",
    NOT_ENOUGH_SPACE: "NOT_ENOUGH_SPACE",
    QUERY_WAS_CANCELLED: "QUERY_WAS_CANCELLED",
    _UNKNOWN_EXCEPTION: "UNKNOWN_EXCEPTION",
}
_STATUS: dict[str, tuple[int, ...]] = {
    "401 Unauthorized": (REQUIRED_PASSWORD,),
    "403 Forbidden": (192, 193, ACCESS_DENIED, AUTHENTICATION_FAILED),
    "400 Bad Request": (6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 130, 131, 167, 168, 427, BAD_REQUEST_PARAMETER),
    "404 Not Found": (46, 47, 50, 56, 60, 63, 73, 78, 81, 107, 108, 115, 336, 372, 456),
    "413 Request Entity Too Large": (QUERY_IS_TOO_LARGE,),
    "501 Not Implemented": (NOT_IMPLEMENTED,),
    "503 Service Unavailable": (TOO_MANY_SIMULTANEOUS_QUERIES,),
}
_STATUS_OF = {code: status for status, codes in _STATUS.items() for code in codes}


class ServerError(Exception):
    """An error that the client is told; ``text`` is what stands in the body, without the version.

    ``reason`` is what may be kept of it: the gateway's own words; of the engine's, which may quote values, only the name.
    """

    def __init__(self, code: int, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.reason = reason or _name_in(text)

    @property
    def status(self) -> str:
        """The HTTP status that ClickHouse gives for such an error."""
        return _STATUS_OF.get(self.code, "500 Internal Server Error")

    def body(self, version: str) -> bytes:
        """The body of the answer."""
        return f"{self.text} (version {version} (official build))\n".encode(errors="surrogateescape")


def _name_in(text: str) -> str:
    found = _LAST_NAME.search(text)
    return found[1] if found else ""


def refused(code: int, message: str, kept: str = "") -> ServerError:
    """An error found by the gateway itself, in the engine's words. ``kept`` is what is logged of a message that quotes."""
    name = _NAMES.get(code, "UNKNOWN_EXCEPTION")
    return ServerError(code, f"Code: {code}. DB::Exception: {message} ({name})", f"{name}: {kept or message}")


_COUNTING = {158, 159, 160, 191, 241, 307, 396}
"""Errors that say how much was read, or would be: of other tenants' rows, too."""


_MEANT = re.compile(r" Maybe you meant [^?]*\?")


def without_names(error: ServerError) -> ServerError:
    """The error as a reader is told: without names that the engine guesses were meant."""
    return ServerError(error.code, _MEANT.sub("", error.text), error.reason)


def without_figures(error: ServerError) -> ServerError:
    """The error as one is told who sees a part of the rows."""
    if error.code not in _COUNTING:
        return error
    name = _name_in(error.text) or "LIMIT_EXCEEDED"
    return ServerError(error.code, f"Code: {error.code}. DB::Exception: The statement goes beyond its bounds ({name})", name)


def from_engine(error: BaseException) -> ServerError:
    """What the engine has said, without what its bindings put before it."""
    text = _said(error).strip()
    found = _CODE.search(text)
    if found is None:
        return refused(_UNKNOWN_EXCEPTION, text or type(error).__name__, type(error).__name__)
    return ServerError(int(found[1]), re.sub(r" \(version [0-9.]+(?: \([^)]*\))?\)\.?$", "", text[found.start() :]))


def _said(error: BaseException) -> str:
    """An error's words. Those that quote bytes of a statement may be no text: the bindings fail at them then."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnicodeDecodeError):
            return cause.object.decode("utf-8", "surrogateescape")
        cause = cause.__cause__ or cause.__context__
    return str(error)
