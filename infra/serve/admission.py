"""Who may send, and how much: a key's holder, within the rate of the key. What is refused is on record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opsledger.domain.errors import UserError
from opsledger.infra.serve.keys import Denied, Sender
from opsledger.infra.serve.metrics import Metrics
from opsledger.infra.serve.rates import Rates
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.problem import Problem, later


@dataclass(frozen=True, slots=True)
class Admission:
    """``who`` is asked at every request, so that what is done to a key holds at once; ``denied`` keeps what was refused."""

    who: Callable[[str], Sender | Denied]
    limits: Limits
    metrics: Metrics
    denied: Callable[[Denied, str], None] = lambda _denied, _remote: None
    rates: Rates = field(default_factory=Rates)

    def sender(self, authorization: str, remote: str) -> Sender:
        """Who sends, by a header. Problem 401 for nobody, in the same words whatever is the matter."""
        scheme, _, key = authorization.partition(" ")
        try:
            found = self.who(key.strip() if scheme.lower() == "bearer" else "")
        except UserError:
            raise later(503, self.limits.away_retry_s, "keys cannot be looked up at present") from None
        if isinstance(found, Sender):
            return found
        self.denied(found, remote)
        detail = "this needs a key that is good: Authorization: Bearer olk_…"
        raise Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="opsledger"'})

    def look(self, sender: Sender) -> None:
        """Problem 429 for whose key has no room for one event more: told before the body is read."""
        self._told(sender, self.rates.wait(sender.id, sender.rate))

    @contextmanager
    def counted(self, sender: Sender, events: int) -> Iterator[None]:
        """While a request's events are taken; one without any is one. Problem 429 where there is no room for them.

        What the log does not take is not counted: its sender comes again with it.
        """
        events = max(1, events)
        self._told(sender, self.rates.take(sender.id, sender.rate, events))
        try:
            yield
        except Problem:
            self.rates.give_back(sender.id, events)
            raise

    def _told(self, sender: Sender, wait_s: float) -> None:
        if wait_s:
            self.metrics.over_rate()
            detail = f"this key may send {sender.rate.a_second:,} events a second; nothing of this request was stored"
            raise later(429, math.ceil(wait_s), detail)
