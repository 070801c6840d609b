"""Why a request as a whole cannot be served, as the client is told: RFC 9457, ``application/problem+json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEDIA = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class Problem(Exception):  # noqa: N818  an answer, not a defect
    """An answer with a status of 400 or more. ``headers`` go with it; ``more`` stands in its body."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.more = more

    @property
    def line(self) -> str:
        """The status as HTTP writes it."""
        return f"{self.status} {TITLES[self.status]}"

    def told(self) -> dict[str, Any]:
        """The body."""
        return {"title": TITLES[self.status], "status": self.status, "detail": str(self), **self.more}


def later(status: int, seconds: int, detail: str) -> Problem:
    """A problem that passes: Retry-After says when to come again."""
    return Problem(status, detail, headers={"Retry-After": str(seconds)})
