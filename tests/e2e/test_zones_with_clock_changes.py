"""Days of 23, 25, 23½ and 24½ hours, zones off the full hour, a month read from UTC: from lines in to a table out.

Each day has calls on both sides of its ends and of its clock change, and an agent signed in from before it until after
it. All moments and hours below were worked out by hand; none comes from a library of zones.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.infra.facts import view
from opsledger.infra.render import render_result
from opsledger.infra.store import open_store
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests.e2e.conftest import Cli, let_go

pytestmark = pytest.mark.usefixtures("kept")
WAIT_S, TALK_S, WRAP_S = 10, 60, 30
Line = dict[str, Any]


@dataclass(frozen=True)
class Day:
    """A local day: its two ends and the calls between in UTC, with the local hour (or half hour) of each."""

    zone: str
    day: str
    start: str
    middle: dict[str, str]
    stop: str
    first: str
    last: str
    hours: float
    interval: str = "hour"

    @property
    def name(self) -> str:
        return f"{self.zone.replace('/', '_')}-{self.day}"


DAYS = (
    Day("Europe/Berlin", "2025-03-30", "2025-03-29T23:00:00Z",
        {"2025-03-30T00:59:59Z": "2025-03-30T01:00:00+01:00", "2025-03-30T01:00:00Z": "2025-03-30T03:00:00+02:00"},
        "2025-03-30T22:00:00Z", "2025-03-30T00:00:00+01:00", "2025-03-30T23:00:00+02:00", 23),
    Day("Europe/Berlin", "2025-10-26", "2025-10-25T22:00:00Z",
        {"2025-10-26T00:30:00Z": "2025-10-26T02:00:00+02:00", "2025-10-26T01:30:00Z": "2025-10-26T02:00:00+01:00"},
        "2025-10-26T23:00:00Z", "2025-10-26T00:00:00+02:00", "2025-10-26T23:00:00+01:00", 25),
    Day("America/New_York", "2025-03-09", "2025-03-09T05:00:00Z",
        {"2025-03-09T06:59:59Z": "2025-03-09T01:00:00-05:00", "2025-03-09T07:00:00Z": "2025-03-09T03:00:00-04:00"},
        "2025-03-10T04:00:00Z", "2025-03-09T00:00:00-05:00", "2025-03-09T23:00:00-04:00", 23),
    Day("America/New_York", "2025-11-02", "2025-11-02T04:00:00Z",
        {"2025-11-02T05:30:00Z": "2025-11-02T01:00:00-04:00", "2025-11-02T06:30:00Z": "2025-11-02T01:00:00-05:00"},
        "2025-11-03T05:00:00Z", "2025-11-02T00:00:00-04:00", "2025-11-02T23:00:00-05:00", 25),
    Day("Australia/Lord_Howe", "2025-04-06", "2025-04-05T13:00:00Z",
        {"2025-04-05T14:45:00Z": "2025-04-06T01:30:00+11:00", "2025-04-05T15:15:00Z": "2025-04-06T01:30:00+10:30"},
        "2025-04-06T13:30:00Z", "2025-04-06T00:00:00+11:00", "2025-04-06T23:30:00+10:30", 24.5, "half_hour"),
    Day("Australia/Lord_Howe", "2025-10-05", "2025-10-04T13:30:00Z",
        {"2025-10-04T15:29:59Z": "2025-10-05T01:30:00+10:30", "2025-10-04T15:30:00Z": "2025-10-05T02:30:00+11:00"},
        "2025-10-05T13:00:00Z", "2025-10-05T00:00:00+10:30", "2025-10-05T23:30:00+11:00", 23.5, "half_hour"),
    Day("Asia/Kolkata", "2025-07-01", "2025-06-30T18:30:00Z",
        {"2025-07-01T00:29:59Z": "2025-07-01T05:00:00+05:30", "2025-07-01T00:30:00Z": "2025-07-01T06:00:00+05:30"},
        "2025-07-01T18:30:00Z", "2025-07-01T00:00:00+05:30", "2025-07-01T23:00:00+05:30", 24),
    Day("Asia/Kathmandu", "2025-07-01", "2025-06-30T18:15:00Z",
        {"2025-07-01T00:14:59Z": "2025-07-01T05:00:00+05:45", "2025-07-01T00:15:00Z": "2025-07-01T06:00:00+05:45"},
        "2025-07-01T18:15:00Z", "2025-07-01T00:00:00+05:45", "2025-07-01T23:00:00+05:45", 24),
)  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Lines:
    """JSON lines of one tenant."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.text: list[str] = []

    def add(self, type_: str, subject: str, moment: datetime, **data: Any) -> None:
        number = UUID(int=len(self.text) + 1 + 1_000 * sum(map(ord, self.tenant)))
        line = {"type": type_, "specversion": "1.0", "id": str(number), "source": "hand:switch", "subject": subject}
        line |= {"time": _utc(moment), "tenant": self.tenant, "data": data}
        self.text.append(json.dumps(line))

    def call(self, moment: datetime) -> None:
        """Queued at a moment, answered after 10 s, over after a minute, wrapped up after half a minute more."""
        name = f"c{len(self.text)}"
        answered = moment + timedelta(seconds=WAIT_S)
        over = answered + timedelta(seconds=TALK_S)
        self.add("call.offered", name, moment, direction="inbound", channel="phone", hotline="h")
        self.add("call.queued", name, moment, queue="q")
        self.add("call.answered", name, answered, agent="a1")
        self.add("call.ended", name, over, by="customer")
        self.add("call.wrapped_up", name, over + timedelta(seconds=WRAP_S), agent="a1", started_at=_utc(over), nature="consult")

    def shift(self, start: datetime, stop: datetime) -> None:
        self.add("shift.signed_in", "s1", start, agent="a1")
        self.add("shift.state_changed", "s1", start, agent="a1", state="idle")
        self.add("shift.signed_out", "s1", stop, agent="a1")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _day_lines(day: Day) -> Lines:
    lines = Lines(day.name)
    start, stop = _moment(day.start), _moment(day.stop)
    lines.add("tenant.configured", day.name, start - timedelta(days=30), zone=day.zone, effective_from="2025-01-01T00:00:00Z")
    second = timedelta(seconds=1)
    outside = (start - second, stop)
    inside = (start, *map(_moment, day.middle), stop - 30 * second, stop - second)
    for moment in (*outside, *inside):
        lines.call(moment)
    lines.shift(start - timedelta(hours=2), stop + timedelta(hours=2))
    return lines


