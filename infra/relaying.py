"""Brings decisions to the log, Kafka's or the local one, from a place of its own; one relay at a time for each place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from opsledger.domain.clock import Clock
from opsledger.domain.decisions.application import Decisions
from opsledger.domain.envelope import Event
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import Log
from opsledger.infra.data_directory import Folder
from opsledger.infra.decision_store import POSTGRES, close_gaps, count_decisions, keeping
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import ReadLog, Store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.relay import FilePlace, Place, relayed
from opsledger.ingest.small_file import held
from opsledger.projections.audit.decided import count_decided

if TYPE_CHECKING:
    from opsledger.ingest.log.kafka import KafkaLog

LOCAL_PLACE = "relay.position"


L_co = TypeVar("L_co", bound=Log, covariant=True)


@dataclass(frozen=True, slots=True)
class Outlet(Generic[L_co]):
    """The log that decisions go to. ``name`` tells it from others; '' for the local one of the data directory.

    ``decided``: how many decisions it has, where that can be asked.
    """

    log: L_co
    home: Folder
    clock: Clock
    name: str = ""
    decided: Callable[[], int] = lambda: 0


def local_outlet(store: Store) -> Outlet[Log]:
    """The log of an open data directory. UserError for one that can only be read, before anything is decided."""
    if isinstance(store.log, ReadLog):
        store.log.refuse()
    return Outlet(store.log, store.directory, store.clock, decided=lambda: count_decided(store.client))


@contextmanager
def kafka_outlet(kafka: KafkaSettings, home: Folder, clock: Clock) -> Iterator[Outlet[KafkaLog]]:
    """The log on Kafka; the relay's place is kept in the data directory."""
    from opsledger.infra.kafka.log import open_kafka_log  # noqa: PLC0415  its client takes long to load

    home.made()
    with open_kafka_log(kafka) as log:
        yield Outlet(log, home, clock, f"{log.survey.cluster_id}/{log.topics.prefix}")


class Relay:
    """A relay from one store of decisions to one log. Use it in ``alone``."""

    def __init__(self, app: Decisions, outlet: Outlet[Log]) -> None:
        self._app, self._outlet = app, outlet
        self._named = bool(outlet.name) or app.env.get("PERSISTENCE_MODULE") == POSTGRES
        self._border = Border(outlet.clock, decisions=True)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no other relay is at work from this directory to this log; holds it while the context lasts."""
        with held(self._path("").with_suffix(".lock")) as ours:
            yield ours

    def run(self, *, backfill: bool = False) -> Iterator[list[Event]]:
        """Append what waits; the events of each batch once they are on the log and the place is saved."""
        place = self.place()
        if place is not None:
            yield from relayed(self._app, self._outlet.log, place, self._border, backfill=backfill)

    def place(self) -> Place | None:
        """Where the relay has come to; None where nothing was ever decided.

        A place is one of a store as well as of a log: in a store that was made anew numbers begin at 1 again. So it is
        named after the first decision of all. UserError where more was relayed than the store has: ask before anything is
        decided, for a store that has decisions again is not seen to have lost others.
        """
        first = self._app.recorder.select_notifications(start=1, limit=1)
        if not first:
            if before := self._relayed_before():
                raise self._lost(before)
            return None
        mark = sha256(f"{first[0].originator_id}/{first[0].originator_version}/".encode() + first[0].state).hexdigest()
        place = FilePlace(self._path(mark[:12]))
        reached = self._app.recorder.max_notification_id() or 0
        if place.load() > reached:
            raise self._lost(f"{place.path.name} says that {place.load():,} were relayed")
        if count_decisions(self._app) < reached:
            raise self._lost(f"the last of them is number {reached:,}")
        return place

    def begin_anew(self) -> None:
        """Go on with the store as it is: all that it has is relayed from its beginning, and counts once."""
        close_gaps(self._app)
        for path in self._places() or [self._path("")]:
            FilePlace(path).save(0)

    def _relayed_before(self) -> str:
        """What says that decisions were relayed from here, whatever their store holds now; '' where nothing does."""
        places = self._places()
        relayed = max((FilePlace(path).load() for path in places), default=0)
        if relayed:
            return f"{relayed:,} were relayed from here"
        decided = 0 if places else self._outlet.decided()
        return f"the ledger has {decided:,}" if decided else ""

    def _places(self) -> list[Path]:
        """The files that say how far relays to this log have come, whatever the store."""
        path = self._path("")
        return sorted(path.parent.glob(f"{path.stem}*{path.suffix}")) if self._named else [path] * path.exists()

    def _lost(self, known: str) -> UserError:
        has = count_decisions(self._app)
        return UserError(
            f"the store of decisions {keeping(self._outlet.home).shown} has {has:,} decisions, and {known}: it was emptied, or "
            "some were deleted, or it is another one or an older copy. Restore it from a backup; to go on without what it "
            "lacks, on purpose: opsledger relay --from-beginning, which relays all that it has, once each",
            EXIT_ENVIRONMENT,
        )

    def _path(self, mark: str) -> Path:
        if not self._named:
            return self._outlet.home.root / LOCAL_PLACE
        log = sha256(self._outlet.name.encode()).hexdigest()[:12]
        return self._outlet.home.root / f"relay-{log}{'-' if mark else ''}{mark}.position"


def taken() -> UserError:
    """Another relay is at work here."""
    return UserError(
        "another relay is at work from this data directory to this log, and brings what is decided; two would only take turns",
        EXIT_ENVIRONMENT,
    )
