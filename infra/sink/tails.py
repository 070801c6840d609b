"""How far a partition was read where what follows its last row is no row: dead letters, what a transaction took back.

Kept beside the positions of the other topics, after all that it speaks of: the letters, and the rows before them. It holds only
as long as the table still goes as far as it did then: rows that got lost are read again, and all that follows them.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsledger.infra.store import Store
from opsledger.ingest.log.group import Place
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.sql import sql

_ROWS, _TAIL = "|rows", "|tail"
"""Behind a topic's name, where no topic's has it: how far its rows went when the tail was noted, and how far the tail."""


class Tails:
    """The tails of the streams' topics."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def known(self, rows: Mapping[Place, int]) -> dict[Place, int]:
        """Place → the offset to read on from, of those that have a tail; ``rows``: how far the tables go. Asks the engine."""
        noted = {(topic, p): at for topic, p, at in self._store.client.query(sql("list_beside_positions")).result_rows}
        found = {}
        for (name, partition), until in noted.items():
            topic = name.removesuffix(_TAIL)
            went, goes = noted.get((topic + _ROWS, partition), until), rows.get((topic, partition), 0)
            if name != topic and went <= goes < until:
                found[topic, partition] = until
        return found

    def note(self, tails: Mapping[Place, tuple[int, int]]) -> None:
        """Place → how far its rows go, and the offset to read on from."""
        if tails:
            places = [[topic + _TAIL, partition, until] for (topic, partition), (_, until) in tails.items()]
            places += [[topic + _ROWS, partition, rows] for (topic, partition), (rows, _) in tails.items()]
            with told_to_user("noting how far the log was read"):
                self._store.client.insert("beside_positions", places, column_names=["topic", "partition", "following"])


def reached(store: Store, rows: Mapping[Place, int]) -> dict[Place, int]:
    """How far partitions were read; ``rows``: how far the tables go. Asks the engine."""
    return {**rows, **Tails(store).known(rows)}
