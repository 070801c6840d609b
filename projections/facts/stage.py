"""The live update of one stream: makes the facts of touched subjects, and takes away the rows that are gone.

What a failure at each step means. (1) The touched subjects, (2) their events, (3) their new rows are put into passing tables:
nothing has changed. (4) Rows are inserted, (5) tombstones are inserted for keys that are gone: the update is not in the
journal yet, so it is done again from the start and writes the same rows once more, which replace themselves.
"""

from __future__ import annotations

from typing import Any

from opsledger.projections.facts import touched
from opsledger.projections.facts.queries import Positions, events, fact_select, timelines_select, within
from opsledger.projections.facts.tables import FactTable, facts_of
from opsledger.projections.facts.touched import News

_EVENTS = "facts_staged_events"
_TIMELINES = "facts_staged_timelines"
_ROWS = "facts_staged_rows"
PASSING = (touched.TABLE, _EVENTS, _TIMELINES, _ROWS)
"""Tables that exist only during an update."""


class Stage:
    """Live updates into tables called ``<fact><suffix>`` (a rebuild catches up in its new tables by the same way)."""

    def __init__(self, client: Any, suffix: str = "") -> None:
        self._client = client
        self._suffix = suffix

    def update(self, new: News, until: Positions) -> None:
        """Bring the facts of one stream from before ``new`` to ``until``."""
        slices = touched.find(self._client, new)
        for number in range(slices):
            self._stage_events(new.stream, until, number)
            for fact in facts_of(new.stream):
                self._make(fact, new, number)
        self.clear()

    def clear(self) -> None:
        """Drop the passing tables, also those of an update that broke off."""
        for name in PASSING:
            self._client.command(f"DROP TABLE IF EXISTS {name}")

    def _stage_events(self, stream: str, until: Positions, number: int) -> None:
        chosen = f"(tenant, subject) IN (SELECT tenant, subject FROM {touched.TABLE} WHERE slice = {{slice:UInt32}})"
        ended = within(stream, until)
        source = events(stream, ended.text, chosen)
        self._client.command(f"CREATE OR REPLACE TABLE {_EVENTS} AS `{stream}` ENGINE = Memory")
        self._client.command(
            f"INSERT INTO {_EVENTS} SELECT * REPLACE ('' AS payload) FROM ({source})",
            parameters=ended.parameters | {"slice": number},
        )
        if stream == "call":
            self._client.command(
                f"CREATE OR REPLACE TABLE {_TIMELINES} ENGINE = Memory AS {timelines_select(f'SELECT * FROM {_EVENTS}')}"
            )

    def _make(self, fact: FactTable, new: News, number: int) -> None:
        table = f"`{fact.name}{self._suffix}`"
        select = fact_select(fact, f"SELECT * FROM {_EVENTS}", f"SELECT * FROM {_TIMELINES}")
        self._client.command(f"CREATE OR REPLACE TABLE {_ROWS} ENGINE = Memory AS {select}")
        rows = f"SELECT *, 0 AS is_deleted FROM {_ROWS}"
        if new.corrections:
            rows = _risen(fact, table, rows)
        if fact.ordinal or new.corrections:
            rows += f" UNION ALL {_gone(fact, table, bool(new.corrections))}"
        self._client.command(f"INSERT INTO {table} {rows}", parameters={"slice": number})


def _risen(fact: FactTable, table: str, rows: str) -> str:
    """The rows with a version not below the stored one: a correction may have moved the subject's last event elsewhere."""
    known = (
        f"SELECT tenant, {fact.subject}, max(last_offset) AS version FROM {table} "
        f"WHERE (tenant, {fact.subject}) IN (SELECT tenant, subject FROM {touched.TABLE}) GROUP BY tenant, {fact.subject}"
    )
    return (
        f"SELECT made.* REPLACE (greatest(made.last_offset, known.version) AS last_offset) FROM ({rows}) AS made "
        f"LEFT JOIN ({known}) AS known USING (tenant, {fact.subject})"
    )


def _gone(fact: FactTable, table: str, moved: bool) -> str:
    """Tombstones for stored keys of the staged subjects that have no row any more.

    With the version of what they take away: of equal versions the row inserted last counts. ``first_day`` finds the
    subjects quickly; where a correction may have changed it, or taken all events away, they are looked for everywhere.
    """
    place = f"(tenant, first_day, {fact.subject})"
    days = f"SELECT tenant, toDate(argMin(occurred_at, offset), 'UTC'), subject FROM {_EVENTS} GROUP BY tenant, subject"
    chosen = f"{place} IN ({days})"
    if moved:
        chosen = f"(tenant, {fact.subject}) IN (SELECT tenant, subject FROM {touched.TABLE} WHERE slice = {{slice:UInt32}})"
    keys = ", ".join(fact.order)
    return (
        f"SELECT * REPLACE (1 AS is_deleted) FROM {table} FINAL WHERE {chosen} AND ({keys}) NOT IN (SELECT {keys} FROM {_ROWS})"
    )
