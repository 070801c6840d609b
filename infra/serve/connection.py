"""How the HTTP ingest lets requests in: by a key that is good, told from the headers alone."""

from __future__ import annotations

from collections.abc import Callable

from opsledger.infra.serve.app import told
from opsledger.infra.web.connection import Bounds, Channel, channels
from opsledger.infra.web.door import Door, Head, RefusedError, RequestRefusal
from opsledger.ingest.http.problem import TITLES, Problem

__all__ = ("Admit", "Bounds", "channel_class")

Admit = Callable[[str, str, str, str], object]
"""(path, method, Authorization, address) of a request whose headers have come; raises Problem for one that is not to go on."""


def channel_class(admit: Admit, bounds: Bounds, refused: Callable[[int], None]) -> Callable[..., Channel]:
    """What makes the server's connections; ``refused`` hears the status of what is answered before any work."""

    def admitted(head: Head) -> object:
        try:
            return admit(head.path, head.method, head.headers.get("AUTHORIZATION", ""), head.remote)
        except Problem as problem:
            raise RefusedError(_refusal(problem)) from None

    return channels(Door(admitted, _retold, refused), bounds)


def _retold(status: int, text: str) -> RequestRefusal:
    return _refusal(Problem(status if status in TITLES else 400, text))


def _refusal(problem: Problem) -> RequestRefusal:
    answer = told(problem)
    return RequestRefusal(answer.status, (("Content-Type", answer.media), *answer.headers), answer.body)
