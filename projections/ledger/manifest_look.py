"""Looks at what a ledger holds, to be compared with its manifest: in a few milliseconds where the two agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from opsledger.domain.catalogue import STREAMS
from opsledger.projections.ledger.manifest import NONE, Extent, LedgerFound, Manifest, Place, is_local, stream_of
from opsledger.projections.ledger.sql import sql
from opsledger.projections.ledger.tables import LEDGER


class LedgerLook:
    """One look. ``engine`` is the engine's folder, where this process has it: is nothing set aside there, it is not asked."""

    def __init__(self, client: Client, engine: Path | None = None) -> None:
        self._client, self._engine = client, engine
        self.rows = self._rows()
        """Rows of each table that has any."""

    def found(self, said: Manifest | None) -> LedgerFound:
        """What there is. A stream of which the engine's own counts agree with what is said, is not read.

        Others may be at work on a server: nothing is counted before what it is compared with was read.
        """
        known, facts = dict(said.places) if said else {}, self._facts()
        ends = {(stream_of(place), place[1]): extent.next for place, extent in known.items()}
        ahead = {stream for (stream, partition), following in facts.items() if following > ends.get((stream, partition), 0)}
        other = [stream for stream in STREAMS if said is None or stream in ahead or self._differs(stream, known)]
        other += self._ends_before({place: known[place] for place in known if stream_of(place) not in other})
        if other:
            self.rows = self._rows()
        places = {place: extent for place, extent in known.items() if stream_of(place) not in other}
        places |= dict(extents(self._client, [stream for stream in other if self.rows.get(stream)]))
        short = [place for place, now in places.items() if now.rows < known.get(place, Extent()).rows and is_local(place)]
        gaps = {place: gap for place in short for gap in self._first_gap(place)}
        return LedgerFound(places, facts, gaps, frozenset(self._aside()))

    def gone(self) -> list[str]:
        """The ledger's tables that are not there."""
        there = {str(name) for (name,) in self._client.query("SHOW TABLES").result_rows}
        return sorted(LEDGER - there)

    def replicas_behind(self) -> list[str]:
        """Tables of which this server has not copied all that its replicas have."""
        return [str(table) for (table,) in self._client.query(sql("replicas_behind")).result_rows]

    def _rows(self) -> dict[str, int]:
        return {str(table): int(rows) for table, rows in self._client.query(sql("rows_of_tables")).result_rows}

    def _differs(self, stream: str, known: dict[Place, Extent]) -> bool:
        return self.rows.get(stream, 0) != sum(extent.rows for place, extent in known.items() if stream_of(place) == stream)

    def _ends_before(self, known: dict[Place, Extent]) -> list[str]:
        """Streams whose last offset is in no part: of each the engine keeps the highest, which is found without reading."""
        lasts: dict[str, int] = {}
        for place, extent in known.items():
            if extent.last != NONE:
                lasts[stream_of(place)] = max(extent.last, lasts.get(stream_of(place), 0))
        if not lasts:
            return []
        asked = " UNION ALL ".join(f"SELECT 1 FROM `{stream}` WHERE offset >= {last}" for stream, last in lasts.items())
        there = {row[1] for row in self._client.query(f"EXPLAIN ESTIMATE {asked}").result_rows if int(row[2])}
        return sorted(set(lasts) - there)

    def _first_gap(self, place: Place) -> Iterator[int]:
        asked: dict[str, Any] = {"stream": stream_of(place), "topic": place[0], "partition": place[1]}
        for (gap,) in self._client.query(sql("first_gap"), parameters=asked).result_rows:
            yield int(gap)

    def _facts(self) -> dict[Place, int]:
        if not self.rows.get("facts_journal"):
            return {}
        found: dict[Place, int] = {}
        for (positions,) in self._client.query(sql("facts_reach")).result_rows:
            for name, following in positions.items():
                stream, _, partition = name.rpartition("/")
                found[stream, int(partition)] = int(following)
        return found

    def _aside(self) -> list[str]:
        if self._engine is not None and not any(any(folder.iterdir()) for folder in self._engine.glob("store/*/*/detached")):
            return []
        return [str(name) for (name,) in self._client.query(sql("parts_aside")).result_rows]


def extents(client: Client, streams: Iterable[str]) -> Iterator[tuple[Place, Extent]]:
    """Rows and last offset of each partition in some tables; they are counted, which reads three columns of them."""
    for stream in streams:
        for topic, partition, rows, last in client.query(sql("extents"), parameters={"stream": stream}).result_rows:
            place = str(topic), int(partition)
            if stream_of(place) == stream:  # another's rows, of a part that was moved here, are none
                yield place, Extent(int(rows), int(last), int(last) + 1)