Table = list[dict[str, str]]
Told = dict[tuple[str, str, str], Table]
PROFILES = ("cn-hotline", "wazo")
BY_COMMAND = DAYS[1], DAYS[4]
"""The days whose reports are run by the command line too, in the tenant's configured zone."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A tenant for each day, all in one data directory, imported as a user does."""
    folder = tmp_path_factory.mktemp("zones")
    cli = Cli(folder / "data")
    month = Lines("month")
    second = timedelta(seconds=1)
    for end in (_moment("2024-12-31T16:00:00Z"), _moment("2025-01-31T16:00:00Z")):
        month.call(end - second)
        month.call(end)
    month.call(_moment("2025-01-31T23:59:59Z"))
    text = [line for lines in (*map(_day_lines, DAYS), month) for line in lines.text]
    (folder / "all.jsonl").write_text("\n".join(text) + "\n", encoding="utf-8")
    said = cli.ok("ingest", folder / "all.jsonl", "--quiet")
    assert f"read {len(text)} = accepted {len(text)} + duplicate 0 + dead 0" in said
    return cli


@pytest.fixture(scope="module")
def told(world: Cli) -> Told:
    """Day, report and profile → the report's table; all run while the store is open once."""
    found: Told = {}
    let_go()
    with open_store(world.data) as store:
        for day, profile in product(DAYS, PROFILES):
            period = parse_period(Grain.DAY, day.day, day.zone)
            for report, interval in (("traffic", day.interval), ("service_indicators", None)):
                with view(store, day.name) as facts:
                    result = run_report(facts, Request(report, period, interval=interval, profile=profile))
                assert result.ok
                found[day.name, report, profile] = _table(str(render_result(result, "csv", 0)))
    return found


