"""What says by itself whose it is (a figure's reference, a dead letter's id, a line of commands) does not leave the tenant
that the option or the environment names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.errors import EXIT_INCOMPLETE, EXIT_USAGE, UserError
from opsledger.infra.facts import view
from opsledger.infra.store import open_store
from opsledger.projections.reports.cells import parse_ref, ref_of
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.request import CELL_REPORT
from opsledger.projections.reports.run import run_report
from tests.e2e.conftest import Cli, let_go

pytestmark = pytest.mark.usefixtures("kept")
DAY = parse_period(Grain.DAY, "2026-01-05", "UTC")
OWN, OTHER = "acme", "globex"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A ledger of two tenants, each with calls and a dead letter."""
    folder = tmp_path_factory.mktemp("both")
    cli = Cli(folder / "data")
    for seed, tenant in enumerate((OWN, OTHER)):
        file = folder / f"{tenant}.jsonl"
        options = ("--days", "6", "--calls-per-day", "20", "--seed", str(seed), "--tenant", tenant, "--quiet")
        cli.ok("simulate", *options, "--out", file)
        file.write_bytes(file.read_bytes() + b"no event of " + tenant.encode() + b"\n")
        assert cli("ingest", file, "--tenant", tenant, "--backfill", "--quiet").code == EXIT_INCOMPLETE
    return cli


@pytest.fixture(scope="module")
def forged(both: Cli) -> str:
    """A reference to a figure of the other tenant's, as anybody can make one."""
    let_go()
    with open_store(both.data) as store, view(store, OTHER) as facts:
        result = run_report(facts, Request("traffic", DAY))
    ref = ref_of(result, -1, "entries")
    assert ref is not None
    assert parse_ref(ref).tenant == OTHER
    return ref


@pytest.fixture(autouse=True)
def _acme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSLEDGER_TENANT", OWN)


@pytest.mark.parametrize("option", [(), ("--tenant", OWN)])
@pytest.mark.parametrize("format_", ["json", "csv", "table"])
def test_a_forged_cell_shows_nothing_of_another_tenant(both: Cli, forged: str, option: tuple[str, ...], format_: str) -> None:
    said = both("report", "run", CELL_REPORT, "--from-cell", forged, "--format", format_, *option)
    assert (said.code, said.out) == (EXIT_USAGE, "")
    assert f"the figure is of tenant '{OTHER}', not of '{OWN}'" in said.err


def test_the_reference_is_good_for_whom_it_is_meant(both: Cli, forged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: it names rows. Who says the tenant gets them, and who is bound to none."""
    command = ("report", "run", CELL_REPORT, "--from-cell", forged, "--format", "json")
    said = both.ok(*command, "--tenant", OTHER)
    assert json.loads(said)["rows"]
    monkeypatch.delenv("OPSLEDGER_TENANT")
    assert json.loads(both.ok(*command))["rows"] == json.loads(said)["rows"]


def test_no_report_follows_a_reference_of_another_tenant(both: Cli, forged: str) -> None:
    """Whatever asks for it: the page that is open in a browser, for one."""
    let_go()
    with (
        open_store(both.data) as store,
        view(store, OWN) as facts,
        pytest.raises(UserError, match=f"of tenant '{OTHER}', not of '{OWN}'"),
    ):
        run_report(facts, Request(CELL_REPORT, DAY, cell=forged))


def _ids(cli: Cli, *options: str) -> list[str]:
    return [line.split()[0] for line in cli.ok("dead-letters", "list", *options).splitlines()]


def test_dead_letters_are_those_of_the_tenant_of_the_environment(both: Cli, tmp_path: Path) -> None:
    (own,), (other,) = _ids(both), _ids(both, "--tenant", OTHER)
    assert "no event of acme" in both.ok("dead-letters", "show", own)
    for command in (("show", other), ("retry", other), ("retry", own, other)):
        said = both("dead-letters", *command)
        assert (said.code, said.out) == (EXIT_USAGE, ""), command
        assert f"is of tenant '{OTHER}', not of '{OWN}'" in said.err
    both.ok("dead-letters", "export", tmp_path / "letters")
    assert [json.loads(line)["tenant"] for line in (tmp_path / "letters").read_text().splitlines()] == [OWN]
    assert "no event of globex" in both.ok("dead-letters", "show", other, "--tenant", OTHER)


def test_without_a_tenant_in_force_all_dead_letters_are_there(both: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSLEDGER_TENANT")
    assert len(_ids(both)) == 2


def test_a_line_of_commands_decides_for_no_other_tenant(both: Cli, tmp_path: Path) -> None:
    end = {"command": "contract.end", "id": "none", "actor": "a", "reason": "r"}
    file = tmp_path / "commands.jsonl"
    file.write_text(json.dumps(end | {"tenant": OTHER}) + "\n")
    said = both("decide", "--file", file)
    assert (said.code, f"commands.jsonl:1: it is for tenant '{OTHER}', not for '{OWN}'" in said.err) == (EXIT_USAGE, True)
    allowed = both("decide", "--file", file, "--tenant", OTHER)
    assert (allowed.code, "refused:" in allowed.err) == (EXIT_INCOMPLETE, True), allowed.err  # there is no such contract
