"""Queue entries, rings, legs and transfers, counted row by row from the words of their definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from opsledger.domain.events.call import LeaveReason
from tests.naive_core import MS, T_MS, Parts, Row, Sum, Test, always, at, both, entry, leg, one, rows


def _settled(r: Row) -> bool:
    return bool(r["answered_at"] or r["left_at"])


def _wait(r: Row) -> int:
    return int(((r["answered_at"] or r["left_at"]) - r["entered_at"]) // MS)


def _answered(r: Row) -> bool:
    return r["answered_at"] is not None


def _as(*outcomes: str) -> Test:
    return lambda r: r["outcome"] in outcomes


_abandoned = _as("abandoned")


def _soon(test: Test) -> Test:
    return lambda r: test(r) and _wait(r) <= T_MS


def _lost(r: Row) -> bool:
    return r["left_at"] is not None


def _mean(test: Test) -> tuple[Sum, Sum]:
    return entry(test, _wait), entry(test)


def _lost_entry(test: Test = always) -> Sum:
    return replace(entry(test), table="lost_entries")


def queues() -> Parts:
    """Queue entries (``lost_entries`` are made by naive_views)."""
    found: Parts = {f"{name}_entries": (entry(_as(name)), None) for name in get_args(LeaveReason)}
    not_queue_caused = both(_settled, lambda r: not (_abandoned(r) and r["rings"] == 0))
    return found | {
        "entries": (entry(), None),
        "answered": (entry(_answered), None),
        "unanswered": (entry(_lost), None),
        "left_queue": (entry(_lost), None),
        "waiting": (entry(lambda r: not _settled(r)), None),
        "refused": (entry(_as("full", "closed", "join_empty", "diverted")), None),
        "short_abandons": (entry(_soon(_abandoned)), None),
        "answered_in_time": (entry(_soon(_answered)), None),
        "answer_rate": (entry(_answered), entry(_settled)),
        "service_level": (entry(_soon(_answered)), entry(_settled)),
        "kpi_service_level": (entry(_soon(_answered)), entry(not_queue_caused)),
        "abandon_rate": (entry(_abandoned), entry(_settled)),
        "asa": _mean(_answered),
        "avg_queue_time": _mean(_settled),
        "avg_abandon_time": _mean(_abandoned),
        "avg_lost_wait": _mean(_lost),
        "queue_time": (entry(_settled, _wait, lambda r: (r["entered_at"], r["answered_at"] or r["left_at"])), None),
        "p90_wait": (entry(_settled, _wait, fold="p90"), None),
        "called_back": (_lost_entry(lambda r: r["called_back"]), None),
        "called_back_rate": (_lost_entry(lambda r: r["called_back"]), _lost_entry()),
    }


def _ring(test: Test = always, amount: Test = one) -> Sum:
    return rows("rings", "end", at("at"), test, amount)


def _missed(r: Row) -> bool:
    return bool(r["missed"])


def rings() -> Parts:
    """Rings."""
    known = both(_missed, lambda r: r["ring_ms"] is not None)
    return {
        "rings": (_ring(), None),
        "rings_missed": (_ring(_missed), None),
        "rings_rejected": (_ring(both(_missed, lambda r: r["reason"] == "rejected")), None),
        "ring_no_answer_rate": (_ring(_missed), _ring()),
        "avg_ring_missed": (_ring(known, lambda r: r["ring_ms"]), _ring(known)),
    }


def _talked(r: Row) -> tuple[Any, Any]:
    return r["answered_at"], r["ended_at"]


def _handled(r: Row) -> int:
    return int(r["talk_ms"] + r["hold_ms"] + r["wrap_up_ms"])


def _of(column: str) -> Test:
    return lambda r: r[column]


def legs() -> Parts:
    """Legs."""
    inside = leg(_is_inside)
    held = lambda r: r["holds"] > 0  # noqa: E731  as short as its neighbours
    marked = lambda r: r["resolved"] is not None  # noqa: E731
    wrapping = leg(_of("wrapped_up"), _of("wrap_up_ms"), lambda r: (r["wrap_started_at"], r["wrap_ended_at"]))
    return {
        "legs_answered": (leg(), None),
        "talk_time": (leg(amount=_of("talk_ms"), span=_talked), None),
        "hold_time": (leg(amount=_of("hold_ms"), span=_talked), None),
        "wrap_up_time": (wrapping, None),
        "handle_time": (leg(amount=_handled), None),
        "avg_talk": (leg(amount=_of("talk_ms")), leg()),
        "avg_hold": (leg(held, _of("hold_ms")), leg(held)),
        "avg_wrap_up": (leg(amount=_of("wrap_up_ms")), leg()),
        "avg_handle": (leg(amount=_handled), leg()),
        "transferred_inside": (inside, None),
        "transfer_rate": (inside, leg()),
        "resolved_first": (leg(lambda r: r["resolved"] is True), leg(marked)),
    }


def _is_inside(r: Row) -> bool:
    return r["transferred_to"] in ("agent", "queue")


def _transfer(test: Test = always) -> Sum:
    return rows("transfers", "end", at("at"), test)


def transfers() -> Parts:
    """Transfers."""
    return {
        "transfers_made": (_transfer(), None),
        "transfers_attended": (_transfer(lambda r: r["mode"] == "attended"), None),
        "transfers_blind": (_transfer(lambda r: r["mode"] == "blind"), None),
        "transfers_to_ivr": (_transfer(lambda r: r["to_kind"] == "ivr"), None),
        "transfers_outside": (_transfer(lambda r: r["to_kind"] == "external"), None),
    }