def _table(text: str) -> Table:
    """The first table of a CSV, by the titles of its columns."""
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff").replace("\r\n", "\n").split("\n\n")[0])))


def _run(cli: Cli, *asked: str) -> Table:
    return _table(cli.ok("report", "run", *asked, "--format", "csv"))


def _traffic(table: Table) -> dict[str, tuple[int, int]]:
    """Interval → queue entries, and how many of them were answered; the total under ''."""
    return {row["Interval"]: (int(row["Queue entries"]), int(row["Answered"])) for row in table}


def _indicators(table: Table) -> dict[str, str]:
    return {row["Code"]: row["Value"] for row in table}


def _hours(day: Day) -> dict[str, tuple[int, int]]:
    return {day.first: (1, 1), **dict.fromkeys(day.middle.values(), (1, 1)), day.last: (2, 2), "": (5, 5)}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("day", DAYS, ids=lambda d: d.name)
def test_calls_stand_in_the_local_hours_of_the_clock_on_the_wall(told: Told, day: Day, profile: str) -> None:
    assert _traffic(told[day.name, "traffic", profile]) == _hours(day)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("day", DAYS, ids=lambda d: d.name)
def test_a_day_is_as_long_as_it_was(told: Told, day: Day, profile: str) -> None:
    """Signed in throughout; the two last calls end on the next day, the last of the day before ends on this one."""
    found = _indicators(told[day.name, "service_indicators", profile])
    assert int(found["signed_in_time"]) == day.hours * 3_600_000
    assert [found[code] for code in ("entries", "answered", "service_level", "asa")] == ["5", "5", "1", "10000"]
    assert int(found["legs_answered"]) == {"cn-hotline": 4, "wazo": 5}[profile]


@pytest.mark.parametrize("day", BY_COMMAND, ids=lambda d: d.name)
def test_the_command_line_takes_the_tenants_zone(world: Cli, day: Day) -> None:
    asked = ("--tenant", day.name, "--day", day.day, "--profile", "wazo")
    assert _traffic(_run(world, "traffic", *asked, "--interval", day.interval)) == _hours(day)
    assert int(_indicators(_run(world, "service_indicators", *asked))["signed_in_time"]) == day.hours * 3_600_000


def test_the_same_day_in_another_zone_is_another_day(world: Cli) -> None:
    """Negative control: were the zone not looked at, both would be the same."""
    day = BY_COMMAND[0]
    in_utc = _traffic(_run(world, "traffic", "--tenant", day.name, "--day", day.day, "--interval", "hour", "--zone", "UTC"))
    assert in_utc != _hours(day)
    assert in_utc[""] == (5, 5), "out: the day's first call; in: the first one after its end"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_months_end_in_shanghai_is_read_from_utc(world: Cli, profile: str) -> None:
    asked = ("--tenant", "month", "--month", "2025-01", "--profile", profile)
    shanghai = (*asked, "--zone", "Asia/Shanghai")
    assert _traffic(_run(world, "traffic", *shanghai)) == {"2025-01-01": (1, 1), "2025-01-31": (1, 1), "": (2, 2)}
    assert _traffic(_run(world, "traffic", *asked)) == {"2025-01-31": (3, 3), "": (3, 3)}
    in_shanghai, in_utc = (_indicators(_run(world, "service_indicators", *each)) for each in (shanghai, asked))
    assert (in_shanghai["entries"], in_utc["entries"]) == ("2", "3")
    assert (in_shanghai["legs_answered"], in_utc["legs_answered"]) == {
        "cn-hotline": ("2", "2"),
        "wazo": ("2", "3"),
    }[profile], "by its end, a call of the last second belongs to the next month"
