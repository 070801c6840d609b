"""The topics beside the streams': refused records and the journal of imports, stored in their tables by their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opsledger.domain.dead_letters import Attempt, DeadLetter
from opsledger.domain.ports import ImportRun
from opsledger.infra.sink.counts import Count
from opsledger.infra.store import Store
from opsledger.ingest.log.group import Place
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.sql import sql


@dataclass(frozen=True, slots=True)
class BesideRows:
    """What one of these topics brought: letters or runs, and what could not be read as either."""

    topic: str
    spans: Mapping[int, tuple[int, int]]
    letters: list[DeadLetter] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    runs: list[ImportRun] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)

    def count(self) -> Count:
        """The counts of its messages."""
        good = len(self.letters) + len(self.attempts) + len(self.runs)
        return Count(
            read=good + len(self.dead),
            accepted=good,
            dead=len(self.dead),
            reasons=Counter(letter.reason for letter in self.dead),
        )


class Beside:
    """Their tables, and how far each topic is in them: rows say nothing of offsets, so it is kept apart, after them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def positions(self) -> dict[Place, int]:
        """(topic, partition) → the offset to read on from."""
        rows = self._store.client.query(sql("list_beside_positions")).result_rows
        return {(topic, partition): following for topic, partition, following in rows}

    def store(self, rows: BesideRows) -> None:
        """Store, then say how far; done twice it adds nothing."""
        self._store.dead_letters.keep(rows.letters)
        self._store.dead_letters.record(self._new(rows.attempts))
        for run in rows.runs:
            self._store.imports.write(run)
        self._note(rows)

    def _new(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        """Attempts that are not on record: they have no id, but a letter is tried once at a time."""
        letters = {attempt.letter for attempt in attempts}
        known = {(a.letter, a.at) for letter in letters for a in self._store.dead_letters.attempts(letter)}
        fresh = {(each.letter, each.at): each for each in attempts}
        return [attempt for key, attempt in fresh.items() if key not in known]

    def _note(self, rows: BesideRows) -> None:
        with told_to_user(f"noting how far topic '{rows.topic}' was read"):
            places = [[rows.topic, partition, until] for partition, (_, until) in rows.spans.items()]
            self._store.client.insert("beside_positions", places, column_names=["topic", "partition", "following"])
