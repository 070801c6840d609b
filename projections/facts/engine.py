"""Keeps the fact tables equal to the ledger: live updates, rebuilds, and the past as it was known.

Everything is driven by positions in the log: the journal says how far the facts go, the ledger how far it goes, and what
lies between is made. So an update that broke off, or one that never came, is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.catalogue import STREAMS as ALL_STREAMS
from opsledger.domain.clock import Clock
from opsledger.projections.facts import past, rebuild, schema
from opsledger.projections.facts.comparison import Comparison, FactState
from opsledger.projections.facts.journal import Entry, Journal
from opsledger.projections.facts.queries import Positions, digest
from opsledger.projections.facts.rebuild import Progress
from opsledger.projections.facts.stage import Stage
from opsledger.projections.facts.tables import FACTS, STREAMS, facts_of
from opsledger.projections.facts.touched import news
from opsledger.projections.facts.turn import Turn
from opsledger.projections.facts.verify import verified
from opsledger.projections.ledger.engine_errors import is_damage
from opsledger.projections.ledger.log_topics import LogTopics

REBUILD_FROM_EVENTS = 200_000
"""New events of a stream from which on a rebuild is considered in place of a live update …"""
REBUILD_SHARE = 4
"""… and made where they are at least one in so many of the ledger's."""
_ROWS = "SELECT table, sum(rows) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table"
"""Quick to ask; where a ledger's table has as many rows as at the last update, nothing came: none is ever taken away."""
Installs = Callable[[Sequence[Comparison]], bool]
"""Whether facts made anew are to take the old ones' place, by what differs."""
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
    """The fact tables of one ledger. One process updates them: the holder of the data directory, or one sink.

    Who begins to, takes the turn from who did before (see ``turn``). ``alone`` says that no other process reads them: passing
    databases of readers that are found are nobody's any more.
    """

    def __init__(self, client: Any, clock: Clock, *, alone: bool = True) -> None:
        self._client = client
        self._clock = clock
        self._alone = alone
        self._journal = Journal(client)
        self._topics = LogTopics(client, clock)
        self._turn = Turn(client)
        self._stage = Stage(client, self._turn.database)
        self._rows: dict[str, int] = {}
        self._lost: frozenset[str] = frozenset()

    def ensure(self, *, mends: bool = False) -> None:
        """Take the turn, make what is not there (tables, journal, views) and clear away what others left behind.

        UserError where a table is gone that this version's facts were in, or lacks parts: it would say that there are no more.
        ``mends``: the next update or rebuild makes all facts anew, and it with them. Raises TurnLost where another process
        takes the turn meanwhile.
        """
        with self._turn.kept():
            self._journal.ensure()
            last, there = self._journal.last(), schema.present(self._client)
            if last and last.digest == digest():
                self._lost |= frozenset(schema.missing_tables(there))
            if self._lost and not mends:
                raise schema.lost(self._lost)
            if last and self._alone and not mends and (short := schema.tables_with_parts_set_aside(self._client)):
                raise schema.short(short)
            self._take()
            schema.ensure_tables(self._client, self._turn.database, there, unused=last is None, lost=self._lost)
            schema.ensure_views(self._client)
            past.drop_left_over(self._client, None if self._alone else self._clock.now() - _A_DAY)

    def _take(self) -> None:
        """In this order: who had the turn and is about to exchange tables sees that it is lost, or does not find them."""
        self._turn.take()
        rebuild.drop_beside(self._client, STREAMS)
        self._stage = Stage(self._client, self._turn.database)
        self._rows = {}

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

        A stream with very much new is rebuilt; so are all when the SQL has changed since. Raises TurnLost where another
        process writes the facts now.
        """
        with self._turn.kept():
            return self._update(progress)

    def _update(self, progress: Progress) -> Update:
        if not self._turn.is_taken:
            self._take()
        last = self._journal.last()
        known: Positions = last.positions if last else {}
        rows = dict.fromkeys(ALL_STREAMS, 0) | dict(self._client.query(_ROWS).result_rows)
        told = any(rows.values())  # a user who may not see them is told of none
        ends = self._ends(known, [s for s in ALL_STREAMS if not told or rows[s] != self._rows.get(s)])
        if last and (last.digest != digest() or self._lost):
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
            self._note(last, "rebuild" if postponed else "live", ends)
        self._rows = rows
        names = tuple(new.stream for new in live), tuple(new.stream for new in postponed)
        return Update(sum(new.events for new in changed), *names, ends)

    def rebuild(
        self, progress: Progress = _silent, *, verify: bool = False, installs: Installs = lambda _found: True
    ) -> tuple[Comparison, ...]:
        """Make all facts anew and put them in the old ones' place; with ``verify``, say how the two differ.

        ``installs`` is asked then; where it says no, nothing has changed. Raises TurnLost where another process writes the
        facts now.
        """
        with self._turn.kept():
            if not self._turn.is_taken:
                self._take()
            if verify:
                self._brought_up(progress)
            last, ends = self._journal.last(), self._ends({})
            found, reached = self._rebuild(STREAMS, ends, progress, verify=verify, installs=installs)
            if reached is not None:
                self._note(last, "rebuild", reached)
                self._lost = frozenset()
            return found

    def _brought_up(self, progress: Progress) -> None:
        """Facts that are only behind the ledger are not to differ from those made anew; damaged ones stay as they are."""
        last = self._journal.last()
        if last is None or last.digest != digest() or self._lost:
            return
        try:
            if not self._turn.is_taken:
                self._take()
            self._update(progress)
        except ClickHouseError as error:
            if not is_damage(error):
                raise

    def verify(self, progress: Progress = _silent, *, brings_up: bool = False) -> tuple[Comparison, ...] | None:
        """Compare the facts with what the ledger gives, as far as they go; nothing is put in place. None where another
        process has written facts meanwhile, or is about to: what differs then says nothing. ``brings_up``: the ledger's last
        events are put into the facts before.
        """
        if brings_up:
            with self._turn.kept():
                self._brought_up(progress)
        last = self._journal.last()
        if last is None:
            return ()
        found = verified(self._client, last.positions, self._states(), self._clock.now(), progress)
        differs = any(not each.heals for each in found)
        return None if differs and not self._alone and (self._journal.last() != last or self.is_behind()) else found

    def _states(self) -> dict[str, FactState]:
        """What is known of tables without reading them."""
        last = self._journal.last()
        if last and last.digest != digest():
            return dict.fromkeys((fact.name for fact in FACTS), FactState.OLDER)
        set_aside = dict.fromkeys(schema.tables_with_parts_set_aside(self._client), FactState.UNREADABLE)
        return set_aside | dict.fromkeys(schema.missing_tables(schema.present(self._client)), FactState.MISSING)

    def _note(self, last: Entry | None, kind: str, reached: Positions) -> None:
        self._journal.write(last, self._clock.now(), kind, reached, self._turn.fence)

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
        self,
        streams: Sequence[str],
        until: Positions,
        progress: Progress,
        *,
        verify: bool = False,
        installs: Installs = lambda _found: True,
    ) -> tuple[tuple[Comparison, ...], Positions | None]:
        """The comparisons, and the positions that the facts have reached: None where the new ones are not wanted."""
        rebuild.build_beside(self._client, streams, until, progress, self._turn)
        ends = self._ends(until)
        stage = Stage(self._client, self._turn.database, suffix=rebuild.suffix(self._turn))
        self._stage = Stage(self._client, self._turn.database)  # the other makes its passing tables anew
        for stream in streams:
            if _of(stream, until) != _of(stream, ends):
                stage.update(news(self._client, stream, until, ends), ends)
        known = self._states() if verify else {}
        facts = [fact for stream in streams for fact in facts_of(stream)] if verify else []
        found = tuple(rebuild.compared(self._client, fact, self._turn, known.get(fact.name)) for fact in facts)
        if not installs(found):
            rebuild.drop_beside(self._client, streams)
            return found, None
        rebuild.exchange(self._client, streams, self._turn, lost=self._lost)
        return found, ends

    def _ends(self, known: Positions, streams: Sequence[str] = ALL_STREAMS) -> dict[tuple[str, int], int]:
        """The ledger's ends, looked for from known positions on, in the tables of some streams."""
        if not streams:
            return dict(known)
        counts = {topic.rpartition(".")[2]: each.partitions for topic, each in self._topics.known().items()}
        parts = [
            f"SELECT '{stream}' AS stream, partition, max(offset) + 1 AS following FROM `{stream}` "
            f"WHERE {_beyond(_of(stream, known), counts.get(stream, 1))} GROUP BY partition"
            for stream in streams
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
