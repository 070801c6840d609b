"""Events for the tests of log, ledger and import: canonical lines, and the Arrow tables that the border makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pyarrow as pa

from opsledger.domain.clock import Clock, FixedClock
from opsledger.infra.store import Store
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.chunk import Chunk, OnChange, dead_record
from opsledger.ingest.importer import Importer, ImportSpec, Stores

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SPACE = UUID("00000000-0000-0000-0000-00000000cafe")


def line(key: str, *, subject: str = "", type_: str = "call.queued", at_s: float = 0, **more: object) -> bytes:
    """One canonical record; ``key`` gives its id, ``more`` overrides top-level attributes or, by default, the data."""
    event: dict[str, object] = {
        "type": type_,
        "specversion": "1.0",
        "id": str(uuid5(SPACE, key)),
        "source": "sim:test",
        "subject": subject or key,
        "time": (START + timedelta(seconds=at_s)).isoformat().replace("+00:00", "Z"),
        "tenant": "t1",
        "data": {"queue": "q1"},
    }
    return json.dumps(event | more, ensure_ascii=False).encode()


def tables(lines: Sequence[bytes], records: Iterable[int] | None = None) -> dict[str, pa.Table]:
    """The lines as the border's tables; AssertionError when the border refuses one."""
    border = Border(FixedClock(NOW))
    events = [border.take(raw) for raw in lines]
    refused = [event for event in events if isinstance(event, Refusal)]
    assert not refused, refused
    return tables_of(events, lines, list(records) if records is not None else range(len(lines)))


def calls(count: int, *, first: int = 0) -> list[bytes]:
    """Lines of ``count`` queued calls, each of its own."""
    return [line(f"c{n}", at_s=n) for n in range(first, first + count)]


def chunks(lines: Sequence[bytes], size: int = 1_000, policy: OnChange | None = None) -> Iterator[Chunk]:
    """What an adapter of canonical lines would yield, one record a line; ``policy`` adds the column ``on_change``."""
    border = Border(FixedClock(NOW))
    for start in range(0, len(lines), size):
        some = lines[start : start + size]
        taken = [border.take(raw) for raw in some]
        alive = [index for index, event in enumerate(taken) if not isinstance(event, Refusal)]
        dead = [
            dead_record(some[index], event.reason, event.detail, line=start + index + 1, record=index)
            for index, event in enumerate(taken)
            if isinstance(event, Refusal)
        ]
        made = tables_of([taken[index] for index in alive], [some[index] for index in alive], alive) if alive else {}
        if policy is not None:
            made = {s: t.append_column("on_change", pa.array([policy] * t.num_rows, pa.int8())) for s, t in made.items()}
        yield Chunk(len(some), made, dead, lambda record, some=some, start=start: (start + record + 1, some[record]))


def spec(**more: object) -> ImportSpec:
    """What the tests' imports say of themselves."""
    given = {"tenant": "t1", "source": "sim:test", "format": "jsonl", "file": "test.jsonl"} | more
    return ImportSpec(**given)  # type: ignore[arg-type]  # the test names the fields


def importer(store: Store, clock: Clock | None = None) -> Importer:
    """An importer into a store, as the command line wires it."""
    return Importer(Stores(store.log, store.ledger, store.dead_letters, store.imports), clock or store.clock)
