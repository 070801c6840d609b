"""What of a data directory goes to Kafka: the events of every stream, the dead letters with their attempts, the imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.domain.errors import UserError
from opsledger.domain.ports import Log
from opsledger.infra.store import Store
from opsledger.ingest.log.beside import row_of_attempt, row_of_letter, row_of_run
from opsledger.ingest.log.kafka import KafkaLog, Row
from opsledger.ingest.log.places import Places
from opsledger.ingest.log.publish import Source, copied_row
from opsledger.ingest.log.topics import DEAD_LETTERS, IMPORTS

_ALL = 2**32 - 1
_PLACES = "kafka-publish.json"


@dataclass(frozen=True, slots=True)
class Stream:
    """The events of a stream of the local log, of one tenant or of all, in log order."""

    log: Log
    stream: str
    tenant: str
    total: int
    lasting: bool = True

    def rows(self, start: int) -> Iterator[tuple[int, Sequence[Row]]]:
        """From an offset on."""
        for batch in self.log.read(self.stream, 0, start):
            rows = [copied_row(r) for r in batch if not self.tenant or r.key.partition("/")[0] == self.tenant]
            yield batch[-1].position.offset + 1, rows


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows that are few: what stands beside the events."""

    listed: Sequence[Row]
    lasting: bool = False

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.listed)

    def rows(self, start: int) -> Iterator[tuple[int, Sequence[Row]]]:
        """From a number on, all at once."""
        yield len(self.listed), self.listed[start:]


def sources_of(store: Store, log: KafkaLog, tenant: str = "") -> dict[str, Source]:
    """Topic → what goes there. UserError for a ledger that was itself filled from Kafka."""
    ends = store.log.end_offsets()
    if foreign := sorted({topic for topic, _ in ends if topic not in STREAMS}):
        raise UserError(f"this ledger was filled from Kafka (topic '{foreign[0]}'): its log is there already")
    made: dict[str, Source] = {
        log.topics.of(stream): Stream(store.log, stream, tenant, ends.get((stream, 0), 0)) for stream in STREAMS
    }
    made[log.topics.of(DEAD_LETTERS)] = Listed(_letters(store, tenant))
    made[log.topics.of(IMPORTS)] = Listed([row_of_run(run) for run in store.imports.runs() if tenant in ("", run.tenant)])
    return made


def _letters(store: Store, tenant: str) -> list[Row]:
    rows: list[Row] = []
    for letter in store.dead_letters.list(DeadLetterFilter(tenant=tenant, limit=_ALL)):
        rows.append(row_of_letter(letter))
        if letter.attempts:
            rows += map(row_of_attempt, store.dead_letters.attempts(letter.id))
    return rows


def places_of(store: Store, log: KafkaLog, tenant: str = "") -> Places:
    """How far the copy of this directory to these topics has come, kept in the directory."""
    return Places(store.path / _PLACES, "/".join((log.survey.cluster_id, log.topics.prefix, tenant or "*")))
