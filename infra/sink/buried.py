"""Messages that are dead letters already: they stay dead when they are read again, whatever is thought of them now.

The tail of a partition may be dead: no row says that it was read, so a restart meets it again, perhaps after an upgrade that
could make events of it. Each place of the log is accounted for once: an event from a letter gets a new one, by a retry.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from opsledger.infra.store import Store
from opsledger.ingest.log.decode import FORMAT, Decoded
from opsledger.ingest.log.group import Place
from opsledger.projections.ledger.sql import sql

Dead = list[tuple[int, str]]
"""(partition, reason) of dead messages."""


class Buried:
    """The dead of the partitions at hand, from where the ledger's rows end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reasons: dict[Place, dict[int, str]] = {}

    def learn(self, positions: Mapping[Place, int]) -> None:
        """Ask for those of partitions that are read from these offsets on; asks the engine."""
        sources = {(topic, f"{FORMAT}:{partition}"): (topic, partition) for topic, partition in positions}
        places = [f"{topic}|{source}" for topic, source in sources]
        parameters = {"format": FORMAT, "places": places, "froms": [positions[place] for place in sources.values()]}
        found: dict[Place, dict[int, str]] = {}
        for topic, source, line, reason in self._store.client.query(sql("dead_from"), parameters=parameters).result_rows:
            found.setdefault(sources[topic, source], {})[line] = reason
        for place in positions:
            self._reasons.pop(place, None)
        self._reasons |= found

    def kept_out(self, decoded: Decoded) -> tuple[pa.Table, Dead]:
        """The rows without those whose place is a dead letter's, and these."""
        partitions = {place[1] for place in self._reasons if place[0] == decoded.topic}
        rows = decoded.rows
        if not partitions or not rows.num_rows:
            return rows, []
        where = zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True)
        reasons = [self._reasons.get((decoded.topic, p), {}).get(offset) if p in partitions else None for p, offset in where]
        alive = np.array([reason is None for reason in reasons])
        if alive.all():
            return rows, []
        dead = [(p, r) for p, r in zip(rows["partition"].to_pylist(), reasons, strict=True) if r is not None]
        return rows.filter(pa.array(alive)), dead

    def forget(self, settled: Mapping[Place, int]) -> None:
        """What lies before these offsets is not read again."""
        for place in [p for p, reasons in self._reasons.items() if max(reasons) < settled.get(p, 0)]:
            del self._reasons[place]
