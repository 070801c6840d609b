"""What the sink tells over HTTP, on loopback: ``/metrics`` in Prometheus' format, ``/healthz`` for who restarts it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from waitress import wasyncore
from waitress.server import create_server

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.sink.facts_duty import FactsState
from opsledger.infra.sink.status import Status

LOOPBACK = "127.0.0.1"
Answer = tuple[str, str, bytes]
"""HTTP status, content type, body."""


class SinkMetrics:
    """A collector of prometheus_client over one status; read anew for every question."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """All metrics of the sink."""
        yield from self._of_partitions()
        yield from self._of_messages()
        status = self._status
        yield _gauge("opsledger_sink_rate", "Messages stored in a second, over the last ten.", status.rate())
        yield _gauge("opsledger_sink_gathered", "Messages fetched and not handed on yet.", status.gathered)
        yield _gauge("opsledger_sink_up", "1 while the loop comes round.", int(status.is_alive()))
        troubled = int(status.problem is not None)
        yield _gauge("opsledger_sink_troubled", "1 while something is being tried again, or does not move.", troubled)
        if status.newest_ms:
            age = max(0.0, time.time() - status.newest_ms / 1000)
            yield _gauge("opsledger_sink_newest_age_seconds", "Since the newest stored message was taken by the log.", age)
        yield _counter("opsledger_sink_retries", "Failures that were tried again.", status.retries)
        yield _counter("opsledger_sink_chunks", "Chunks stored.", status.chunks)
        yield _counter("opsledger_sink_rebalances", "Changes of the assignment.", status.rebalances)
        yield _counter("opsledger_sink_facts_events", "New events that the facts were made of.", status.facts_events)
        state = GaugeMetricFamily("opsledger_sink_facts", "1 for the state that the facts are in.", labels=["state"])
        for each in FactsState:
            state.add_metric([each.value], int(status.facts is each))
        yield state
        if status.facts_ended is not None:
            age = time.monotonic() - status.facts_ended
            yield _gauge("opsledger_sink_facts_age_seconds", "Since the facts last followed the ledger.", age)

    def _of_partitions(self) -> Iterator[Metric]:
        status = self._status
        lag = GaugeMetricFamily("opsledger_sink_lag", "Messages not stored yet.", labels=["topic", "partition"])
        for topic, partition in sorted(status.assigned):
            place = (topic, partition)
            lag.add_metric([topic, str(partition)], max(0, status.ends.get(place, 0) - status.settled.get(place, 0)))
        yield lag
        stuck = GaugeMetricFamily("opsledger_sink_stuck", "1 where a partition does not move.", labels=["topic", "partition"])
        for topic, partition in sorted(status.assigned):
            stuck.add_metric([topic, str(partition)], int((topic, partition) in status.stuck))
        yield stuck
        yield _gauge("opsledger_sink_partitions", "Partitions that are this sink's.", len(status.assigned))

    def _of_messages(self) -> Iterator[Metric]:
        found = CounterMetricFamily("opsledger_sink_messages", "Messages by what became of them.", labels=["topic", "end"])
        dead = CounterMetricFamily("opsledger_sink_dead_letters", "Dead letters by reason.", labels=["topic", "reason"])
        for topic, count in sorted(dict(self._status.counts).items()):
            for end in ("accepted", "duplicate", "dead", "conflict"):
                found.add_metric([topic, end], getattr(count, end))
            for reason, number in sorted(dict(count.reasons).items()):
                dead.add_metric([topic, reason], number)
        yield found
        yield dead


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value=value)


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(name, help_, value=value)


def answers(status: Status) -> dict[str, Callable[[], Answer]]:
    """Path → what is answered."""
    registry = CollectorRegistry()
    registry.register(SinkMetrics(status))

    def metrics() -> Answer:
        return "200 OK", CONTENT_TYPE_LATEST, generate_latest(registry)

    def health() -> Answer:
        problem = status.problem
        told = {
            "alive": status.is_alive(),
            "name": status.name,
            "partitions": len(status.assigned),
            "lag": status.lag(),
            "facts": status.facts.value,
            "troubled": problem is not None,
            "problem": f"{problem.doing}: {problem.error}" if problem else "",
            "stuck": [
                {"topic": topic, "partition": partition, "offset": each.offset, "why": each.why}
                for (topic, partition), each in sorted(dict(status.stuck).items())
            ],
        }
        return "200 OK" if status.is_alive() else "503 Service Unavailable", "application/json", json.dumps(told).encode()

    return {"/metrics": metrics, "/healthz": health}


@contextmanager
def serving(status: Status, port: int) -> Iterator[int]:
    """Answer on a loopback port (0: one that is free) until the end; gives the port. UserError where it is taken."""
    paths = answers(status)

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        known = paths.get(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] in ("GET", "HEAD") else None
        code, kind, body = known() if known else ("404 Not Found", "text/plain", b"/metrics, /healthz\n")
        start(code, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    sockets: dict[int, Any] = {}  # its own: the library's is shared by all servers of a process
    try:
        server = create_server(application, map=sockets, host=LOOPBACK, port=port, threads=2, ident="opsledger")
    except OSError as error:
        wasyncore.close_all(sockets)
        raise UserError(f"--metrics-port {port}: {error.strerror or error}; name another", EXIT_ENVIRONMENT) from error
    ended = Event()
    thread = Thread(target=_turn, args=(sockets, ended), name="sink-metrics", daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        ended.set()
        server.pull_trigger()
        thread.join(timeout=5)
        server.task_dispatcher.shutdown(timeout=1)
        if not thread.is_alive():  # closed before, the loop would stumble over them, and the trigger write to another's file
            wasyncore.close_all(sockets)


def _turn(sockets: dict[int, Any], ended: Event) -> None:
    """Serve until told."""
    while not ended.is_set():
        wasyncore.loop(timeout=1.0, use_poll=True, map=sockets, count=1)
