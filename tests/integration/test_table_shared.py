"""The mappings of examples/ over real tables: their events give the reference's figures, to the last row."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from opsledger.ingest.mapping.plan import load_mapping

from tests.tables import EXAMPLES, SHARED, Read, read_file

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason="the data beside the project is not here")]
ISRAEL = ZoneInfo("Asia/Jerusalem")


@cache
def reference(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((SHARED / name / "reference.json").read_text(encoding="utf-8"))["values"]
    return values


def plain(values: dict[str, Any], name: str) -> Any:
    return values[name]["value"]


@cache
def loaded(mapping: str, path: str) -> Read:
    return read_file(load_mapping(EXAMPLES / mapping), SHARED / path, tenant="t1")


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


def by_subject(events: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Subject → type → event, for tables that make at most one event of a type from a row."""
    calls: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        assert event["type"] not in calls[event["subject"]]
        calls[event["subject"]][event["type"]] = event
    return calls


def seconds(later: dict[str, Any], earlier: dict[str, Any]) -> float:
    return (at(later) - at(earlier)).total_seconds()


class TestAnonymousBank:
    """January 1999: 31,599 calls."""

    @property
    def calls(self) -> dict[str, dict[str, dict[str, Any]]]:
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
        """0.52304 of the reference counts 472 rows without a server as answered within 20 s; without them 0.50799…"""
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
        early = [
            c for c in self.calls.values() if "call.answered" in c and at(c["call.answered"]) < at(c["call.ivr_left"])
        ]
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
def _bank_calls() -> dict[str, dict[str, dict[str, Any]]]:
    return by_subject(loaded("anonymous_bank.calls.yaml", "anonymous_bank/january.txt").events)


def reason(call: dict[str, dict[str, Any]]) -> str | None:
    return call["call.left_queue"]["data"]["reason"] if "call.left_queue" in call else None


def wait(call: dict[str, dict[str, Any]]) -> float:
    if "call.queued" not in call:
        return 0.0
    return seconds(call.get("call.answered") or call["call.left_queue"], call["call.queued"])


def queue(call: dict[str, dict[str, Any]]) -> str | None:
    found = call.get("call.queued") or call.get("call.answered")
    return found["data"]["queue"] if found else None


class TestPwc:
    """January to March 2021: 5,000 calls."""

    @property
    def calls(self) -> dict[str, dict[str, dict[str, Any]]]:
        return _pwc_calls()

    @property
    def expected(self) -> dict[str, Any]:
        return {name: entry["value"] for name, entry in reference("pwc_call_center").items()}

    def test_counts(self) -> None:
        read = loaded("pwc_call_center.calls.yaml", "pwc_call_center/Call-Center-Dataset.csv")
        assert (read.read, read.dead) == (self.expected["rows"], [])
        assert len(read.of("call.answered")) == self.expected["answered"]
        assert len(read.of("call.left_queue")) == self.expected["abandoned"]
        assert sum(e["data"]["resolved"] for e in read.of("call.wrapped_up")) == self.expected["resolved"]

    def test_waits_and_talk(self) -> None:
        answered = [c for c in self.calls.values() if "call.answered" in c]
        waits = [seconds(c["call.answered"], c["call.queued"]) for c in answered]
        talks = [seconds(c["call.released"], c["call.answered"]) for c in answered]
        assert sum(waits) == self.expected["sum_speed_of_answer"]
        assert sum(talks) == self.expected["talk_sec_sum"]
        assert [min(talks), max(talks)] == self.expected["talk_min_max"]
        for threshold, entry in self.expected["service_level"].items():
            assert sum(w <= int(threshold) for w in waits) == entry["n"]

    def test_agents_and_topics_of_answered_calls(self) -> None:
        """The reference gives unanswered rows to the agent whose name they keep (631 for Becky); here only answers count."""
        agents: dict[str, list[float]] = defaultdict(list)
        topics: Counter[str] = Counter()
        for call in self.calls.values():
            if "call.answered" in call:
                agents[call["call.answered"]["data"]["agent"]].append(seconds(call["call.released"], call["call.answered"]))
                topics[call["call.answered"]["data"]["queue"]] += 1
        assert {n: (len(t), sum(t)) for n, t in agents.items()} == {
            n: (e["answered"], e["talk_sec_sum"]) for n, e in self.expected["per_agent"].items()
        }
        assert topics == {n: e["answered"] for n, e in self.expected["per_topic"].items()}
        assert not any("agent" in e["data"] for c in self.calls.values() if reason(c) for e in c.values())

    def test_satisfaction(self) -> None:
        read = loaded("pwc_call_center.calls.yaml", "pwc_call_center/Call-Center-Dataset.csv")
        surveyed = read.of("call.surveyed")
        assert Counter(e["data"]["score"] for e in surveyed) == self.expected["csat_distribution"]
        assert sum(e["data"]["satisfied"] for e in surveyed) == 1180 + 843

    def test_days_hours_and_tied_times_are_local(self) -> None:
        local = [at(c["call.offered"]).astimezone(ZoneInfo("Europe/Zurich")) for c in self.calls.values()]
        assert Counter(str(t.hour) for t in local) == self.expected["per_hour"]
        assert Counter(str(t.isoweekday()) for t in local) == self.expected["per_weekday"]
        assert Counter(f"{t:%Y-%m}" for t in local) == {m: e["calls"] for m, e in self.expected["per_month"].items()}
        assert len(set(local)) == self.expected["distinct_timestamps"]
        assert f"{min(local):%F %T}" == self.expected["first_call"]
        assert f"{max(local):%F %T}" == self.expected["last_call"]


