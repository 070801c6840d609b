"""A simulated month: complete, consistent, canonical, and counted right by the simulator itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from opsledger.domain.catalogue import TYPES
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.events.call import LeaveReason
from opsledger.domain.terms import read_terms
from opsledger.ingest.border.wire import DECODER, ENCODER
from opsledger.ingest.simulator import Counts, Options, Simulation, write
from tests.unit.simulator_recount import Recount, kind


@dataclass
class Month:
    options: Options
    lines: list[bytes]
    events: list[Any]
    counts: Counts
    commands: list[dict[str, Any]]


@pytest.fixture(scope="module")
def month() -> Month:
    options = Options(calls_per_day=500)
    simulation, out = Simulation(options), BytesIO()
    counts = write(options, out, simulation=simulation)
    lines = out.getvalue().splitlines(keepends=True)
    return Month(options, lines, [DECODER.decode(line) for line in lines], counts, list(simulation.commands()))


@pytest.fixture(scope="module")
def recount(month: Month) -> Recount:
    return Recount(month.events, month.options.zone)


def test_every_line_passes_the_fast_decoder_and_is_canonical_to_the_byte(month: Month) -> None:
    for line, event in zip(month.lines, month.events, strict=True):
        assert ENCODER.encode(event) + b"\n" == line


def test_every_fact_type_occurs_and_no_decision_does(month: Month) -> None:
    seen, remainders = {kind(event) for event in month.events}, {"record.kept"}  # of other systems' records alone
    assert seen == {name for name, declaration in TYPES.items() if not declaration.DECISION} - remainders


def test_every_reason_to_leave_a_queue_occurs(month: Month) -> None:
    assert set(month.counts.truth.total().left) == set(get_args(LeaveReason))


def test_lines_come_in_order_of_time_and_no_id_comes_twice(month: Month) -> None:
    assert all(a.time <= b.time for a, b in pairwise(month.events))
    assert len({event.id for event in month.events}) == len(month.events) == month.counts.lines


def test_nothing_in_the_month_contradicts_itself(recount: Recount) -> None:
    assert recount.problems == []


def test_entries_are_answered_or_left_or_waiting_in_the_lines_and_in_the_truth(month: Month, recount: Recount) -> None:
    total = month.counts.truth.total()
    assert total.entries == total.answered + sum(total.left.values()) + recount.waiting
    assert total.entries > 10_000
    for row in recount.queues.values():
        assert row.entries == row.answered + sum(row.left.values())


def test_the_truth_is_what_a_recount_of_the_lines_gives_for_every_day_and_queue(month: Month, recount: Recount) -> None:
    assert recount.differences(month.counts.truth) == []


def test_the_recount_would_notice_one_missing_line(month: Month) -> None:
    gone = next(i for i, event in enumerate(month.events) if kind(event) == "call.answered" and event.data.queue)
    other = Recount([*month.events[:gone], *month.events[gone + 1 :]], month.options.zone)
    assert len(other.differences(month.counts.truth)) > 3
    assert other.problems


def test_no_agent_talks_to_two_at_once(recount: Recount) -> None:
    for spans in recount.leg_spans.values():
        assert all(a[1] <= b[0] for a, b in pairwise(sorted(spans)))


def test_calls_by_day_equal_the_truth(month: Month) -> None:
    zone = ZoneInfo(month.options.zone)
    seen: Counter[tuple[str, str]] = Counter()
    for event in month.events:
        if kind(event) == "call.offered":
            seen[event.time.astimezone(zone).date().isoformat(), event.data.direction] += 1
    truth = month.counts.truth.calls
    assert seen == +Counter({(d, w): getattr(day, w) for d, day in truth.items() for w in ("inbound", "outbound")})


def test_tickets_callbacks_complaints_evaluations_faults_equal_the_truth(month: Month) -> None:
    seen = Counter(map(kind, month.events))
    firsts = {
        "tickets": "ticket.opened",
        "callbacks": "callback.requested",
        "complaints": "complaint.filed",
        "evaluations": "evaluation.sampled",
        "faults": "fault.raised",
    }
    assert {name: seen[type_] for name, type_ in firsts.items()} == {name: month.counts.truth.things[name] for name in firsts}


def test_all_commands_can_be_read_and_come_in_order_of_time(month: Month) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    read = [read_command(values, tenant="other", now=now) for values in month.commands]
    asked = {command.name for command in read}
    assert asked >= {"contract.sign", "complaint.adjudicate", "evaluation.approve", "penalty.assess", "award.grant"}
    assert {name.partition(".")[0] for name in asked} == {"contract", "complaint", "evaluation", "penalty", "award"}
    assert {command.tenant for command in read} == {"demo"}
    assert all(a.at <= b.at for a, b in pairwise(read))


def test_each_vendor_signs_terms_that_can_be_carried_out(month: Month) -> None:
    signed = [values for values in month.commands if values["command"] == "contract.sign"]
    assert {values["vendor"] for values in signed} == set(month.options.vendors)
    assert all(read_terms(values["terms"]).rules for values in signed)


def test_commands_decide_about_things_in_a_state_that_allows_it(month: Month) -> None:
    filed = {e.subject: e.time for e in month.events if kind(e) == "complaint.filed"}
    withdrawn = {e.subject for e in month.events if kind(e) == "complaint.withdrawn"}
    scored = {e.subject: e.time for e in month.events if kind(e) in ("evaluation.scored", "evaluation.rescored")}
    for values in month.commands:
        at, subject = datetime.fromisoformat(values["at"]), values["id"]
        if values["command"] == "complaint.adjudicate":
            assert subject not in withdrawn
            assert filed[subject] < at
        elif values["command"] == "evaluation.approve":
            assert scored[subject] < at
        elif values["command"] == "penalty.assess":
            assert filed[values["about"].partition("/")[2]] < at


def test_a_penalty_is_appealed_only_after_it_was_assessed_and_ruled_on_only_after_that(month: Month) -> None:
    steps: dict[str, list[str]] = {}
    for values in month.commands:
        name = values["command"]
        if name.startswith("penalty."):
            steps.setdefault(values["id"], []).append(name.partition(".")[2])
    assert len(steps) == month.counts.truth.things["penalties"]
    assert all(found[:2] in (["assess"], ["assess", "appeal"]) for found in steps.values())
    assert all(len(found) <= 3 for found in steps.values())


def test_scores_follow_from_the_items_of_the_form(month: Month) -> None:
    points = {"professional": 30, "attitude": 40, "language": 30}
    scored = [event for event in month.events if kind(event) == "evaluation.scored"]
    for event in scored:
        lost = dict.fromkeys(points, 0)
        for item in event.data.items:
            lost[item.item.partition(".")[0]] += item.deduction * item.times
        assert event.data.score == sum(max(0, points[group] - loss) for group, loss in lost.items())
    assert len({event.data.score for event in scored}) > 10


def test_teams_have_a_leader_and_eight_to_twelve_agents(month: Month) -> None:
    first = [event for event in month.events if kind(event) == "staff.joined"]
    teams = Counter(event.data.team for event in first if event.time.date().isoformat() < "2025-12-03")
    assert all(8 <= size <= 12 for size in teams.values())
