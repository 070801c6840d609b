"""How long after its append an event stands in a fact table, while events come at a steady rate.

``python -m tests.bench.freshness [EVENTS A SECOND [SECONDS [LEDGER]]]``: a broker, a gateway and a sink, each a process of its
own; this one appends and asks. LEDGER events are in the ledger before. An event is visible when the facts' journal, which is
written after the rows, has passed its offset; at the end the calls have to count every event. The limit: the same for the
ledger's own table.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from uuid import UUID

import msgspec
from clickhouse_connect.driver.client import Client

from opsledger.domain.clock import SystemClock
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.judge import Border
from opsledger.ingest.log.kafka import KafkaLog
from tests.bench.decode import CALL
from tests.bench.kafka_produce import place
from tests.bench.kafka_sink import fill
from tests.bench.sinks import sink
from tests.gateways import running

RATE, SECONDS, LEDGER = 1_000, 30, 600_000
GOAL_S = 2.0
APPEND_S, ASK_S = 0.1, 0.2
"""So long apart are two appends, and two questions."""
FIRST_ID = 1 << 60
"""No event of the ledger before has such an id."""
_PATIENCE_S = 30.0
_JOINED_S = 5.0
"""By then the sink has its partitions."""
_SEEN = {
    "facts": "SELECT toUInt32(splitByChar('/', key)[2]), value "
    "FROM (SELECT positions FROM facts_journal ORDER BY seq DESC LIMIT 1) "
    "ARRAY JOIN mapKeys(positions) AS key, mapValues(positions) AS value WHERE startsWith(key, 'call/')",
    "ledger": "SELECT partition, max(offset) + 1 FROM call WHERE offset >= {known:UInt64} GROUP BY partition",
}
_COUNTED = "SELECT sum(events) FROM calls FINAL WHERE tenant = 'fresh'"
Latencies = dict[str, list[float]]
Append = tuple[int, int, int, float]
"""Partition, first offset, number of events, when the append began (monotonic seconds)."""


class Appender(Thread):
    """Appends so many events a second, calls of six events under way side by side; notes when each append began."""

    def __init__(self, log: KafkaLog, rate: int, seconds: int) -> None:
        super().__init__(daemon=True)
        self._log, self._rate, self._seconds = log, rate, seconds
        self.appends: list[Append] = []
        self.late_s = 0.0

    def run(self) -> None:
        """All ticks; a tick that comes late is made up for at once."""
        border, start, sent = Border(SystemClock()), time.monotonic(), 0
        while sent < self._rate * self._seconds:
            time.sleep(APPEND_S)
            now = time.monotonic()
            due = min(int((now - start) * self._rate), self._rate * self._seconds)
            self.late_s = max(self.late_s, (due - sent) / self._rate - APPEND_S)
            raws = [_line(number, self._rate) for number in range(sent, due)]
            spans = self._log.append({"call": Bulk(border).take(raws, range(len(raws))).tables["call"]})
            self.appends += [(span.partition, span.first, span.count, now) for span in spans]
            sent = due


def _line(number: int, width: int) -> bytes:
    """An event of a call: ``width`` calls are under way side by side, the events of one a second apart."""
    now = datetime.now(UTC)
    row, slot = divmod(number, width)
    block, step = divmod(row, len(CALL))
    _, type_, data = CALL[step]
    given = data | ({"started_at": now} if "started_at" in data else {})
    return msgspec.json.encode(
        {
            "type": type_,
            "specversion": "1.0",
            "id": str(UUID(int=(FIRST_ID + number) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))),
            "source": "sim:desk",
            "subject": f"fresh-{block * width + slot}",
            "time": now,
            "tenant": "fresh",
            "data": given,
        }
    )


def watch(client: Client, appender: Appender, known: int) -> Latencies:
    """Ask how far ledger and facts go, again and again; of every event, the seconds from its append to the answer."""
    taken, until = dict.fromkeys(_SEEN, 0), 0.0
    waiting: dict[str, list[Append]] = {where: [] for where in _SEEN}
    found: Latencies = {where: [] for where in _SEEN}
    while not until or (any(waiting.values()) and time.monotonic() < until):
        if not until and not appender.is_alive():
            until = time.monotonic() + _PATIENCE_S
        for where, question in _SEEN.items():
            fresh = appender.appends[taken[where] :]
            waiting[where] += fresh
            taken[where] += len(fresh)
            ends = dict(client.query(question, parameters={"known": known}).result_rows)
            now = time.monotonic()
            for partition, first, count, begun in waiting[where]:
                if ends.get(partition, 0) >= first + count:
                    found[where] += [now - begun] * count
            waiting[where] = [each for each in waiting[where] if ends.get(each[0], 0) < each[1] + each[2]]
        time.sleep(ASK_S)
    return found


def measured(rate: int, seconds: int, ledger: int) -> tuple[Latencies, float]:
    """The seconds of every event, and by how much the appender came late at most."""
    with place(1) as kafka, tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as gateway:
        environ = {**kafka.environ, "OPSLEDGER_CLICKHOUSE_URL": gateway.address()}
        fill(kafka.settings, ledger)
        with sink(environ, "--until-end") as first:
            first.communicate()
            assert first.returncode == 0
        with sink(environ), KafkaLog(kafka.settings.client, kafka.settings.topics) as log:
            time.sleep(_JOINED_S)
            client, appender = gateway.client(), Appender(log, rate, seconds)
            appender.start()
            found = watch(client, appender, ledger // 6 // 2)
            counted = client.command(_COUNTED)
    assert counted == rate * seconds, f"the calls count {counted} events"
    return found, appender.late_s


def main(rate: int = RATE, seconds: int = SECONDS, ledger: int = LEDGER) -> None:
    """Print the quantiles of both."""
    found, late = measured(rate, seconds, ledger)
    print(f"{rate:,} events/s for {seconds} s, {ledger:,} in the ledger before; appender late by {late:.2f} s at most")
    for where, what in (("ledger", "append -> a row in the ledger: the limit"), ("facts", "append -> counted in the facts")):
        each = sorted(found[where])
        lost = rate * seconds - len(each)
        cuts = statistics.quantiles(each, n=100)
        mark = ("✓" if cuts[98] <= GOAL_S and not lost else "✗") if where == "facts" else ""
        goal = f"  goal: p99 {GOAL_S:.0f} s {mark}" if mark else ""
        print(f"  {what:<42} p50 {cuts[49]:.2f} s  p99 {cuts[98]:.2f} s  max {each[-1]:.2f} s  not seen {lost}{goal}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
