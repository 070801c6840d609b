"""What the HTTP ingest tells of itself to Prometheus: counts only, of nobody's data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from opsledger.domain.dead_letters import Outcome
from opsledger.ingest.http.committer import Committer
from opsledger.ingest.http.verdict import Verdict

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counts of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("opsledger_http_requests", "Answers by status.", ["status"], registry=self._registry)
        self._events = Counter("opsledger_http_events", "Events by their end.", ["end"], registry=self._registry)
        for outcome in Outcome:
            self._events.labels(str(outcome))
        self._dead = Counter("opsledger_http_dead_letters", "Dead letters by reason.", ["reason"], registry=self._registry)
        self._over_rate = Counter(
            "opsledger_http_over_rate_requests", "Requests refused for their key's rate.", registry=self._registry
        )
        self._seconds = Histogram(
            "opsledger_http_seconds", "From request to answer.", buckets=_SECONDS, registry=self._registry
        )

    def watch(self, committer: Committer) -> None:
        """Read the state of a committer whenever somebody asks."""
        for name, help_, value in _STATE:
            Gauge(f"opsledger_http_{name}", help_, registry=self._registry).set_function(_reader(committer, value))

    def answered(self, status: int, seconds: float) -> None:
        """A request has got its answer."""
        self._requests.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def over_rate(self) -> None:
        """A key has sent more than its rate."""
        self._over_rate.inc()

    def judged(self, verdicts: Sequence[Verdict]) -> None:
        """Events have got their verdicts."""
        for outcome in Outcome:
            count = sum(v.outcome is outcome for v in verdicts)
            self._events.labels(str(outcome)).inc(count)
        for verdict in verdicts:
            if verdict.reason:
                self._dead.labels(verdict.reason).inc()

    def count(self, outcome: Outcome) -> int:
        """How many events came to an end."""
        return int(self._registry.get_sample_value("opsledger_http_events_total", {"end": str(outcome)}) or 0)

    def page(self) -> tuple[str, bytes]:
        """(media type, body) of /metrics."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)


_STATE: tuple[tuple[str, str, Callable[[Committer], float]], ...] = (
    ("waiting", "Requests that wait for the log.", lambda c: c.waiting),
    ("in_flight_bytes", "Bytes of those.", lambda c: c.in_flight_bytes),
    ("groups", "Groups stored or failed since the start.", lambda c: c.groups),
    ("log_away", "1 while the log does not take events.", lambda c: c.is_away),
)


def _reader(committer: Committer, value: Callable[[Committer], float]) -> Callable[[], float]:
    return lambda: float(value(committer))
