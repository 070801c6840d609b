"""A ledger beside the log on Kafka, as an import asks it: it answers only when it has all that the log was given before.

An import that looks records up has to find what an earlier one appended and what it appended itself, and a sink brings that
a moment later. So what the log has when the import begins, and from then on what the import itself appends, is owed; it is
waited for before the next question is answered, and only then. Nothing is remembered but places, however large the import.

What others append meanwhile is not waited for. Where it is the same record, it is on the log twice under one id, which the
sink counts and readers take once.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from threading import Event, Thread
from uuid import UUID

from opsledger.domain.envelope import Identity
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import ArrowTable, Ledger, Log, LogRecord, NamedEvent, Span, StoredEvent
from opsledger.infra.caught_up import missing_in, wait_until
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.server import Server, reaching
from opsledger.infra.sink.origin import Origin
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.store import Store
from opsledger.ingest.log.group import Place
from opsledger.ingest.log.topics import Topics
from opsledger.ingest.log.trouble import told_to_user

PATIENCE_S = 30.0
"""So long an import waits while no sink brings anything."""
_LOOK_EVERY_S = 0.5
GROUP = "import"
"""The group of an import that is its own sink: no other sink's partitions are taken away."""


class Owed:
    """What the log was given and the ledger has to have before it is asked."""

    def __init__(self, ends: Callable[[], Mapping[Place, int]], bring: Callable[[Mapping[Place, int]], None]) -> None:
        self._ends, self._bring = ends, bring
        self._places: dict[Place, int] | None = None
        """None: whatever the log has when it is asked."""

    def given(self, spans: Sequence[Span]) -> None:
        """These were appended."""
        if self._places is not None:
            for span in spans:
                place = (span.topic, span.partition)
                self._places[place] = max(self._places.get(place, 0), span.last + 1)

    def unknown(self) -> None:
        """Something may have been appended, nobody can say what."""
        self._places = None

    def settle(self) -> None:
        """Return when the ledger has it. UserError where it does not get there; it stays owed then."""
        if self._places is None:
            self._places = dict(self._ends())
        if self._places:
            self._bring(self._places)
            self._places = {}


class GivenLog:
    """The log; what is appended by way of it is owed to the ledger."""

    def __init__(self, log: Log, owed: Owed) -> None:
        self._log, self._owed = log, owed

    def append(self, events: Mapping[str, ArrowTable], *, backfill: bool = False) -> Sequence[Span]:
        """Store events by stream; see ``domain.ports.Log``."""
        try:
            spans = self._log.append(events, backfill=backfill)
        except BaseException:
            self._owed.unknown()
            raise
        self._owed.given(spans)
        return spans

    def read(self, topic: str, partition: int, start: int, limit: int | None = None) -> Iterator[Sequence[LogRecord]]:
        """Records of a partition; see ``domain.ports.Log``."""
        return self._log.read(topic, partition, start, limit)

    def end_offsets(self) -> Mapping[Place, int]:
        """(topic, partition) → next offset; see ``domain.ports.Log``."""
        return self._log.end_offsets()


class AskedLedger:
    """The ledger; every question waits until it has what it is owed. UserError where that does not come, or it is away."""

    def __init__(self, ledger: Ledger, owed: Owed, server: Server | None) -> None:
        self._ledger, self._owed, self._server = ledger, owed, server

    def event_count(self) -> int:
        """How many events are stored; see ``domain.ports.Ledger``, as all that follows."""
        with self._asked() as ledger:
            return ledger.event_count()

    def identities(self) -> Iterator[memoryview]:
        """All stored events, by what they are known by."""
        with self._asked() as ledger:
            yield from ledger.identities()

    def stored(self, asked: ArrowTable) -> ArrowTable:
        """Which of some events are stored."""
        with self._asked() as ledger:
            return ledger.stored(asked)

    def events(self, identities: Sequence[Identity]) -> Mapping[Identity, StoredEvent]:
        """The stored events of some identities."""
        with self._asked() as ledger:
            return ledger.events(identities)

    def corrections(self, identities: Sequence[Identity]) -> Sequence[StoredEvent]:
        """What corrects some events directly."""
        with self._asked() as ledger:
            return ledger.corrections(identities)

    def named(self, tenant: str, ids: Sequence[UUID]) -> Sequence[NamedEvent]:
        """What some ids stand for within a tenant."""
        with self._asked() as ledger:
            return ledger.named(tenant, ids)

    @contextmanager
    def _asked(self) -> Iterator[Ledger]:
        with reaching(self._server) if self._server else nullcontext():
            self._owed.settle()
            yield self._ledger


def owed_to(store: Store, kafka: KafkaSettings) -> Owed:
    """What a log owes to a ledger: where others can write to it, a sink brings it; where this process alone has it, this
    process is the sink. UserError, when it is settled first, where the ledger was filled from another log."""
    return Owed(lambda: _ends(store, kafka), _waiting(store, kafka.topics) if store.remote else _sinking(store, kafka))


def behind(store: Store, kafka: KafkaSettings) -> dict[Place, int]:
    """Partition → how many messages of the log a ledger does not have. UserError where it was filled from another log."""
    return missing_in(store, kafka.topics, _ends(store, kafka))


def _ends(store: Store, kafka: KafkaSettings) -> dict[Place, int]:
    """How far the streams' topics go; a log that is not the ledger's is refused."""
    origin = Origin(store, kafka)
    with told_to_user("asking how far the log goes"):
        found = origin.look(origin.stored())
    return {place: end for place, end in found.items() if end and place[0] in origin.streams}


def _waiting(store: Store, topics: Topics) -> Callable[[Mapping[Place, int]], None]:
    def bring(places: Mapping[Place, int]) -> None:
        wait_until(store, topics, places, "nobody can say what is known already", patience_s=PATIENCE_S)

    return bring


def _sinking(store: Store, kafka: KafkaSettings) -> Callable[[Mapping[Place, int]], None]:
    name = f"import-{socket.gethostname()}-{store.path.resolve()}"

    def bring(places: Mapping[Place, int]) -> None:
        if not missing_in(store, kafka.topics, places):
            return
        sink = Sink(store, kafka, SinkOptions(name, until_end=True, group=GROUP))
        with _patiently(sink):
            problem = sink.run().problem
        if missing_in(store, kafka.topics, places):
            why = f": {problem.doing}: {problem.error}" if problem else ""
            raise UserError(
                f"the ledger {store.place} could not be brought up to the log{why}; run the command again when it is there",
                EXIT_ENVIRONMENT,
            )

    return bring


@contextmanager
def _patiently(sink: Sink) -> Iterator[None]:
    """Within, a sink that meets nothing but trouble for as long as an import waits is stopped: by itself it would go on."""
    over = Event()

    def watch() -> None:
        until = time.monotonic() + PATIENCE_S
        while not over.wait(_LOOK_EVERY_S):
            if sink.status.problem is None:
                until = time.monotonic() + PATIENCE_S
            elif time.monotonic() > until:
                sink.stop()

    watcher = Thread(target=watch, name="import-patience", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
