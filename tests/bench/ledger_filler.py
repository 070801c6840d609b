"""A ledger behind the bench's fact tables, made out of them by the engine: what the reports that read events are timed over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.bench.fact_filler import DAYS
from tests.bench.sql import text

_FIRST = date(2026, 1, 1)
_SOON = "toIntervalMillisecond(1000 + sipHash64({subject}) % 3000)"
_OTHERS = {
    "shift": (
        ("agent_spans", "shift", "starts_at", "shift.state_changed"),
        ("shifts", "shift", "signed_in_at", "shift.signed_in"),
    ),
    "ticket": (("tickets", "ticket", "opened_at", "ticket.opened"), ("tickets", "ticket", "resolved_at", "ticket.resolved")),
    "callback": (
        ("callbacks", "callback", "requested_at", "callback.requested"),
        ("callbacks", "callback", "completed_at", "callback.completed"),
    ),
    "complaint": (
        ("complaints", "complaint", "filed_at", "complaint.filed"),
        ("complaints", "complaint", "resolved_at", "complaint.resolved"),
    ),
    "evaluation": (
        ("evaluations", "evaluation", "sampled_at", "evaluation.sampled"),
        ("evaluations", "evaluation", "approved_at", "evaluation.approved"),
    ),
}
"""Stream → fact table, its subject, the moment of an event, its type."""


def fill_ledger(client: Any) -> dict[str, int]:
    """Fill the ledger from the fact tables, a day's calls at a time as imports come; stream → events."""
    rows = {"call": 0}
    for n in range(DAYS + 1):
        client.command(text("ledger_events"), parameters={"day": f"{_FIRST + timedelta(days=n)}", "from": rows["call"]})
        rows["call"] = int(client.command("SELECT count() FROM call"))
    for stream, facts in _OTHERS.items():
        client.command(_insert(stream, facts))
        rows[stream] = int(client.command(f"SELECT count() FROM {stream}"))
    for fact, stream in (("calls", "call"), ("shifts", "shift")):
        client.command(text("tangled").replace("{fact}", fact).replace("{stream}", stream))
        client.command(f"OPTIMIZE TABLE {fact} FINAL")
    return rows


def _insert(stream: str, facts: tuple[tuple[str, str, str, str], ...]) -> str:
    told = " UNION ALL ".join(
        f"SELECT {subject} AS subject, assumeNotNull({at}) AS at, '{type_}' AS type, vendor FROM {table}"
        for table, subject, at, type_ in facts
    )
    soon = _SOON.format(subject="subject, type, at")
    return (
        f"INSERT INTO {stream} (tenant, subject, occurred_at, type, version, event_id, vendor, source, payload, topic, offset, "
        f"recorded_at) SELECT 'bench', subject, at, type, 1, generateUUIDv4(), vendor, 'crm', '{{}}', '{stream}', "
        f"rowNumberInAllBlocks(), recorded FROM (SELECT *, at + {soon} AS recorded FROM ({told}) ORDER BY recorded)"
    )
