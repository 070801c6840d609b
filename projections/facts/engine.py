"""Keeps the fact tables equal to the ledger: live updates, rebuilds, and the past as it was known.

Everything is driven by positions in the log: the journal says how far the facts go, the ledger how far it goes, and what
lies between is made. So an update that broke off, or one that never came, is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from opsledger.domain.catalogue import STREAMS as ALL_STREAMS
from opsledger.domain.clock import Clock
from opsledger.projections.facts import past, rebuild, schema
from opsledger.projections.facts.journal import Entry, Journal
from opsledger.projections.facts.queries import Positions, digest
from opsledger.projections.facts.rebuild import Comparison, Progress
from opsledger.projections.facts.stage import Stage, clear
from opsledger.projections.facts.tables import STREAMS, facts_of
from opsledger.projections.facts.touched import news
from opsledger.projections.ledger.log_topics import LogTopics

REBUILD_FROM_EVENTS = 200_000
"""New events of a stream from which on a rebuild is considered in place of a live update …"""
REBUILD_SHARE = 4
"""… and made where they are at least one in so many of the ledger's."""
_A_DAY = timedelta(days=1)
"""No look at the past takes so long: a passing database that is older is nobody's."""


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did: new events, streams made live, streams rebuilt, and the positions reached."""

    events: int
    live: tuple[str, ...]
    rebuilt: tuple[str, ...]
    positions: Positions = field(default_factory=dict)


def _silent(_done: float, _total: float | None, _note: str) -> None:
    """No progress shown."""


class Facts:
    """The fact tables of one ledger. Only one process may update them: the holder of the data directory, or one sink.

    ``alone`` says that no other process reads them: passing databases that are found are nobody's any more.
    """

    def __init__(self, client: Any, clock: Clock, *, alone: bool = True) -> None:
        self._client = client
        self._clock = clock
        self._alone = alone
        self._journal = Journal(client)
        self._topics = LogTopics(client, clock)
        self._stage = Stage(client)

    def ensure(self) -> None:
        """Make what is not there (tables, journal, views) and clear away what an update that broke off left behind."""
        self._journal.ensure()
        schema.ensure_tables(self._client)
        schema.ensure_views(self._client)
        clear(self._client)
        self._stage = Stage(self._client)
        rebuild.drop_beside(self._client, STREAMS)
        past.drop_left_over(self._client, None if self._alone else self._clock.now() - _A_DAY)

    def positions(self) -> Positions:
        """How far the facts go: (stream, partition) → next offset."""
        last = self._journal.last()
        return last.positions if last else {}

    def last_update(self) -> Entry | None:
        """The journal's latest entry: when the facts were made, how, and how far they go."""
        return self._journal.last()

    def is_behind(self) -> bool:
        """Whether the ledger has events that the facts do not, or the facts were made by other SQL than today's."""
        last = self._journal.last()
        if last is None:
            return True
        return last.digest != digest() or self._ends(last.positions) != last.positions

    def update(self, progress: Progress = _silent) -> Update:
        """Make the facts of all that the ledger has and the facts have not; nothing to do costs a few milliseconds.

        A stream with very much new is rebuilt; so are all when the SQL has changed since.
        """
        last = self._journal.last()
        known: Positions = last.positions if last else {}
        ends = self._ends(known)
        if last and last.digest != digest():
            self.rebuild(progress)
            return Update(0, (), STREAMS, self.positions())
        changed = [news(self._client, s, known, ends) for s in STREAMS if _of(s, known) != _of(s, ends)]
        postponed = [new for new in changed if self._is_large(new.stream, new.events)]
        if postponed:
            self._rebuild([new.stream for new in postponed], ends, progress)
        live = [new for new in changed if new not in postponed]
        for done, new in enumerate(live):
            progress(done, len(live), new.stream)
            self._stage.update(new, ends)
        if last is None or ends != known:
            self._journal.write(self._clock.now(), "rebuild" if postponed else "live", ends)
        names = tuple(new.stream for new in live), tuple(new.stream for new in postponed)
        return Update(sum(new.events for new in changed), *names, ends)

    def rebuild(self, progress: Progress = _silent, *, verify: bool = False) -> tuple[Comparison, ...]:
        """Make all facts anew and put them in the old ones' place; with ``verify``, say how the two differ."""
        ends = self._ends({})
        found, reached = self._rebuild(STREAMS, ends, progress, verify=verify)
        self._journal.write(self._clock.now(), "rebuild", reached)
        return found

    @contextmanager
    def as_known_at(self, moment: datetime) -> Iterator[past.Past]:
        """A passing database with the facts and the ledger as they were known at a moment (UTC, aware).

        Within the context it is the session's database, and what is yielded stands in for the client: a query by way of it
        that names a fact or ledger table without a database reads the past, and the tables that it names are made first.
        It is dropped at the end. What was known is what the last journalled update before the moment had seen; the facts
        are made of that by today's SQL.
        """
        entry, last = self._journal.last(moment), self._journal.last()
        # an update that broke off may have put more into the facts than the journal says, but no more than the ledger holds
        usable = last is not None and last.digest == digest() and not getattr(self._client, "cluster", "")
        # (a replicated table is not taken over: its copy would be told to the other replicas)
        present = self._ends(last.positions) if last and usable else None
        known = entry.positions if entry else {}
        with past.database(self._client, known, present, self._is_large, self._clock.now()) as found:
            yield found

    def update_at(self, moment: datetime) -> Entry | None:
        """The journal's latest entry at a moment (UTC, aware); None before the first."""
        return self._journal.last(moment)

    def positions_at(self, moment: datetime) -> Positions:
        """How far the facts went at a moment (UTC, aware)."""
        entry = self._journal.last(moment)
        return entry.positions if entry else {}

    def _rebuild(
        self, streams: Sequence[str], until: Positions, progress: Progress, *, verify: bool = False
    ) -> tuple[tuple[Comparison, ...], Positions]:
        rebuild.build_beside(self._client, streams, until, progress)
        ends = self._ends(until)
        stage = Stage(self._client, rebuild.NEXT)
        for stream in streams:
            if _of(stream, until) != _of(stream, ends):
                stage.update(news(self._client, stream, until, ends), ends)
        facts = [fact for stream in streams for fact in facts_of(stream)] if verify else []
        found = tuple(rebuild.compare(self._client, fact) for fact in facts)
        rebuild.exchange(self._client, streams)
        return found, ends

    def _ends(self, known: Positions) -> dict[tuple[str, int], int]:
        """The ledger's ends, looked for from known positions on."""
        counts = {topic.rpartition(".")[2]: each.partitions for topic, each in self._topics.known().items()}
        parts = [
            f"SELECT '{stream}' AS stream, partition, max(offset) + 1 AS following FROM `{stream}` "
            f"WHERE {_beyond(_of(stream, known), counts.get(stream, 1))} GROUP BY partition"
            for stream in ALL_STREAMS
        ]
        found = self._client.query(" UNION ALL ".join(parts)).result_rows
        return {**known, **{(stream, partition): following for stream, partition, following in found}}

    def _is_large(self, stream: str, events: int) -> bool:
        if events < REBUILD_FROM_EVENTS:
            return False
        total = self._client.query(f"SELECT count() FROM `{stream}`").first_row[0]
        return events * REBUILD_SHARE >= int(total)


def _of(stream: str, positions: Positions) -> dict[int, int]:
    return {partition: end for (name, partition), end in positions.items() if name == stream}


def _beyond(known: Mapping[int, int], partitions: int) -> str:
    """The condition of what is new: from the lowest known position on, and all of a partition whose first event comes late."""
    if not known:
        return "true"
    late = ", ".join(str(number) for number in range(partitions) if number not in known)
    return f"offset >= {min(known.values())}" + (f" OR partition IN ({late})" if late else "")
