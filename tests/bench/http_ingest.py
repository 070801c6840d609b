"""How fast events come in over HTTP, one by one and in batches, to a real Kafka; the log's own append beside them is the limit.

``python -m tests.bench.http_ingest [BROKERS]``; server, clients and brokers share the same cores.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from opsledger.domain.clock import SystemClock
from opsledger.infra.data_directory import Folder
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.log.kafka import KafkaLog
from tests.bench.decode import lines
from tests.bench.kafka_produce import by_append, place, timed
from tests.http_server import BATCH, STRUCTURED, start
from tests.kafka_cluster import TestKafka

EVENTS = 150_000
SINGLES = 6_000
BATCH_EVENTS = 1_000
PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Way:
    """One way to send: so many events a request, so many clients side by side."""

    what: str
    events: int
    per_request: int
    clients: int


WAYS = (
    Way("one event a request, 1 client", SINGLES // 10, 1, 1),
    Way("one event a request, 16 clients", SINGLES, 1, 16),
    Way("one event a request, 128 clients", SINGLES, 1, 128),
    Way(f"batches of {BATCH_EVENTS:,}, 1 client", EVENTS // 3, BATCH_EVENTS, 1),
    Way(f"batches of {BATCH_EVENTS:,}, 8 clients", EVENTS, BATCH_EVENTS, 8),
)


def bodies(raws: Sequence[bytes], way: Way) -> list[bytes]:
    """The requests' bodies."""
    if way.per_request == 1:
        return list(raws[: way.events])
    return [b"[" + b",".join(raws[n : n + way.per_request]) + b"]" for n in range(0, way.events, way.per_request)]


def sent(url: str, key: str, media: str, mine: Sequence[bytes]) -> None:
    """Send bodies over one connection, one after the other's answer."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    headers = {"Content-Type": media, "Authorization": f"Bearer {key}"}
    for body in mine:
        connection.request("POST", "/events", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status == 200, told
    connection.close()


def sent_by_several(url: str, key: str, media: str, clients: Sequence[Sequence[bytes]]) -> None:
    """Several clients of one process."""
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda mine: sent(url, key, media, mine), clients))


def measured(url: str, key: str, raws: Sequence[bytes], way: Way) -> float:
    """Seconds from the first request to the last answer."""
    whole, media = bodies(raws, way), STRUCTURED if way.per_request == 1 else BATCH
    clients = [whole[n :: way.clients] for n in range(way.clients)]
    with ProcessPoolExecutor(min(PROCESSES, way.clients)) as pool:
        list(pool.map(abs, range(PROCESSES)))  # the processes are there
        begun = perf_counter()
        parts = [clients[n::PROCESSES] for n in range(min(PROCESSES, way.clients))]
        for future in [pool.submit(sent_by_several, url, key, media, part) for part in parts]:
            future.result()
        return perf_counter() - begun


def run(kafka: TestKafka) -> None:
    """Print each way with its share of the limit."""
    raws = lines(EVENTS)
    table = Bulk(Border(SystemClock())).take(raws, range(EVENTS)).tables["call"]
    with KafkaLog(kafka.settings.client, kafka.settings.topics) as log:
        by_append(log, table.slice(0, 10_000))
        limit, _ = timed(EVENTS, lambda: by_append(log, table))
    print(f"{'the log alone, from Arrow to every ack: the limit':<50} {limit:>10,.0f} events/s")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        Folder(data).made()
        key = Keys(data / FILE, SystemClock()).add(Owner("t1", "sim:desk"))
        server = start(data, environ=kafka.environ)
        try:
            sent(server.url, key, STRUCTURED, raws[:200])
            for way in WAYS:
                seconds = measured(server.url, key, raws, way)
                rate, requests = way.events / seconds, way.events / way.per_request / seconds
                print(f"{way.what:<50} {rate:>10,.0f} events/s {rate / limit:>6.0%} {requests:>8,.0f} requests/s", flush=True)
        finally:
            server.stop()


def main(brokers: int = 1) -> None:
    """Make the cluster and run."""
    with place(brokers) as kafka:
        print(
            f"{brokers} broker(s), 6 partitions, lz4, acks=all; server, {PROCESSES} client processes and brokers on one machine"
        )
        run(kafka)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
