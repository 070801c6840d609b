"""The fact tables: which there are, what identifies a row, and the physical layout that keeps reports and updates quick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsledger.projections.ledger.tables import DURABLE


@dataclass(frozen=True, slots=True)
class FactTable:
    """One fact table, made by ``<name>.sql`` from the events of one stream.

    ``subject`` is the column with the stream's subject; ``ordinal`` numbers the rows of one subject, '' where there is
    one row a subject. ``times`` are the columns that reports filter by (they get skip indexes). A subject without an event
    of the types ``only`` has no rows; none named: any event may make one. ``derived`` are columns that the store works out
    of the row's others for reports to be quick: they say nothing of their own and stand in no ``SELECT *``.
    """

    name: str
    stream: str
    subject: str
    times: tuple[str, ...]
    ordinal: str = ""
    only: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return ("tenant", self.subject, self.ordinal) if self.ordinal else ("tenant", self.subject)

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that the table is sorted by; rows that agree in all of them replace each other."""
        return (self.key[0], "first_day", *self.key[1:])


_MATTER = "matter UInt64 MATERIALIZED if(customer = '' OR category = '', 0, cityHash64(customer, category))"
"""What stands for a customer and what the contact was about, 0 where either is not known. That any two of five million share
a number has a chance of one in a million."""

FACTS: tuple[FactTable, ...] = (
    FactTable("calls", "call", "call", ("started_at", "ended_at"), derived=(_MATTER,)),
    FactTable(
        "legs",
        "call",
        "call",
        ("entered_at", "answered_at", "left_at", "ended_at", "wrap_started_at", "wrap_ended_at"),
        ordinal="leg",
    ),
    FactTable("transfers", "call", "call", ("at",), ordinal="n", only=("call.transferred",)),
    FactTable("ivr_steps", "call", "call", ("at", "started_at"), ordinal="n", only=("call.ivr_entered", "call.ivr_selected")),
    FactTable("agent_spans", "shift", "shift", ("starts_at", "ends_at"), ordinal="n"),
    FactTable("shifts", "shift", "shift", ("starts_at", "ends_at", "signed_in_at")),
    FactTable("tickets", "ticket", "ticket", ("opened_at", "due_at", "first_resolved_at", "resolved_at")),
    FactTable("callbacks", "callback", "callback", ("requested_at", "due_at", "completed_at")),
    FactTable("complaints", "complaint", "complaint", ("filed_at", "adjudicated_at", "resolved_at")),
    FactTable("evaluations", "evaluation", "evaluation", ("sampled_at", "scored_at", "approved_at", "disputed_at")),
    FactTable("faults", "fault", "fault", ("raised_at", "cleared_at")),
    FactTable("rings", "call", "call", ("at",), ordinal="n", only=("call.rung", "call.ring_missed")),
    FactTable("staff_stints", "staff", "agent", ("from_at", "until_at"), ordinal="n"),
    FactTable("costs", "cost", "cost", ("recorded_at",)),
    FactTable("penalties", "penalty", "penalty", ("assessed_at", "settled_at")),
    FactTable("awards", "award", "award", ("granted_at",)),
    FactTable("submissions", "report", "submission", ("submitted_at",)),
)

STREAMS: tuple[str, ...] = tuple(dict.fromkeys(fact.stream for fact in FACTS))
"""The streams that facts are made from."""

PHYSICAL: tuple[str, ...] = ("first_day", "tangled_from", "tangled_to", "last_offset", "is_deleted")
"""Columns that say where and how a row is stored, nothing about the fact: they differ between equal facts.

``first_day`` is the UTC day of the subject's first event in log order, ``last_offset`` the row's version; ``tangled_…`` say of
when the subject's events are where the log has them in another order than they happened.
"""


def facts_of(stream: str) -> tuple[FactTable, ...]:
    """The fact tables made from a stream."""
    return tuple(fact for fact in FACTS if fact.stream == stream)


def create_table(fact: FactTable, columns: Sequence[tuple[str, str]], name: str) -> str:
    """The CREATE TABLE statement of a fact table under a (qualified) name; ``columns`` are those of its SELECT."""
    lines = [f"`{column}` {type_}" for column, type_ in columns]
    lines += ["`is_deleted` UInt8", *fact.derived]
    lines += [index for time in fact.times for index in _indexes(time, dict(columns)[time])]
    return (
        f"CREATE TABLE IF NOT EXISTS {name}\n(\n    " + ",\n    ".join(lines) + "\n)\n"
        "ENGINE = ReplacingMergeTree(last_offset, is_deleted)\n"
        "PARTITION BY toYYYYMM(first_day)\n"
        f"ORDER BY ({', '.join(fact.order)})\n"
        # the journal says what the facts hold: after a power cut it must not say more than the disk does
        f"SETTINGS {DURABLE}"
    )


def _indexes(time: str, type_: str) -> list[str]:
    """Two indexes for a time that may be null: the engine takes nulls to reach to infinity, so an index over the column
    itself hides what is later than a period, and only one without the nulls (zero there) hides what is earlier."""
    found = [f"INDEX `by_{time}` `{time}` TYPE minmax GRANULARITY 1"]
    return [*found, f"INDEX `from_{time}` assumeNotNull(`{time}`) TYPE minmax GRANULARITY 1"] if "Nullable" in type_ else found
