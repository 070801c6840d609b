"""Two sinks beside one: how long until the ledger has the whole log, who stored how much, and that nothing is there twice.

``python -m tests.bench.two_sinks [EVENTS]``: a broker, a gateway and the sinks, each a process of its own. The limit is one
sink over the same gateway; on two cores, which broker and engine use as well, two can hardly be faster.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from clickhouse_connect.driver.client import Client

from tests.bench.kafka_produce import place
from tests.bench.kafka_sink import fill
from tests.bench.sinks import sink
from tests.gateways import running
from tests.kafka_cluster import TestKafka

EVENTS = 600_000
_ASK_S = 0.25
_COUNT = "SELECT count(), uniqExact(partition, offset), uniqExact(event_id) FROM call"
_READ = re.compile(rb"read +([\d,]+)")


def drained(kafka: TestKafka, names: tuple[str, ...], count: int) -> tuple[float, dict[str, int]]:
    """(seconds from the first rows to the last, what each sink has read) of an empty ledger filled by these sinks."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as gateway, ExitStack() as stack:
        environ = {**kafka.environ, "OPSLEDGER_CLICKHOUSE_URL": gateway.address()}
        sinks = [stack.enter_context(sink(environ, "--until-end", "--name", name)) for name in names]
        seconds, client = _filled(gateway.client(), count), gateway.client()
        said = [each.communicate()[0] for each in sinks]
        rows, places, events = client.query(_COUNT).first_row
    assert rows == places == events == count, f"{rows} rows at {places} places of {events} events, {count} on the log"
    return seconds, {name: _read(text) for name, text in zip(names, said, strict=True)}


def _filled(client: Client, count: int) -> float:
    begun = 0.0
    while True:
        known = client.command("EXISTS TABLE call") and client.command("SELECT count() FROM call")
        begun = begun or (time.monotonic() if known else 0.0)
        if known and int(known) >= count:
            return time.monotonic() - begun
        time.sleep(_ASK_S)


def _read(text: bytes) -> int:
    found = _READ.search(text)
    return int(found[1].replace(b",", b"")) if found else 0


def main(count: int = EVENTS) -> None:
    """Print both."""
    with place(1) as kafka:
        fill(kafka.settings, count)
        print(f"{count:,} events on one broker, over the gateway, facts not counted")
        for names in (("one",), ("left", "right")):
            seconds, shares = drained(kafka, names, count)
            parts = ", ".join(f"{name} read {share:,}" for name, share in shares.items())
            print(f"  {len(names)} sink(s): {count / seconds:>9,.0f} events/s ({parts}); every place and every event once")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
