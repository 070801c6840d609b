"""``ingest --dry-run``: the first rows as the events that they would become; nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator

from opsledger.domain.clock import Clock
from opsledger.infra.ingesting import Ask, reader_for, table_of
from opsledger.ingest.adapters.table import Previewed
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.inputs import open_input


def preview(name: str, ask: Ask, rows: int, clock: Clock) -> list[str]:
    """Lines of text: each of the first rows with its events, or why it would be a dead letter."""
    source = open_input(name, encoding=ask.encoding)
    try:
        if ask.format == "table":
            found = table_of(ask, Border(clock)).preview(source, rows)
            return [line for row in found for line in _row(row)] or [f"{source.name}: no rows"]
        chunk = next(iter(reader_for(ask, source.name, clock).adapter.chunks(source)), None)
        return list(_records(chunk, rows)) if chunk else [f"{source.name}: no records"]
    finally:
        source.close()


def _row(row: Previewed) -> Iterator[str]:
    yield f"line {row.line}: " + " | ".join(f"{name}={value}" for name, value in row.cells.items())
    if row.refusal:
        yield f"  dead letter: {row.refusal}"
    for event in row.events:
        yield f"  {event['time']}  {event['type']:<22} {event['subject']}  {json.dumps(event['data'], ensure_ascii=False)}"


def _records(chunk: Chunk, rows: int) -> Iterator[str]:
    payloads: dict[int, list[bytes]] = {}
    for table in chunk.events.values():
        for record, payload in zip(table["record"].to_pylist(), table["payload"].to_pylist(), strict=True):
            payloads.setdefault(record, []).append(payload)
    dead = {record.record: record for record in chunk.dead}
    for record in range(min(rows, chunk.read)):
        if record in dead:
            yield f"record {record + 1} (line {dead[record].line}): dead letter: {dead[record].reason}: {dead[record].detail}"
        for payload in payloads.get(record, []):
            yield f"record {record + 1}: {payload.decode(errors='replace')}"
