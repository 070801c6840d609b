"""The live update of one stream: makes the facts of touched subjects, and takes away the rows that are gone.

What a failure at each step means. (1) The touched subjects, (2) their events, (3) their new rows and (4) tombstones for keys
that are gone are put into passing tables: nothing has changed. (5) Rows and tombstones go into the fact table in one insert:
the update is not in the journal yet, so it is done again from the start and writes the same rows once more, which replace
themselves.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from opsledger.domain.catalogue import column_name, columns_of
from opsledger.projections.facts import touched
from opsledger.projections.facts.queries import TIMELINES, Positions, events, fact_select, file_text, timelines_select, within
from opsledger.projections.facts.tables import FactTable, facts_of
from opsledger.projections.facts.touched import News

_TIMELINES = "facts_staged_timelines"
_ENVELOPE = ("tenant", "subject", "occurred_at", "type", "event_id", "vendor", "offset")
_SETTINGS = "compile_expressions = 0, max_partitions_per_insert_block = 0"
"""A few thousand rows do not repay the compilation of their expressions.

They stand in the statement: given beside it, the embedded engine's client looks the old values up, sets and resets them,
which are five further statements for each.
"""


class Stage:
    """Live updates into tables called ``<database>.<fact><suffix>``; the passing tables are in the database ``passing``.

    A rebuild catches up in its new tables, and the past is made out of the present, in the same way. Only one process may
    stage in a passing database: the one that made it for itself.
    """

    def __init__(self, client: Any, passing: str, *, suffix: str = "", database: str = "") -> None:
        self._client = client
        self._suffix = suffix
        self._place = f"`{database}`." if database else ""
        self._passing = f"`{passing}`."
        self._touched = f"{self._passing}{touched.TABLE}"
        self._timelines = f"{self._passing}{_TIMELINES}"
        self._made: set[str] = set()
        self._filled: set[str] = set()

    def update(self, new: News, until: Positions) -> None:
        """Bring the facts of one stream from before ``new`` to ``until``."""
        try:
            self._make_passing(new.stream)
            self._update(new, until)
            self._empty(*self._filled)
        except BaseException:
            self._made.clear()  # some may have rows: all are made anew
            self._filled.clear()
            raise

    def _update(self, new: News, until: Positions) -> None:
        self._filled.add(self._touched)
        for number in range(touched.find(self._client, new, self._touched)):
            self._stage_events(new.stream, until, number)
            for fact in self._concerned(new):
                if fact.ordinal or new.corrections:
                    self._stage_rows(fact, new, number)
                    self._stage_tombstones(fact, new, number)
                    self._do(f"INSERT INTO {self._table(fact)} SELECT * FROM {self._rows(fact)}")
                else:  # a row only ever replaces itself
                    self._do(f"INSERT INTO {self._table(fact)} {self._rows_made(fact)}")

    def _concerned(self, new: News) -> list[FactTable]:
        """The facts that the staged subjects have rows of, or had: events only come to them, but for what corrections take."""
        facts = facts_of(new.stream)
        if new.corrections or not any(fact.only for fact in facts):
            return list(facts)
        there = {row[0] for row in self._client.query(f"SELECT DISTINCT type FROM {self._events(new.stream)}").result_rows}
        return [fact for fact in facts if not fact.only or there & {*fact.only}]

    def _table(self, fact: FactTable) -> str:
        return f"{self._place}`{fact.name}{self._suffix}`"

    def _empty(self, *tables: str) -> None:
        for table in sorted(self._filled & {*tables}):
            self._do(f"TRUNCATE TABLE {table}")
        self._filled -= {*tables}

    def _fill(self, table: str, select: str, **parameters: int) -> None:
        """Put these rows, and no others, into a passing table."""
        self._empty(table)
        self._filled.add(table)
        self._do(f"INSERT INTO {table} {select}", **parameters)

    def _do(self, text: str, **parameters: int) -> None:
        told = f"{text} SETTINGS {_SETTINGS}" if text.startswith("INSERT") else text
        self._client.command(told, parameters=parameters or None)

    def _make_passing(self, stream: str) -> None:
        """Make the passing tables once: making them costs more than filling them."""
        if stream in self._made:
            return
        if not self._made:
            self._do(touched.CREATE.format(table=self._touched))
        self._do(
            f"CREATE OR REPLACE TABLE {self._events(stream)} ENGINE = Memory EMPTY AS SELECT {_needed(stream)} FROM `{stream}`"
        )
        if stream == "call":
            source = timelines_select(f"SELECT * FROM {self._events(stream)}")
            self._do(f"CREATE OR REPLACE TABLE {self._timelines} ENGINE = Memory EMPTY AS {source}")
        for fact in facts_of(stream):
            self._do(f"CREATE OR REPLACE TABLE {self._rows(fact)} ENGINE = Memory EMPTY AS SELECT * FROM {self._table(fact)}")
        self._made.add(stream)

    def _stage_events(self, stream: str, until: Positions, number: int) -> None:
        ended = within(stream, until)
        source = events(stream, ended.text, self._chosen("subject"))
        self._fill(self._events(stream), f"SELECT {_needed(stream)} FROM ({source})", **ended.parameters, slice=number)
        if stream == "call":
            self._fill(self._timelines, timelines_select(f"SELECT * FROM {self._events(stream)}"))

    def _stage_rows(self, fact: FactTable, new: News, number: int) -> None:
        rows = self._risen(fact, self._rows_made(fact)) if new.corrections else self._rows_made(fact)
        self._fill(self._rows(fact), rows, slice=number)

    def _stage_tombstones(self, fact: FactTable, new: News, number: int) -> None:
        columns = ", ".join((*fact.order, "last_offset", "is_deleted"))
        self._do(f"INSERT INTO {self._rows(fact)} ({columns}) {self._gone(fact, new)}", slice=number)

    def _risen(self, fact: FactTable, rows: str) -> str:
        """The rows with a version not below the stored one: a correction may have moved a subject's last event elsewhere."""
        known = (
            f"SELECT tenant, {fact.subject}, max(last_offset) AS version FROM {self._table(fact)} "
            f"WHERE {self._chosen(fact.subject)} GROUP BY tenant, {fact.subject}"
        )
        return (
            f"SELECT made.* REPLACE (greatest(made.last_offset, known.version) AS last_offset) FROM ({rows}) AS made "
            f"LEFT JOIN ({known}) AS known USING (tenant, {fact.subject})"
        )

    def _gone(self, fact: FactTable, new: News) -> str:
        """Tombstones for stored keys of the staged subjects that have no row any more.

        With the version of what they take away: of equal versions the row inserted last counts. ``first_day`` finds the
        subjects quickly; where a correction may have changed it, or taken all events away, they are looked for everywhere.
        """
        first = "toDate(argMin(occurred_at, offset), 'UTC')"
        days = f"SELECT tenant, {first}, subject FROM {self._events(fact.stream)} GROUP BY tenant, subject"
        chosen = self._chosen(fact.subject)
        if not new.corrections:
            chosen += f" AND (tenant, first_day, {fact.subject}) IN ({days})"
        keys = ", ".join(fact.order)
        return (
            f"SELECT {keys}, max(last_offset) AS version, 1 FROM {self._table(fact)} "
            f"WHERE {chosen} AND ({keys}) NOT IN (SELECT {keys} FROM {self._rows(fact)}) "
            f"GROUP BY {keys} HAVING argMax(is_deleted, last_offset) = 0"
        )

    def _events(self, stream: str) -> str:
        return f"{self._passing}facts_staged_{stream}_events"

    def _rows(self, fact: FactTable) -> str:
        return f"{self._passing}facts_staged_{fact.name}"

    def _rows_made(self, fact: FactTable) -> str:
        """The new rows of the staged events."""
        select = fact_select(fact, f"SELECT * FROM {self._events(fact.stream)}", f"SELECT * FROM {self._timelines}")
        return f"SELECT *, 0 AS is_deleted FROM ({select})"

    def _chosen(self, subject: str) -> str:
        """The condition that a row is of a subject of the slice; the first half says it of strings, which is quicker."""
        part = f"FROM {self._touched} WHERE slice = {{slice:UInt32}}"
        return f"{subject} IN (SELECT subject {part}) AND (tenant, {subject}) IN (SELECT tenant, subject {part})"


@cache
def _needed(stream: str) -> str:
    """The ledger columns that facts are made from: the least of where events are, and the fields that the files name."""
    text = " ".join(file_text(name) for name in (TIMELINES, *(fact.name for fact in facts_of(stream))))
    named = [column_name(spec.name) for spec in columns_of(stream) if re.search(rf"\b{column_name(spec.name)}\b", text)]
    return ", ".join(f"`{name}`" for name in (*_ENVELOPE, *named))
