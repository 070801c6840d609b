"""Amazon Connect's own numbers come out of the report of service indicators under its profile."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Cli
from tests.shared_tables import SHARED_ONLY, reference
from tests.tables import SHARED

pytestmark = pytest.mark.usefixtures("kept")
EXAMPLE = "derived_event_1.json"
Row = dict[str, Any]
Parts = dict[str, tuple[int | None, int | None]]


def told(cli: Cli, *asked: str, profile: str = "connect") -> dict[str, Row]:
    report = json.loads(cli.ok("report", "run", "service_indicators", *asked, "--profile", profile, "--format", "json"))
    assert report["footer"]["laws_hold"]
    return {row["metric"]: row for row in report["rows"]}


def parts(rows: dict[str, Row], codes: Any) -> Parts:
    return {code: (rows[code]["numerator"], rows[code]["denominator"]) for code in codes}


def ingest(cli: Cli, path: Path) -> None:
    said = cli.ok("ingest", path, "--format", "connect", "--source", "connect:main", "--tenant", "desk", "--quiet")
    assert "dead 0" in said


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    cli = Cli(tmp_path_factory.mktemp("connect") / "data")
    cli.ok("init")
    ingest(cli, SHARED / "amazon_connect" / EXAMPLE)
    return cli


class TestExample:
    """The one example of the documentation that is valid JSON."""

    pytestmark = SHARED_ONLY

    def test_the_wait_of_the_reference_is_the_queue_answer_time(self, example: Cli) -> None:
        meant = reference("amazon_connect")[EXAMPLE]
        rows = told(example, "--day", "2021-08-04")
        assert rows["asa"]["indicator"] == "Average queue answer time"
        assert parts(rows, ["asa"]) == {"asa": (meant["queue_wait_sec"]["value"] * 1000, 1)}
        assert parts(rows, ["avg_ivr_time"]) == {"avg_ivr_time": (meant["ivr_sec"]["value"] * 1000, 1)}

    @pytest.mark.parametrize(("seconds", "in_time"), [("4.999", 0), ("5", 1)])
    def test_its_service_level_turns_at_the_wait_of_the_reference(self, example: Cli, seconds: str, in_time: int) -> None:
        rows = told(example, "--day", "2021-08-04", "--threshold", seconds)
        assert parts(rows, ["service_level"]) == {"service_level": (in_time, 1)}


def record(number: int, queued: str, left_s: int, reason: str, agent: Row | None = None, **more: Any) -> Row:
    """A contact record of our own making, by the published data model."""
    enqueued = datetime.fromisoformat(queued)

    def at(seconds: int) -> str:
        return (enqueued + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")

    found = {
        "ContactId": f"00000000-0000-4000-8000-{number:012}",
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": at(-30),
        "ConnectedToSystemTimestamp": at(-30),
        "DisconnectTimestamp": at(left_s),
        "DisconnectReason": reason,
        "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+15550100"},
        "Queue": {"Name": "sales", "EnqueueTimestamp": at(0), "DequeueTimestamp": at(left_s), "Duration": left_s},
        **more,
    }
    if agent:
        talk, hold, wrap = (agent.get(name, 0) for name in ("AgentInteractionDuration", "CustomerHoldDuration", "wrap"))
        over = left_s + talk + hold
        found["DisconnectTimestamp"] = at(over)
        found["Agent"] = {"Username": "ana", "ConnectedToAgentTimestamp": at(left_s), "NumberOfHolds": int(hold > 0), **agent}
        del found["Agent"]["wrap"]
        if wrap:
            stop = {"AfterContactWorkEndTimestamp": at(over + wrap), "AfterContactWorkDuration": wrap}
            found["Agent"] |= {"AfterContactWorkStartTimestamp": at(over), **stop}
    return found


RECORDS = [
    record(
        1,
        "2026-01-05T09:00:00+00:00",
        5,
        "CUSTOMER_DISCONNECT",
        {"AgentInteractionDuration": 120, "CustomerHoldDuration": 30, "wrap": 20},
    ),
    record(
        2,
        "2026-01-05T09:10:00+00:00",
        30,
        "AGENT_DISCONNECT",
        {"AgentInteractionDuration": 60, "CustomerHoldDuration": 0, "wrap": 0},
    ),
    record(3, "2026-01-05T09:20:00+00:00", 8, "CUSTOMER_DISCONNECT"),
    record(4, "2026-01-05T09:30:00+00:00", 70, "CUSTOMER_DISCONNECT"),
    record(5, "2026-01-05T09:40:00+00:00", 40, "CONTACT_FLOW_DISCONNECT"),
    record(6, "2026-01-05T09:50:00+00:00", 12, "CONTACT_FLOW_DISCONNECT", NextContactId="00000000-0000-4000-8000-000000000099"),
    record(
        7,
        "2026-01-05T23:59:50+00:00",
        5,
        "CUSTOMER_DISCONNECT",
        {"AgentInteractionDuration": 65, "CustomerHoldDuration": 0, "wrap": 0},
    ),
]
"""Two answered, two who hung up, one that the flow let go, one passed on to another queue; the last ends on the next day."""
GUIDE = {
    "service_level": (2, 6),  # removed within 20 s: answered at 5 s, abandoned at 8 s; ÷ contacts queued
    "abandon_rate": (2, 6),
    "asa": (35_000, 2),
    "avg_abandon_time": (130_000, 4),  # removed, but neither answered nor queued for a callback: 8 + 70 + 40 + 12 s
    "avg_talk": (180_000, 2),
    "avg_hold": (30_000, 1),
    "avg_wrap_up": (20_000, 2),
    "avg_handle": (230_000, 2),
}
"""Indicator → what the administrator guide's formulas give for the records, by hand."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("desk")
    cli, path = Cli(folder / "data"), folder / "contacts.jsonl"
    path.write_text("\n".join(map(json.dumps, RECORDS)) + "\n", encoding="utf-8")
    cli.ok("init")
    ingest(cli, path)
    return cli


def test_contact_records_give_what_the_guides_formulas_give(desk: Cli) -> None:
    assert parts(told(desk, "--day", "2026-01-05"), GUIDE) == GUIDE


def test_a_contact_counts_on_the_day_on_which_it_ended(desk: Cli) -> None:
    assert parts(told(desk, "--day", "2026-01-06"), ["asa", "service_level"]) == {"asa": (5_000, 1), "service_level": (1, 1)}
    own = told(desk, "--day", "2026-01-06", profile="cn-hotline")
    assert parts(own, ["asa"]) == {"asa": (0, 0)}, "by the dictionary it belongs to the day on which it was queued"


def test_the_dictionary_gives_other_numbers_for_the_same_records(desk: Cli) -> None:
    """Negative control."""
    own = parts(told(desk, "--day", "2026-01-05", profile="cn-hotline"), GUIDE)
    assert own["service_level"] == (2, 7)
    assert own["avg_abandon_time"] == (78_000, 2)
