"""How fast the border is by itself: lines to structs, structs to columns, a file to chunks, and the judge beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

import msgspec

from opsledger.domain.clock import FixedClock
from opsledger.ingest.adapters.jsonlines import JsonLines
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.border.wire import DECODER
from opsledger.ingest.inputs import open_input

RECORDS = 120_000
_START = datetime(2026, 1, 5, tzinfo=UTC)
CALL: tuple[tuple[int, str, dict[str, object]], ...] = (
    (0, "call.offered", {"direction": "inbound", "channel": "phone", "hotline": "h1", "customer": "13800001234"}),
    (1, "call.queued", {"queue": "q1", "priority": 3}),
    (20, "call.answered", {"agent": "a17", "queue": "q1"}),
    (140, "call.released", {"agent": "a17"}),
    (140, "call.ended", {"by": "customer"}),
    (
        160,
        "call.wrapped_up",
        {"agent": "a17", "started_at": "2026-01-05T01:02:03Z", "nature": "consult", "category": "宽带/新装"},
    ),
)


def lines(count: int = RECORDS) -> list[bytes]:
    """Typical calls of six events each."""
    return [_line(number) for number in range(count)]


def _line(number: int) -> bytes:
    call, step = divmod(number, len(CALL))
    seconds, type_, data = CALL[step]
    event = {
        "type": type_,
        "specversion": "1.0",
        "id": str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))),
        "source": "sim:desk",
        "subject": f"c{call}",
        "time": _START + timedelta(seconds=3 * call + seconds, microseconds=number % 1_000_000),
        "tenant": "t1",
        "data": data,
        "vendor": f"v{call % 3}",
    }
    return msgspec.json.encode(event)


def _best(call: Callable[[], object], rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def run() -> list[tuple[str, float, str]]:
    """(what, figure, unit) of each step, the best of three."""
    raws = lines()
    border = Border(FixedClock(_START + timedelta(days=30)))
    bulk, some = Bulk(border), raws[:3000]
    events = [event for raw in raws if not isinstance(event := border.take(raw), Refusal)]
    chunk, wires = raws[:50_000], events[:50_000]
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        Path(file.name).write_bytes(b"\n".join(raws) + b"\n")
        whole = _best(lambda: list(JsonLines(border).chunks(open_input(file.name))))
    return [
        ("a file of JSON Lines to Arrow chunks", len(raws) / whole, "events/s"),
        ("lines to Arrow tables, in bulk", _best(lambda: bulk.take(chunk, range(len(chunk)))) / len(chunk) * 1e6, "µs/event"),
        ("a line to a struct (decoder alone)", _best(lambda: list(map(DECODER.decode, chunk))) / len(chunk) * 1e6, "µs/event"),
        ("a line to a struct, judged fast", _best(lambda: list(map(border.take, chunk))) / len(chunk) * 1e6, "µs/event"),
        ("structs to Arrow tables", _best(lambda: tables_of(wires, chunk, range(len(chunk)))) / len(chunk) * 1e6, "µs/event"),
        ("a line by the judge alone", _best(lambda: list(map(border.judge, some))) / len(some) * 1e6, "µs/event"),
    ]


if __name__ == "__main__":
    for what, figure, unit in run():
        print(f"{what:40} {figure:12,.1f} {unit}")
