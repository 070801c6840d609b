"""Tables and mappings for tests: a text in, its events and dead rows out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.ingest.adapters.table import Table
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import Chunk, DeadRecord
from opsledger.ingest.inputs import open_input
from opsledger.ingest.mapping.plan import Mapping, parse_mapping

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "mappings"
SHARED = Path(os.environ.get("OPSLEDGER_SHARED", ROOT.parent / "shared")) / "data"
"""Other people's data beside the project; OPSLEDGER_SHARED names another folder than ../shared."""

CALLS = """
mapping: 1
format: csv
zone: Asia/Shanghai
tenant: t1
source: csv:test
subject: '{id}'
key: id
let:
  started: {time: at}
events:
  - type: call.offered
    at: '{started}'
    data: {direction: inbound, channel: phone, hotline: '{line}'}
"""


@dataclass(slots=True)
class Read:
    """What a table gave."""

    read: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    dead: list[DeadRecord] = field(default_factory=list)
    problem: UserError | None = None

    def of(self, type_: str) -> list[dict[str, Any]]:
        """The events of a type, in the order of the rows."""
        return [event for event in self.events if event["type"] == type_]

    @property
    def first(self) -> list[dict[str, Any]]:
        """The events, of those with one id only the first: what a ledger keeps under ``on_change: keep``."""
        kept: dict[str, dict[str, Any]] = {}
        for event in self.events:
            kept.setdefault(event["id"], event)
        return list(kept.values())


def border() -> Border:
    """The border at a fixed moment."""
    return Border(FixedClock(NOW))


def collect(chunks: Iterable[Chunk]) -> Read:
    """All that chunks give; every record must have an event or be dead, never both."""
    result = Read()
    try:
        for chunk in chunks:
            alive = {r for table in chunk.events.values() for r in table["record"].to_pylist()}
            dead = {record.record for record in chunk.dead}
            assert alive | dead == set(range(chunk.read))
            assert not alive & dead
            result.read += chunk.read
            result.dead += chunk.dead
            for table in chunk.events.values():
                result.events += map(json.loads, table["payload"].to_pylist())
    except UserError as error:
        result.problem = error
    return result


def read_file(mapping: Mapping, path: Path, **options: str) -> Read:
    """A file by a mapping."""
    with open_input(path, encoding=mapping.layout.encoding) as source:
        return collect(Table(mapping, border(), **options).chunks(source))


def read_text(folder: Path, text: str | bytes, mapping: str = CALLS, name: str = "t.csv") -> Read:
    """A text by the text of a mapping."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_file(parse_mapping(mapping), path)
