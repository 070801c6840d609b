"""Other real tables by their mappings: calls, tickets and complaints give the reference's figures to the last row."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsledger.ingest.mapping.plan import load_mapping
from tests.shared_tables import SHARED_ONLY, Calls, at, by_subject, loaded, reason, reference, seconds
from tests.tables import EXAMPLES, SHARED, Read, read_file

pytestmark = SHARED_ONLY


class TestPwc:
    """January to March 2021: 5,000 calls."""

    @property
    def calls(self) -> Calls:
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
def _pwc_calls() -> Calls:
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
        """Each reassignment is a dispatch; before the first one 906 of the 20,769 tickets are with no group, 366 to the end."""
        dispatched = _tickets("ticket.dispatched")
        without_group, never = 906, 366
        assert len(dispatched) == self.expected["reassignments_total"] + self.expected["incidents"] - without_group
        assert len({e["subject"] for e in dispatched}) == self.expected["incidents"] - never

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
