"""Queue logs of our own making: a small call centre's day for benchmarks, and helpers to read lines as events."""

from __future__ import annotations

import heapq
import io
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from opsledger.domain.clock import FixedClock
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.adapters.queue_log_book import Options
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.inputs import Input

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPTIONS = Options("t1", "asterisk:pbx1")
T = 1_767_600_000
"""2026-01-05T08:00:00Z."""
CALL = f"{T - 9}.7"


def line(word: str, *data: object, queue: str = "q1", agent: str = "NONE", call: str = CALL, at: object = T) -> str:
    """A line of text; of the call ``CALL`` in queue q1 at ``T`` unless said otherwise."""
    return "|".join(map(str, (at, call, queue, agent, word, *data)))


ENTER = line("ENTERQUEUE", "", "13800000000", 1, at=T - 20)
CONNECT = line("CONNECT", 10, "1.9", 4, agent="SIP/1001", at=T - 10)


def adapter(options: Options = OPTIONS) -> QueueLog:
    """An adapter whose clock stands at ``NOW``."""
    return QueueLog(Border(FixedClock(NOW)), options)


def chunks_of(text: str | bytes, options: Options = OPTIONS) -> list[Chunk]:
    """The chunks of a log written in the test."""
    raw = text.encode() if isinstance(text, str) else text
    return list(adapter(options).chunks(Input("queue_log", None, io.BytesIO(raw))))


def events_of(chunks: Iterable[Chunk]) -> list[dict[str, Any]]:
    """All events, in the order of the lines that made them, of one line by stream."""
    rows = [
        (n, record, stream, json.loads(payload))
        for n, chunk in enumerate(chunks)
        for stream, table in chunk.events.items()
        for record, payload in zip(table["record"].to_pylist(), table["payload"].to_pylist(), strict=True)
    ]
    return [row[-1] for row in sorted(rows, key=lambda row: row[:3])]


def generated(calls: int, *, agents: int = 60, start: int = 1_767_571_200, seed: int = 1) -> Iterator[str]:
    """Lines of a day with ``calls`` calls: sign-ins, rings, answers, exits, transfers; in the order of time."""
    chance = random.Random(seed)
    lines: list[tuple[float, int, str]] = []
    for agent in range(agents):
        name = f"SIP/{1000 + agent}"
        lines.append((start, len(lines), f"{start}|MANAGER|q{agent % 4}|{name}|ADDMEMBER|"))
    at = float(start + 60)
    for n in range(calls):
        at += chance.expovariate(2.0)
        for moment, line in _call(f"{int(at)}.{n}", at, chance, agents):
            heapq.heappush(lines, (moment, len(lines) + n, line))
        while lines and lines[0][0] < at - 3600:
            yield heapq.heappop(lines)[2]
    while lines:
        yield heapq.heappop(lines)[2]


def _call(call: str, at: float, chance: random.Random, agents: int) -> Iterator[tuple[float, str]]:
    queue, agent = f"q{chance.randrange(4)}", f"SIP/{1000 + chance.randrange(agents)}"
    wait, talk = chance.expovariate(1 / 20), chance.expovariate(1 / 180)

    def line(moment: float, who: str, word: str) -> tuple[float, str]:
        return moment, f"{int(moment)}|{call}|{queue}|{who}|{word}"

    yield line(at, "NONE", f"ENTERQUEUE||138{chance.randrange(10**8):08d}|1")
    if chance.random() < 0.1:
        yield line(at + wait, "NONE", f"ABANDON|1|1|{int(wait)}")
        return
    if chance.random() < 0.2:
        yield line(at + wait / 2, f"SIP/{1000 + chance.randrange(agents)}", "RINGNOANSWER|15000")
    yield line(at + wait, agent, f"CONNECT|{int(wait)}|{call}9|4")
    end = at + wait + talk
    if chance.random() < 0.05:
        yield line(end, agent, f"BLINDTRANSFER|{600 + chance.randrange(9)}|from-internal|{int(wait)}|{int(talk)}|1")
    else:
        yield line(end, agent, f"{chance.choice(('COMPLETECALLER', 'COMPLETEAGENT'))}|{int(wait)}|{int(talk)}|1")
