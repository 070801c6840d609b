"""Who works here, what the queues are called and what they are to reach: by command, by table, and seen in reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Cli

pytestmark = pytest.mark.usefixtures("kept")
MAPPINGS = ROOT / "examples" / "mappings"
STAFF = """agent,joined,team,name,staff_number,extension,vendor,left,reason
a17,2026-01-05,早班,李娜,1007,8017,,,
a18,2026-01-05,夜班,王强,1008,,xinhe,2026-02-10,moved away
"""
QUEUES = """queue,effective_from,name,hotline,vendor,service_level_20s,answer_rate,asa_s
sales,2026-01-01,销售,10010,xinhe,0.9,0.92,15
sales,2026-02-01,销售,10010,xinhe,0.95,,15
repair,2026-01-01,报修,10011,,0.85,,20
"""


def made(cli: Cli, folder: Path) -> Cli:
    cli.ok("init", "--tenant", "acme", "--zone", "Asia/Shanghai")
    for name, text in (("staff", STAFF), ("queues", QUEUES)):
        (folder / f"{name}.csv").write_text(text)
        mapping = MAPPINGS / f"master.{name}.yaml"
        told = cli.ok(
            "ingest", folder / f"{name}.csv", "--format", "table", "--mapping", mapping, "--tenant", "acme", "--backfill"
        )
        assert "dead 0" in told
    return cli


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Cli:
    return made(cli, tmp_path)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A desk for all that is to leave it as it is."""
    folder = tmp_path_factory.mktemp("one")
    return made(Cli(folder / "data"), folder)


def test_tables_of_people_and_queues_are_in_force_from_their_dates(desk: Cli) -> None:
    then = desk.ok("master", "show", "--at", "2026-01-20")
    assert "王强" in then
    assert '"service_level_20s": "0.9"' in then
    now = desk.ok("master", "show", "--at", "2026-02-20")
    assert "王强" not in now
    assert '"service_level_20s": "0.95"' in now


def test_a_second_command_for_the_same_date_corrects_the_first_and_keeps_the_rest(desk: Cli) -> None:
    desk.ok("master", "set", "tenant", "--from", "2026-01-01", "--set", "zone=Asia/Shanghai", "--set", "seats=60")
    desk.ok("master", "set", "tenant", "--from", "2026-01-01", "--set", "currency=CNY")
    shown = desk.ok("master", "show", "--at", "2026-01-02")
    assert "60" in shown
    assert "CNY" in shown
    again = desk.ok("master", "set", "tenant", "--from", "2026-01-01", "--set", "currency=CNY")
    assert "known already" in again


def test_somebody_joins_moves_and_leaves_by_command(desk: Cli) -> None:
    desk.ok("master", "staff", "joined", "a19", "--at", "2026-01-10", "--set", "team=早班", "--set", "name=赵敏")
    desk.ok("master", "staff", "moved", "a19", "--at", "2026-02-01", "--set", "team=夜班")
    desk.ok("master", "staff", "left", "a19", "--at", "2026-03-01", "--set", "reason=studies")
    assert "早班" in _line(desk, "a19", "2026-01-15")
    assert "夜班" in _line(desk, "a19", "2026-02-15")
    assert not _line(desk, "a19", "2026-03-15")


def _line(cli: Cli, agent: str, at: str) -> str:
    return next((line for line in cli.ok("master", "show", "--at", at).splitlines() if agent in line), "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("set", "queue", "--from", "2026-01-01", "--set", "name=x"), "name the queue"),
        (("set", "tenant", "--from", "2026-01-01", "--set", "seatz=3"), "did you mean 'seats'"),
        (("set", "tenant", "--from", "2026-01-01", "--set", "seats=many"), "must be JSON"),
        (("set", "tenant", "--from", "2026-01-01"), "nothing to set"),
        (("set", "tenant", "--from", "next year", "--set", "seats=3"), "is not a moment"),
        (("set", "queue", "new", "--from", "2026-01-01", "--set", "hotline=10012"), "name: is missing"),
        (("staff", "joined", "b", "--at", "2199-01-01", "--set", "team=x"), "after the ledger's clock"),
        (("staff", "left", "b", "--at", "2026-01-01", "--set", "reason"), "write NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_recorded(one: Cli, arguments: tuple[str, ...], told: str) -> None:
    before = one.ok("master", "show", "--format", "json")
    said = one("master", *arguments)
    assert said.code == 2
    assert told in said.err
    assert one.ok("master", "show", "--format", "json") == before