@cache
def _pwc_calls() -> dict[str, dict[str, dict[str, Any]]]:
    return by_subject(loaded("pwc_call_center.calls.yaml", "pwc_call_center/Call-Center-Dataset.csv").events)


class TestIncidents:
    """The first 119,998 events of a ticket log."""

    @property
    def read(self) -> Read:
        return loaded("uci_incidents.tickets.yaml", "uci_incident_event_log/incident_event_log_119998.zip")

    @property
    def expected(self) -> dict[str, Any]:
        entries = reference("uci_incident_event_log")["incident_event_log_119998.zip"]
        return {name: entry["value"] for name, entry in entries.items()}

    def test_every_row_is_taken(self) -> None:
        assert (self.read.read, self.read.dead) == (self.expected["events"], [])

    def test_tickets_open_once_in_their_month(self) -> None:
        opened = _tickets("ticket.opened")
        assert len(opened) == self.expected["incidents"]
        assert Counter(e["time"][:7] for e in opened) == self.expected["opened_per_month"]

    def test_dispatches_are_the_reassignments_and_the_first_group(self) -> None:
        """Each reassignment is a dispatch; before the first one 906 of the 20,769 tickets are with no group."""
        dispatched = _tickets("ticket.dispatched")
        without_group = 906
        assert len(dispatched) == self.expected["reassignments_total"] + self.expected["incidents"] - without_group
        assert len({e["subject"] for e in dispatched}) == self.expected["incidents"]

    def test_reopenings(self) -> None:
        reopened = _tickets("ticket.reopened")
        assert len(reopened) == self.expected["reopens_total"]
        assert len({e["subject"] for e in reopened}) == self.expected["incidents_reopened"]

    def test_time_to_resolve(self) -> None:
        """19,351 incidents name when they were solved; ours has 1,418 more that were closed without it."""
        count, mean, median, p90 = self.expected["resolution_hours"]
        opened = {e["subject"]: at(e) for e in _tickets("ticket.opened")}
        last: dict[str, dict[str, Any]] = {}
        for event in _tickets("ticket.resolved"):
            if event["subject"] not in last or at(event) > at(last[event["subject"]]):
                last[event["subject"]] = event
        locked = {(e["subject"], e["time"]) for e in _tickets("ticket.locked")}
        assert count == 19_351
        assert len(last) == self.expected["incidents"] == 19_351 + self.expected["resolved_unknown"]
        hours = {s: (at(e) - opened[s]).total_seconds() / 3600 for s, e in last.items()}
        unknown = _unknown_resolution()
        assert {(s, last[s]["time"]) for s in unknown} <= locked
        known = sorted(h for s, h in hours.items() if s not in unknown)
        assert len(known) == count
        assert round(sum(known) / count, 3) == mean
        assert round(known[len(known) // 2], 1) == median
        assert known[round(0.9 * (count - 1))] == pytest.approx(p90, abs=0.02)
        assert min(known) >= 0

    def test_closings_are_locks_in_their_month(self) -> None:
        last = {e["subject"]: e for e in _tickets("ticket.locked")}
        months = Counter(e["time"][:7] for e in last.values())
        never_closed = 1  # the one ticket whose last row is New names a closed_at of May all the same
        assert len(last) + never_closed == self.expected["incidents"]
        assert Counter({**months, "2016-05": months["2016-05"] + never_closed}) == self.expected["closed_per_month"]


@cache
def _incident_events() -> list[dict[str, Any]]:
    return loaded("uci_incidents.tickets.yaml", "uci_incident_event_log/incident_event_log_119998.zip").first


def _tickets(type_: str) -> list[dict[str, Any]]:
    return [event for event in _incident_events() if event["type"] == type_]


@cache
def _unknown_resolution() -> frozenset[str]:
    """Tickets whose only final solution lies at their closing: those without a resolved_at."""
    import csv
    import io
    import zipfile

    path = next(Path(SHARED / "uci_incident_event_log").glob("*.zip"))
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as raw:
        rows = csv.DictReader(io.TextIOWrapper(raw, "utf-8"))
        return frozenset(f"incident:{row['number']}" for row in rows if row["resolved_at"] == "?")


class TestCfpb:
    """349 complaints of September 2016."""

    @property
    def read(self) -> Read:
        return loaded("cfpb.complaints.yaml", "cfpb_complaints/Consumer_Complaints.csv")

    @property
    def expected(self) -> dict[str, Any]:
        return {n: e["value"] for n, e in reference("cfpb_complaints")["Consumer_Complaints.csv"].items()}

    def test_complaints_by_product_and_channel(self) -> None:
        filed = self.read.of("complaint.filed")
        assert (len(filed), self.read.dead) == (self.expected["rows"], [])
        assert Counter(e["data"]["business"] for e in filed) == self.expected["product"]
        via = self.expected["via"]
        assert Counter(e["data"]["channel"] for e in filed) == {
            "web": via["Web"],
            "phone": via["Phone"],
            "letter": via["Referral"] + via["Postal mail"],
        }

    def test_answers_but_those_in_progress(self) -> None:
        resolved = self.read.of("complaint.resolved")
        answers = {**self.expected["response"]}
        assert answers.pop("In progress") == len(self.read.of("complaint.filed")) - len(resolved)
        assert Counter(e["data"]["outcome"] for e in resolved) == answers

    def test_disputed_is_not_satisfied(self) -> None:
        satisfied = Counter(e["data"].get("satisfied") for e in self.read.of("complaint.resolved"))
        assert satisfied[False] == self.expected["disputed_yes"]
        assert satisfied[True] == 0

    def test_a_file_cut_inside_quotes_loses_its_last_row_only(self, tmp_path: Path) -> None:
        whole = (SHARED / "cfpb_complaints/Consumer_Complaints.csv").read_bytes()
        cut = tmp_path / "cut.csv"
        cut.write_bytes(whole[: whole.rindex(b'"')])
        read = read_file(load_mapping(EXAMPLES / "cfpb.complaints.yaml"), cut, tenant="t1")
        assert [d.reason for d in read.dead] == ["malformed"]
        assert "cut short" in read.dead[0].detail
        assert len(read.of("complaint.filed")) == read.read - 1
