"""What each profile says, once more in plain Python, from the systems' own words: what the SQL is held against."""

from __future__ import annotations

from dataclasses import replace

from tests.naive_core import MS, T_MS, Parts, Row, Sum, Test, at, entry, leg, rows, spans

NOT_LET_IN = ("full", "closed", "join_empty")
_HANDLED_AT = {"end": at("wrap_ended_at", "ended_at")}


def _left(r: Row) -> str:
    """How an entry ended; '' while it waits."""
    return "answered" if r["answered_at"] else str(r["outcome"]) if r["left_at"] else ""


def _as(*names: str) -> Test:
    return lambda r: _left(r) in names


def _wait(r: Row) -> int:
    return int(((r["answered_at"] or r["left_at"]) - r["entered_at"]) // MS)


def _within(test: Test) -> Test:
    return lambda r: test(r) and _wait(r) <= T_MS


def _queued(r: Row) -> bool:
    return bool(_left(r)) and _left(r) not in NOT_LET_IN


def _offered(r: Row) -> bool:
    return _left(r) not in NOT_LET_IN


def _gave_up(r: Row) -> bool:
    return _queued(r) and _left(r) not in ("answered", "callback")


def _asterisk() -> dict[str, Parts]:
    lost = ("abandoned", "timeout", "leave_empty", "withdrawn")
    return {
        "asterisk-sl": {"service_level": (entry(_within(_as("answered"))), entry(_as("answered")))},
        "asterisk-sl2": {"service_level": (entry(_within(_as("answered", *lost))), entry(_as("answered", *lost)))},
    }


def _wazo() -> Parts:
    waited = ("answered", "abandoned", "leave_empty", "timeout")
    return {
        "answer_rate": (entry(_as("answered")), entry(_as(*waited, "full", "join_empty"))),
        "service_level": (entry(_within(_as("answered"))), entry(_as("answered"))),
        "avg_queue_time": (entry(_as(*waited, *NOT_LET_IN, "diverted"), _wait), entry(_as(*waited))),
        "talk_time": (leg(amount=lambda r: r["talk_ms"]), None),
        "legs_answered": (leg(), None),
        "wrap_up_time": (
            leg(lambda r: r["wrapped_up"], lambda r: r["wrap_up_ms"], lambda r: (r["wrap_started_at"], r["wrap_ended_at"])),
            None,
        ),
        "signed_in_time": (_states(), None),
        "pause_time": (_states("busy", "break", "training", "meeting", "away"), None),
    }


def _states(*names: str) -> Sum:
    return spans("agent_spans", "starts_at", "ends_at", lambda r: not names or r["state"] in names)


def _occupancy() -> tuple[Sum, Sum]:
    return _states("talking", "holding", "wrap_up"), _states("talking", "holding", "wrap_up", "idle")


def _handle(r: Row) -> int:
    return int(r["talk_ms"] + r["hold_ms"] + r["wrap_up_ms"])


def _means() -> Parts:
    """What Connect and Genesys say alike of contacts that an agent handled."""
    return {
        "legs_answered": (leg(), None),
        "talk_time": (leg(amount=lambda r: r["talk_ms"]), None),
        "hold_time": (leg(amount=lambda r: r["hold_ms"]), None),
        "wrap_up_time": (leg(amount=lambda r: r["wrap_up_ms"]), None),
        "handle_time": (leg(amount=_handle), None),
        "avg_talk": (leg(amount=lambda r: r["talk_ms"]), leg()),
        "avg_hold": (leg(lambda r: r["holds"] > 0, lambda r: r["hold_ms"]), leg(lambda r: r["holds"] > 0)),
        "avg_wrap_up": (leg(amount=lambda r: r["wrap_up_ms"]), leg()),
        "avg_handle": (leg(amount=_handle), leg()),
        "asa": (entry(_as("answered"), _wait), entry(_as("answered"))),
        "occupancy": _occupancy(),
    }


def _connect() -> Parts:
    return _means() | {
        "service_level": (entry(_within(_as("answered", "abandoned", "callback"))), entry(_queued)),
        "answered_in_time": (entry(_within(_as("answered"))), None),
        "short_abandons": (entry(_within(_as("abandoned"))), None),
        "abandon_rate": (entry(_as("abandoned")), entry(_queued)),
        "avg_abandon_time": (entry(_gave_up, _wait), entry(_gave_up)),
        "transferred_inside": (leg(lambda r: r["transferred_to"] in ("agent", "queue")), None),
        "transfers_outside": (rows("transfers", "end", at("at"), lambda r: r["to_kind"] == "external"), None),
        "rings_missed": (rows("rings", "end", at("at"), lambda r: r["missed"]), None),
        "signed_in_time": (_states(), None),
        "idle_time": (_states("idle"), None),
        "pause_time": (_states("busy", "break", "training", "meeting", "away"), None),
    }


def _when_done(one: Sum) -> Sum:
    return replace(one, when={**one.when, **_HANDLED_AT})


def _genesys() -> Parts:
    means = _means()
    wrapped = leg(lambda r: r["wrapped_up"]), leg(lambda r: r["wrapped_up"], lambda r: r["wrap_up_ms"])
    late = {code: tuple(_when_done(one) if one else None for one in means[code]) for code in _LATE}
    return {
        **means,
        **late,  # type: ignore[dict-item]  # pairs stay pairs
        "avg_wrap_up": (_when_done(wrapped[1]), _when_done(wrapped[0])),
        "service_level": (entry(_within(_as("answered"))), entry(_as("answered", "abandoned"))),
        "answer_rate": (entry(_as("answered")), entry(_offered)),
        "abandon_rate": (entry(_as("abandoned")), entry(_offered)),
        "avg_abandon_time": (entry(_as("abandoned"), _wait), entry(_as("abandoned"))),
    }


_LATE = ("legs_answered", "wrap_up_time", "handle_time", "avg_handle")
"""What Genesys counts when the after-call work is complete."""


def profiles() -> dict[str, Parts]:
    """Profile → metric → numerator and denominator, of every metric that the profile's system defines."""
    return {**_asterisk(), "connect": _connect(), "genesys": _genesys(), "wazo": _wazo()}


ATTRIBUTIONS = {
    "asterisk-sl": {"service_level": "enter"},
    "asterisk-sl2": {"service_level": "enter"},
    "wazo": {
        **dict.fromkeys(("answer_rate", "service_level", "avg_queue_time", "talk_time", "legs_answered"), "enter"),
        **dict.fromkeys(("wrap_up_time", "signed_in_time", "pause_time"), "spread"),
    },
    "connect": {
        **dict.fromkeys(_connect(), "end"),
        **dict.fromkeys(("signed_in_time", "idle_time", "pause_time", "occupancy"), "spread"),
    },
    "genesys": {
        **dict.fromkeys(_genesys(), "end"),
        **dict.fromkeys(("service_level", "asa", "avg_abandon_time"), "answer"),
        **dict.fromkeys(("answer_rate", "abandon_rate"), "enter"),
        "occupancy": "spread",
    },
}
"""Profile → metric → where it counts, in the systems' own words."""
