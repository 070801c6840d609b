"""Reports over imported simulations equal the simulator's own count, to the call and to the millisecond."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from opsledger.ingest.simulator import Options, Simulation, Truth, write
from tests.e2e.conftest import Cli

pytestmark = pytest.mark.usefixtures("kept")
OPTIONS = Options(start=date(2026, 1, 5), days=5, calls_per_day=300)
REFUSED = ("full", "closed", "join_empty", "diverted")


@dataclass
class Imported:
    cli: Cli
    truth: Truth
    made: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)

    def report(self, *arguments: str) -> dict[str, Any]:
        if arguments not in self.made:
            text = self.cli.ok("report", "run", *arguments, "--month", "2026-01", "--format", "json")
            self.made[arguments] = dict(json.loads(text))
        return self.made[arguments]

    def indicators(self, *options: str) -> dict[str, dict[str, Any]]:
        return {row["metric"]: row for row in self.report("service_indicators", *options)["rows"]}


def imported(folder: Path, options: Options) -> Imported:
    events, simulation = folder / "events.jsonl", Simulation(options)
    with events.open("wb") as file:
        write(options, file, simulation=simulation)
    cli = Cli(folder / "data")
    cli.ok("init")
    cli.ok("ingest", events, "--tenant", options.tenant, "--quiet")
    return Imported(cli, simulation.truth)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return imported(tmp_path_factory.mktemp("simulated"), OPTIONS)


def test_traffic_by_day_and_queue_is_what_the_simulator_counted(month: Imported) -> None:
    told: Counter[tuple[str, str, str]] = Counter()
    for row in month.report("traffic")["rows"]:
        for name in ("entries", "answered", "unanswered", "refused", "waiting", "legs_answered"):
            told[row["interval"], row["queue"], name] += row[name]
    meant: Counter[tuple[str, str, str]] = Counter()
    for (day, queue), one in month.truth.queues.items():
        meant[day, queue, "entries"] = one.entries
        meant[day, queue, "answered"] = one.answered
        meant[day, queue, "unanswered"] = sum(one.left.values())
        meant[day, queue, "refused"] = sum(one.left[reason] for reason in REFUSED)
        meant[day, queue, "legs_answered"] = one.legs
    assert +told == +meant
    assert sum(meant.values()) > 3000


def test_service_indicators_have_the_simulator_s_numerators_and_denominators(month: Imported) -> None:
    rows = month.indicators()
    total, days = month.truth.total(), month.truth.calls.values()
    ratios = {
        "answer_rate": (total.answered, total.entries),
        "service_level": (total.within_20s, total.entries),
        "abandon_rate": (total.abandoned, total.entries),
        "asa": (total.answered_wait_ms, total.answered),
        "avg_queue_time": (total.answered_wait_ms + total.left_wait_ms, total.entries),
        "avg_abandon_time": (total.abandoned_wait_ms, total.abandoned),
        "avg_talk": (total.talk_ms, total.legs),
        "avg_hold": (total.hold_ms, total.legs_held),
        "avg_wrap_up": (total.wrap_up_ms, total.legs),
        "avg_handle": (total.talk_ms + total.hold_ms + total.wrap_up_ms, total.legs),
        "outbound_connect_rate": (sum(day.connected for day in days), sum(day.outbound for day in days)),
        "ivr_self_service_rate": (sum(day.ivr_served for day in days), sum(day.ivr_entered for day in days)),
    }
    assert {name: (rows[name]["numerator"], rows[name]["denominator"]) for name in ratios} == ratios


def test_a_threshold_of_15_s_is_counted_as_the_simulator_does(month: Imported) -> None:
    assert month.indicators("--threshold", "15")["service_level"]["numerator"] == month.truth.total().within_15s


def test_tickets_complaints_and_faults_are_as_many_as_were_simulated(month: Imported) -> None:
    rows, things = month.indicators(), month.truth.things
    assert rows["tickets_opened"]["value"] == things["tickets"]
    assert rows["complaints_filed"]["value"] == things["complaints"]
    assert rows["fault_count"]["value"] == things["faults"]


def test_late_and_repeated_events_change_no_number(month: Imported, tmp_path: Path) -> None:
    spoilt = imported(tmp_path, replace(OPTIONS, late=0.1, duplicates=0.1))
    assert spoilt.report("service_indicators")["rows"] == month.report("service_indicators")["rows"]


def test_a_truth_of_another_seed_is_not_what_the_reports_say(month: Imported) -> None:
    other = Simulation(replace(OPTIONS, seed=2))
    write(other.options, BytesIO(), simulation=other)
    assert month.report("traffic")["totals"]["entries"] != other.truth.total().entries
