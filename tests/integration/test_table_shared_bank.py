"""The anonymous bank's January 1999 by its mapping: the reference's figures to the last row, every known trap."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.shared_tables import SHARED_ONLY, Calls, at, by_subject, loaded, reason, reference, seconds

pytestmark = SHARED_ONLY
ISRAEL = ZoneInfo("Asia/Jerusalem")


class TestAnonymousBank:
    """January 1999: 31,599 calls."""

    @property
    def calls(self) -> Calls:
        return _bank_calls()

    @property
    def expected(self) -> dict[str, Any]:
        return {name: entry["value"] for name, entry in reference("anonymous_bank")["1999-01"].items()}

    def test_every_row_is_a_call_and_none_is_dead(self) -> None:
        read = loaded("anonymous_bank.calls.yaml", "anonymous_bank/january.txt")
        assert (read.read, read.dead) == (self.expected["rows"], [])
        assert len(self.calls) == self.expected["rows"]
        assert len(read.first) == len(read.events)

    def test_days_and_hours_of_entry_are_local(self) -> None:
        entered = [at(c["call.offered"]).astimezone(ISRAEL) for c in self.calls.values()]
        assert Counter(f"{t:%y%m%d}" for t in entered) == self.expected["per_day"]
        assert Counter(str(t.hour) for t in entered) == self.expected["per_entry_hour"]

    def test_outcomes(self) -> None:
        answered = sum("call.answered" in c for c in self.calls.values())
        causes = Counter(c["call.ended"]["data"].get("cause") for c in self.calls.values())
        assert answered + causes["no_server"] == self.expected["outcome"]["AGENT"]
        assert causes["phantom"] == self.expected["outcome"]["PHANTOM"]
        hung_up = sum(c["call.ivr_left"]["data"]["outcome"] == "hung_up" for c in self.calls.values())
        abandoned = sum(reason(c) == "abandoned" for c in self.calls.values())
        assert hung_up + abandoned == self.expected["outcome"]["HANG"]
        assert abandoned == self.expected["abandoned_in_queue"]

    def test_answered_without_a_server_is_lost_in_the_queue_not_answered(self) -> None:
        """The reference counts these 490 rows as answered: 27,060; here nobody answered them: 26,570."""
        assert self.expected["outcome"]["AGENT"] == 27_060
        assert sum("call.answered" in c for c in self.calls.values()) == 26_570
        lost = [c for c in self.calls.values() if c["call.ended"]["data"].get("cause") == "no_server"]
        assert len(lost) == self.expected["answered_without_server"] == 490
        assert {reason(c) for c in lost} == {"system"}

    def test_waits_of_those_who_waited(self) -> None:
        """Entries are the reference's 16,905 and the 487 lost ones that never waited (wait 0), so that the sum is the same."""
        waits = [wait(c) for c in self.calls.values() if "call.queued" in c]
        assert len([w for w in waits if w > 0]) == self.expected["queued_calls"]
        assert (len(waits), waits.count(0)) == (16_905 + 487, 487)
        assert sum(waits) == self.expected["queued_wait_sum_sec"]
        assert max(waits) == self.expected["q_time_max"]
        assert sum(w for c in self.calls.values() if reason(c) == "abandoned" for w in [wait(c)]) == pytest.approx(
            self.expected["abandoned_in_queue"] * self.expected["abandoned_in_queue_wait_mean_sec"], abs=0.01
        )

    def test_queues_and_priorities(self) -> None:
        """Of the types of service those rows that entered a queue or were answered; who hung up in the menu is in none."""
        queues = Counter(q for c in self.calls.values() if (q := queue(c)))
        hung_up = sum(c["call.ivr_left"]["data"]["outcome"] == "hung_up" for c in self.calls.values())
        assert sum(queues.values()) == sum(self.expected["type"].values()) - hung_up
        assert set(self.expected["type"]) - set(queues) == {"AA"}  # two rows, both hung up in the menu

    def test_talk_per_server(self) -> None:
        talk: dict[str, list[float]] = defaultdict(list)
        for call in self.calls.values():
            if "call.answered" in call:
                talk[call["call.answered"]["data"]["agent"]].append(seconds(call["call.released"], call["call.answered"]))
        assert {name: (len(t), sum(t)) for name, t in talk.items()} == {
            name: (entry["calls"], entry["sec"]) for name, entry in self.expected["per_server"].items()
        }

    def test_talk_without_the_rows_that_nobody_answered(self) -> None:
        """The reference's 4,964,204 s hold 14,003 s of rows without a server; here talk is 4,950,201 s."""
        talk = sum(seconds(c["call.released"], c["call.answered"]) for c in self.calls.values() if "call.answered" in c)
        assert self.expected["service_sum_sec"] == 4_964_204
        assert talk == 4_950_201
        longest = [seconds(c["call.released"], c["call.answered"]) for c in self.calls.values() if "call.answered" in c]
        assert max(longest) == self.expected["ser_time_max"]
        assert sum(t > 3600 for t in longest) == self.expected["ser_time_over_1h"]

    def test_an_answer_within_20_seconds(self) -> None:
        """0.52304 of the reference counts 487 rows without a server as answered within 20 s; without them 0.50751"""
        within = sum(wait(c) <= 20 for c in self.calls.values() if "call.answered" in c)
        lost = sum(wait(c) <= 20 for c in self.calls.values() if c["call.ended"]["data"].get("cause") == "no_server")
        offered = self.expected["outcome"]["AGENT"] + self.expected["outcome"]["HANG"]
        assert round((within + lost) / offered, 5) == self.expected["service_level_20s"]

    def test_identified_customers(self) -> None:
        customers = {c["call.offered"]["data"].get("customer") for c in self.calls.values()} - {None}
        assert len(customers) == self.expected["identified_customers"]

    def test_trap_a_menu_left_before_it_was_entered_is_kept_as_it_is(self) -> None:
        negative = [c for c in self.calls.values() if seconds(c["call.ivr_left"], c["call.ivr_entered"]) < 0]
        assert len(negative) == self.expected["vru_negative"]
        assert min(seconds(c["call.ivr_left"], c["call.ivr_entered"]) for c in negative) >= -192

    def test_trap_service_that_starts_before_the_menu_ends(self) -> None:
        early = [c for c in self.calls.values() if "call.answered" in c and at(c["call.answered"]) < at(c["call.ivr_left"])]
        assert len(early) > 5_000
        assert all("call.queued" not in c for c in early)

    def test_trap_calls_over_midnight_end_on_the_next_day(self) -> None:
        """21 rows have a service that ends on a lower clock than it started, one a wait."""
        over = [
            c
            for c in self.calls.values()
            if at(c["call.ended"]).astimezone(ISRAEL).date() > at(c["call.offered"]).astimezone(ISRAEL).date()
        ]
        assert len(over) >= 22
        assert max(seconds(c["call.ended"], c["call.offered"]) for c in self.calls.values()) < 3 * 3600
        midnight = self.calls["bank:AA0213-12511"]
        assert wait(midnight) == 35
        assert at(midnight["call.queued"]).astimezone(ISRAEL).isoformat() == "1999-01-09T23:59:28+02:00"
        assert at(midnight["call.answered"]).astimezone(ISRAEL).isoformat() == "1999-01-10T00:00:03+02:00"

    def test_trap_clock_zero_means_it_did_not_happen(self) -> None:
        """No queue event of a row with q_start 0:00:00 lies at midnight."""
        call = self.calls["bank:AA0101-33117"]
        assert set(call) == {"call.offered", "call.ivr_entered", "call.ivr_left", "call.ended"}
        assert at(call["call.ended"]).astimezone(ISRAEL).isoformat() == "1999-01-01T00:34:23+02:00"


@cache
def _bank_calls() -> Calls:
    return by_subject(loaded("anonymous_bank.calls.yaml", "anonymous_bank/january.txt").events)


def wait(call: dict[str, dict[str, Any]]) -> float:
    if "call.queued" not in call:
        return 0.0
    return seconds(call.get("call.answered") or call["call.left_queue"], call["call.queued"])


def queue(call: dict[str, dict[str, Any]]) -> str | None:
    found = call.get("call.queued") or call.get("call.answered")
    return found["data"]["queue"] if found else None
