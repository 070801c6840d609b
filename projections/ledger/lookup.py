"""Questions of an import to the ledger: which ids are stored, with what content, and what corrects what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.envelope import Identity
from opsledger.domain.ports import ArrowTable, NamedEvent, StoredEvent
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

    def identities(self) -> Iterator[memoryview]:
        """All stored events, in batches; see ``domain.ports.Ledger``."""
        for stream in STREAMS:
            with self._client.raw_stream(sql("identities"), parameters={"stream": stream}, fmt="RowBinary") as rows:
                while batch := rows.read(24 * _IDS_AT_ONCE):
                    words = np.frombuffer(batch, "<u8").reshape(-1, 3).copy()
                    # The engine writes an id as two little-endian halves, the high one first.
                    words[:, :2].byteswap(inplace=True)
                    yield memoryview(words.tobytes())

    def stored(self, asked: ArrowTable) -> pa.Table:
        """Which asked events are stored; see ``domain.ports.Ledger``."""
        self._client.command(f"TRUNCATE TABLE `{self._asked}`")
        self._client.insert_arrow(self._asked, asked)
        try:
            return self._client.query_arrow(sql("stored"), parameters={"tables": _TABLES, "asked": self._asked})
        finally:
            self._client.command(f"TRUNCATE TABLE `{self._asked}`")

    def events(self, identities: Sequence[Identity]) -> Mapping[Identity, StoredEvent]:
        """The stored events of some identities; of copies that differ, the first in the log."""
        found: dict[Identity, StoredEvent] = {}
        for event in self._select("events_by_id", identities):
            found.setdefault(event.identity, event)
        return {one: found[one] for one in identities if one in found}

    def corrections(self, identities: Sequence[Identity]) -> Sequence[StoredEvent]:
        """The stored events that correct one of some events directly, in log order."""
        wanted = frozenset(identities)
        return [event for event in self._select("corrections", identities) if event.corrects in wanted]

    def named(self, tenant: str, ids: Sequence[UUID]) -> Sequence[NamedEvent]:
        """What some ids stand for within a tenant; see ``domain.ports.Ledger``."""
        if not ids:
            return []
        asked = {"tables": _TABLES, "tenant": tenant, "ids": [str(id_) for id_ in ids]}
        return [NamedEvent(*row) for row in self._client.query(sql("named"), parameters=asked).result_rows]

    def _select(self, name: str, identities: Sequence[Identity]) -> list[StoredEvent]:
        """By ids and tenants alone, which the server can be told: the sources are looked at by who asks."""
        if not identities:
            return []
        asked = {
            "tables": _TABLES,
            "ids": [str(one.event_id) for one in identities],
            "tenants": sorted({one.tenant for one in identities}),
        }
        rows = self._client.query(sql(name), parameters=asked, column_formats={"payload": "bytes"}).result_rows
        return [
            StoredEvent(Identity(tenant, source, id_), None if of == _NONE else Identity(tenant, of_source, of), payload)
            for tenant, source, id_, of_source, of, payload in rows
        ]
