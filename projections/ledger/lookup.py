"""Questions of an import to the ledger: which ids are stored, with what content, and what corrects what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.ports import ArrowTable, StoredEvent
from opsledger.projections.ledger.sql import sql

_TABLES = f"^({'|'.join(STREAMS)})$"
_IDS_AT_ONCE = 1 << 20
_NONE = UUID(int=0)


class TableLedger:
    """The ledger port on the ledger tables. One thread asks at a time; processes that ask together need an ``asked`` each."""

    def __init__(self, client: Client, asked: str = "asked_events") -> None:
        self._client, self._asked = client, asked

    def event_count(self) -> int:
        """Rows of all ledger tables."""
        ((count,),) = self._client.query(sql("event_count"), parameters={"tables": _TABLES}).result_rows
        return int(count)

    def event_ids(self) -> Iterator[memoryview]:
        """The ids of all stored events, in batches; see ``domain.ports.Ledger``."""
        for stream in STREAMS:
            with self._client.raw_stream(sql("event_ids"), parameters={"stream": stream}, fmt="RowBinary") as rows:
                while batch := rows.read(16 * _IDS_AT_ONCE):
                    # The engine writes an id as two little-endian halves, the high one first.
                    yield memoryview(np.frombuffer(batch, "<u8").astype(">u8").tobytes())

    def stored(self, asked: ArrowTable) -> pa.Table:
        """Which asked events are stored; see ``domain.ports.Ledger``."""
        self._client.command(f"TRUNCATE TABLE `{self._asked}`")
        self._client.insert_arrow(self._asked, asked)
        try:
            return self._client.query_arrow(sql("stored"), parameters={"tables": _TABLES, "asked": self._asked})
        finally:
            self._client.command(f"TRUNCATE TABLE `{self._asked}`")

    def events(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredEvent]:
        """The stored events of some ids; of copies that differ, the first in the log."""
        found: dict[UUID, StoredEvent] = {}
        for event in self._select("events_by_id", ids):
            found.setdefault(event.event_id, event)
        return found

    def corrections(self, ids: Sequence[UUID]) -> Sequence[StoredEvent]:
        """The stored events that correct one of some events directly, in log order."""
        return self._select("corrections", ids)

    def _select(self, name: str, ids: Sequence[UUID]) -> list[StoredEvent]:
        if not ids:
            return []
        parameters = {"tables": _TABLES, "ids": [str(id_) for id_ in ids]}
        rows = self._client.query(sql(name), parameters=parameters, column_formats={"payload": "bytes"}).result_rows
        return [StoredEvent(id_, None if corrects == _NONE else corrects, payload) for id_, corrects, payload in rows]
