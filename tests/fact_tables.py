"""Empty fact tables as the contract between facts and reports has them, for tests that bring their own rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect

_TYPES = {
    "T": "DateTime64(6, 'UTC')",
    "T?": "Nullable(DateTime64(6, 'UTC'))",
    "S": "LowCardinality(String)",
    "S*": "Array(LowCardinality(String))",
    "Bool?": "Nullable(Bool)",
    "Int64?": "Nullable(Int64)",
    "Decimal?": "Nullable(Decimal(18, 4))",
}
_COLUMNS = {
    "calls": """
        call:String started_at:T direction:S channel:S hotline:S customer:String offered:Bool ivr_entered_at:T?
        ivr_left_at:T? ivr_outcome:S ivr_ms:Int64? connected_at:T? first_queue:S first_queued_at:T? first_agent:S
        answered_at:T? answered:Bool ended_at:T? ended_by:S entries:UInt16 legs:UInt16 voicemail_ms:Int64? category:S
        nature:S surveyed:Bool survey_given:Bool? score:Decimal? satisfied:Bool? open:Bool contradictions:S*
    """,
    "legs": """
        call:String leg:UInt16 queue:S hotline:S channel:S direction:S customer:String is_entry:Bool entered_at:T
        queued_at:T? answered_at:T? left_at:T? outcome:S wait_ms:Int64? agent:S ended_at:T? end_kind:S talk_ms:Int64
        hold_ms:Int64 holds:UInt16 wrapped_up:Bool wrap_up_ms:Int64 wrap_started_at:T? wrap_ended_at:T? category:S
        nature:S accepted:Bool? resolved:Bool? transferred_to:S transfer_mode:S rings:UInt16 rings_missed:UInt16
        priority:Int64?
    """,
    "transfers": """
        call:String n:UInt16 at:T from_agent:S from_queue:S to_kind:S to:S mode:S hotline:S
    """,
    "agent_spans": """
        shift:String n:UInt16 agent:S team:S state:S reason:S starts_at:T ends_at:T? signed_in_at:T? flag:S
    """,
    "shifts": """
        shift:String agent:S team:S starts_at:T? ends_at:T? signed_in_at:T? signed_out_at:T? excused:S
    """,
    "tickets": """
        ticket:String kind:S category:S priority:S department:S assignee:S opened_at:T? due_at:T? dispatched_at:T?
        resolved_at:T? first_resolved_at:T? cancelled_at:T? voided_at:T? state:S returns:UInt16 urges:UInt16
        reopens:UInt16 checked:Bool accurate:Bool?
    """,
    "callbacks": """
        callback:String purpose:S customer:String agent:S call:String requested_at:T? due_at:T? attempts:UInt16
        first_attempt_at:T? reached:Bool reached_at:T? completed_at:T? satisfied:Bool? checked:Bool accurate:Bool?
        cancelled_at:T?
    """,
    "complaints": """
        complaint:String channel:S business:S agent:S department:S internal:Bool filed_at:T? adjudicated_at:T?
        liable:Bool? severity:S resolved_at:T? satisfied:Bool? reopens:UInt16 withdrawn_at:T? state:S
    """,
    "evaluations": """
        evaluation:String call:String agent:S method:S form:S evaluator:S scored_at:T? score:Decimal? approved_at:T?
    """,
    "faults": """
        fault:String system:S kind:S severity:S raised_at:T? cleared_at:T?
    """,
}
COLUMNS: dict[str, dict[str, str]] = {
    table: {name: _TYPES.get(kind, kind) for name, kind in (word.split(":") for word in text.split())}
    for table, text in _COLUMNS.items()
}
KEYS = {
    "calls": "call",
    "legs": "call, leg",
    "transfers": "call, n",
    "agent_spans": "shift, n",
    "shifts": "shift",
    "tickets": "ticket",
    "callbacks": "callback",
    "complaints": "complaint",
    "evaluations": "evaluation",
    "faults": "fault",
}
S = _TYPES["S"]
ALWAYS = {"tenant": S, "vendor": S, "first_day": "Date", "last_offset": "UInt64", "is_deleted": "UInt8"}
TIMES = {name: next(c for c, t in columns.items() if "DateTime64" in t) for name, columns in COLUMNS.items()}
Row = dict[str, Any]


def ddl(table: str) -> str:
    """The table as the contract between facts and reports has it."""
    columns = ", ".join(f"`{n}` {t}" for n, t in {**ALWAYS, **COLUMNS[table]}.items())
    return (
        f"CREATE TABLE {table} ({columns}) ENGINE = ReplacingMergeTree(last_offset, is_deleted) "
        f"PARTITION BY toYYYYMM(first_day) ORDER BY (tenant, first_day, {KEYS[table]})"
    )


@contextmanager
def engine(folder: Path) -> Iterator[Any]:
    """An engine with empty fact tables."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(folder))
    for table in COLUMNS:
        client.command(ddl(table))
    yield client
    client.close()


def insert(client: Any, table: str, rows: list[Row], tenant: str = "t1") -> None:
    """Store rows; what a row leaves out is empty, or null where the column may be."""
    names = [*ALWAYS, *COLUMNS[table]]
    if rows:
        client.insert(table, [[_cell(table, name, row, tenant) for name in names] for row in rows], column_names=names)


def _cell(table: str, name: str, row: Row, tenant: str) -> Any:
    if name == "first_day":
        return (row.get(TIMES[table]) or datetime(2026, 1, 1, tzinfo=UTC)).date()
    given = {"tenant": tenant, "vendor": "in-house", "last_offset": 1, "is_deleted": 0, **row}
    type_ = {**ALWAYS, **COLUMNS[table]}[name]
    if given.get(name) is not None:
        return given[name]
    return (
        None
        if type_.startswith("Nullable")
        else ""
        if "String" in type_ and "Array" not in type_
        else []
        if "Array" in type_
        else 0
    )
