"""The desk's table and the switch's log tell the same calls as the canonical lines: each read back by its own adapter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.adapters.queue_log_book import Options as LogOptions
from opsledger.ingest.adapters.table import Table
from opsledger.ingest.border.judge import Border
from opsledger.ingest.border.wire import DECODER
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.inputs import Input
from opsledger.ingest.mapping.plan import load_mapping
from opsledger.ingest.simulator import Options, simulate
from opsledger.ingest.simulator.desk_table import write_desk
from opsledger.ingest.simulator.switch_log import write_queue_log
from tests.unit.simulator_recount import kind, ms

OPTIONS = Options(days=4, calls_per_day=250)
MAPPING = Path("examples/samples/desk.yaml")
BORDER = Border(FixedClock(datetime(2027, 1, 1, tzinfo=ZoneInfo("UTC"))))


@dataclass
class Stay:
    """One stay of a call in a queue."""

    queue: str
    entered: datetime
    outcome: str = "waiting"
    wait_ms: int = 0
    agent: str = ""
    talk_ms: int | None = None


def parting_agent(event: Any) -> str | None:
    """Who is out of the call by this event: released, or passing the contact on."""
    fields = {"call.released": "agent", "call.transferred": "from_agent"}
    return getattr(event.data, fields[kind(event)]) if kind(event) in fields else None


def stays_of(events: Iterable[Any]) -> dict[str, list[Stay]]:
    stays: dict[str, list[Stay]] = defaultdict(list)
    for event in sorted(events, key=lambda e: e.time):
        name, data, own = kind(event), event.data, stays[event.subject.removeprefix("desk:")]
        if name == "call.queued":
            own.append(Stay(data.queue, event.time))
        elif name == "call.left_queue":
            own[-1].outcome, own[-1].wait_ms = data.reason, ms(event.time, own[-1].entered)
        elif name == "call.answered" and data.queue:
            own[-1].outcome, own[-1].wait_ms, own[-1].agent = "answered", ms(event.time, own[-1].entered), data.agent
        elif own and own[-1].agent == parting_agent(event) and own[-1].talk_ms is None:
            own[-1].talk_ms = ms(event.time, own[-1].entered) - own[-1].wait_ms
    return {call: own for call, own in stays.items() if own}


def events_of(chunks: Iterable[Chunk]) -> list[Any]:
    events = []
    for chunk in chunks:
        assert not chunk.dead
        for table in chunk.events.values():
            events += [DECODER.decode(payload) for payload in table.column("payload").to_pylist()]
    return events


@pytest.fixture(scope="module")
def canonical() -> dict[str, list[Stay]]:
    return stays_of(event for line in simulate(OPTIONS) if kind(event := DECODER.decode(line)).startswith("call."))


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-8-sig"])
def test_the_desk_table_gives_back_the_first_stay_of_every_call(canonical: dict[str, list[Stay]], encoding: str) -> None:
    out = BytesIO()
    rows = write_desk(OPTIONS, out, encoding=encoding)
    out.seek(0)
    reader = Table(load_mapping(MAPPING), BORDER, tenant="t1")
    events = events_of(reader.chunks(Input("desk.csv", None, out, encoding="gbk" if encoding == "gbk" else "auto")))
    assert sum(kind(event) == "call.offered" for event in events) == rows
    assert {call: own[0] for call, own in canonical.items()} == {call: own[0] for call, own in stays_of(events).items()}


def test_the_desk_table_holds_a_row_for_every_call_with_the_agent_s_marks() -> None:
    out = BytesIO()
    write_desk(OPTIONS, out)
    out.seek(0)
    events = events_of(Table(load_mapping(MAPPING), BORDER, tenant="t1").chunks(Input("desk.csv", None, out)))
    lines = [DECODER.decode(line) for line in simulate(OPTIONS)]
    offered = {event.subject for event in lines if kind(event) == "call.offered"}
    assert {event.subject.removeprefix("desk:") for event in events} == offered
    first = [event for event in events if kind(event) == "call.wrapped_up"]
    marks = {(e.subject.removeprefix("desk:"), e.data.agent, e.data.category, e.data.accepted, e.data.resolved) for e in first}
    assert marks <= {
        (e.subject, e.data.agent, e.data.category, e.data.accepted, e.data.resolved)
        for e in lines
        if kind(e) == "call.wrapped_up"
    }
    assert len(first) > 300


def test_the_queue_log_gives_back_every_stay_of_every_call_to_the_second(canonical: dict[str, list[Stay]]) -> None:
    out = BytesIO()
    lines = write_queue_log(OPTIONS, out)
    out.seek(0)
    assert out.getvalue().count(b"\n") == lines
    log = QueueLog(BORDER, LogOptions("t1", "asterisk:sim", ZoneInfo("Asia/Shanghai")))
    corrected = events_of(log.chunks(Input("queue_log", None, out)))
    gone = {event.corrects for event in corrected}
    told = stays_of(event for event in corrected if event.id not in gone and kind(event).startswith("call."))
    assert told.keys() == canonical.keys()
    for call, stays in canonical.items():
        assert [s.queue for s in told[call]] == [s.queue for s in stays]
        # The log has no word for a callback out of the queue: the key that was pressed for it is what it shows.
        assert [s.outcome for s in told[call]] == ["key" if s.outcome == "callback" else s.outcome for s in stays]
        assert [s.agent for s in told[call]] == [s.agent for s in stays]
        assert all(abs(a.wait_ms - b.wait_ms) <= 1000 for a, b in zip(told[call], stays, strict=True))


def test_the_queue_log_is_in_order_of_time() -> None:
    out = BytesIO()
    write_queue_log(OPTIONS, out)
    seconds = [int(line.partition(b"|")[0]) for line in out.getvalue().splitlines()]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("write", [write_desk, write_queue_log])
def test_trouble_is_refused_where_the_format_cannot_tell_it(write: Callable[[Options, BinaryIO], int]) -> None:
    with pytest.raises(UserError, match="--format jsonl"):
        write(replace(OPTIONS, late=0.1), BytesIO())
