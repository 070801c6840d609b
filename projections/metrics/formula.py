"""A metric's formula as it is read: SQL over the named fact table, without what a run adds (tenant, filters, groups)."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Fold, Metric
from opsledger.projections.metrics.query import Cell

_ROWS = """
    inbound_calls outbound_calls answers_per_hour dials_per_hour complaint_callbacks install_callbacks repair_callbacks
    request_rate answer_rate service_level avg_talk avg_wrap_up avg_handle avg_hold avg_abandon_time avg_queue_time asa
    abandon_rate short_abandons ivr_served ivr_self_service_rate ivr_by_node callback_timeliness callback_success
    ticket_timeliness ticket_duration ticket_duration_p90 fcr transfer_rate internal_complaints quality_score
    monitoring_rate callback_accuracy ticket_accuracy satisfaction utilisation occupancy productivity attendance
    punctuality adherence attrition seat_utilisation cost_per_call complaint_rate complaint_resolution_time fault_minutes
    fault_count ring_no_answer_rate outbound_connect_rate contacts
"""
DICTIONARY = frozenset(_ROWS.split())
"""The rows of the dictionary (hot topics: contacts); every other metric is a part of one, or a column of a report."""
_COLUMN = "spec/03-reports"


def source_of(metric: Metric) -> str:
    """Where a metric's definition comes from."""
    known = metric.source != Metric.__dataclass_fields__["source"].default
    return metric.source if known or metric.code in DICTIONARY else _COLUMN


def amount_sql(amount: Amount, attribution: Attribution) -> str:
    """What an amount adds up, as a SELECT; ``overlap_ms(a, b)`` are the milliseconds between a and b inside the interval."""
    cell = Cell(amount, attribution)
    where = f" AND {_plain(amount.where)}" if amount.where else ""
    if cell.spread:
        start, end = cell.place
        within = f"{start} < stop AND ifNull({end}, cutoff) > start"
    else:
        place = cell.place[0] if len(cell.place) == 1 else f"coalesce({', '.join(cell.place)})"
        within = f"{place} >= start AND {place} < stop"
    return f"SELECT {_sum(cell)} FROM {amount.table} WHERE {within}{where}"


def _sum(cell: Cell) -> str:
    amount = cell.amount
    value = _plain(amount.value)
    if amount.fold is Fold.UNION:
        return f"overlap_ms({', '.join(cell.place)}), overlaps counted once,"
    if amount.fold is Fold.P90:
        return f"quantileExactInclusive(0.9)({value})"
    if cell.spread:
        part = f"overlap_ms({', '.join(cell.place)})"
        return f"sum({part})" if not value else f"sum({value} * {part} / length_ms({', '.join(cell.place)}))"
    return "count()" if value == "1" else f"sum({value})"


def _plain(text: str) -> str:
    """SQL with the names of bound values in place of the engine's notation."""
    for name, kind in _BOUND:
        text = text.replace(f"{{{name}:{kind}}}", name)
    return text


_BOUND = (
    ("threshold_ms", "Int64"),
    ("window_ms", "Int64"),
    *((name, "DateTime64(6, 'UTC')") for name in ("start", "stop", "cutoff")),
)
