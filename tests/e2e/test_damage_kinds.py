"""Each kind of damage to the engine's files: which command finds it, with which exit code and words, and what heals it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.projections.facts import past, rebuild, schema
from opsledger.projections.ledger import manifest
from tests.damage import DAMAGES, PARTS, ROWS, ledger_with_facts, parts
from tests.e2e.conftest import Cli
from tests.engine_damage import run_by_hand

Do = Callable[[Path], object]
REPORT = ("report", "run", "traffic", "--day", "2026-01-05", "--tenant", "t1", "--format", "csv")
REBUILD = ("rebuild", "--quiet")
DEEP = ("doctor", "--deep", "--quiet")
WHOLE = "all is whole: parts, facts and decisions\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledger_with_facts(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def cli(made: Path, tmp_path: Path) -> Cli:
    return Cli(Path(shutil.copytree(made, tmp_path / "data", symlinks=True)))


def figures(cli: Cli) -> list[str]:
    """What a report says, without when it was made."""
    return [line for line in cli.ok(*REPORT).splitlines() if not line.startswith("# ")]


def in_anothers_place(data: Path) -> None:
    first, second, _ = parts(data)
    shutil.rmtree(first)
    shutil.copytree(second, first)


def in_a_second_place(data: Path) -> None:
    first = parts(data)[0]
    shutil.copytree(first, first.parent / "all_900_900_0")


def index_flipped(data: Path) -> None:
    file = parts(data)[0] / "primary.cidx"
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(bytes(held))


def emptied(name: str) -> Do:
    return lambda data: (parts(data)[0] / name).write_bytes(b"")


def by_hand(statement: str) -> Do:
    return lambda data: run_by_hand(data, statement)


def of_facts(how: str) -> Do:
    return lambda data: DAMAGES[how](parts(data, "legs")[0])


@dataclass(frozen=True, slots=True)
class Kind:
    """Damage: what a report says of it, what ``doctor --deep`` says, and whether the loss can be accepted."""

    do: Do
    said: str
    deep: str
    accepts: bool = True


OF_LEDGER: dict[str, Kind] = {
    "a column file is empty": Kind(emptied("data.bin"), f"{ROWS} are missing, from offset 0", "is set aside"),
    "a list of columns is empty": Kind(emptied("columns.txt"), f"{ROWS} are missing, from offset 0", "is set aside"),
    "a part twice": Kind(
        in_a_second_place, f"{ROWS} are there twice", f"{ROWS} rows of partition 0 have an offset that others"
    ),
    "a bit of an index": Kind(
        index_flipped, "table 'call' are damaged, in part all_1_1_0", "all_1_1_0 is broken", accepts=False
    ),
    "a table emptied": Kind(by_hand("TRUNCATE TABLE call"), f"{PARTS * ROWS} are missing", "facts 'calls': they are not"),
    "a table dropped": Kind(by_hand("DROP TABLE call"), "holds no rows", "table 'call': the table is gone"),
    "dead letters dropped": Kind(by_hand("DROP TABLE dead_letters"), "'dead_letters' is gone", "'dead_letters': the table is"),
}
OF_FACTS: dict[str, Kind] = {
    "dropped": Kind(by_hand("DROP TABLE legs"), "missing that the ledger's facts were in: 'legs'", "the table was missing"),
    "set aside by the engine": Kind(of_facts("checksums emptied"), "parts of fact tables are set aside", "could not be read"),
    "set aside by hand": Kind(of_facts("detached"), "parts of fact tables are set aside", "could not be read"),
}


def found(cli: Cli, kind: Kind) -> str:
    """What a report says, once every command has said what is wrong with its exit code, and none called it a defect."""
    report, doctor, deep = cli(*REPORT), cli("doctor"), cli(*DEEP)
    assert (report.code, report.out) == (4, ""), report
    assert kind.said in report.err
    assert doctor.code == 3, doctor
    assert deep.code == 3, deep
    assert kind.deep in deep.out
    assert "defect" not in report.err + doctor.out + doctor.err + deep.out + deep.err
    return report.err


def test_the_clean_twin_has_nothing_to_find(cli: Cli) -> None:
    before = figures(cli)
    assert cli.ok(*DEEP) == WHOLE
    cli.ok("doctor")
    said = cli.ok(*REBUILD)
    assert said.count("as it was") == len(said.splitlines())
    assert figures(cli) == before


@pytest.mark.parametrize("how", OF_LEDGER)
def test_the_ledger_is_refused_until_its_loss_is_accepted(cli: Cli, how: str) -> None:
    kind = OF_LEDGER[how]
    kind.do(cli.data)
    assert "estore" in found(cli, kind)
    accepted = cli("--accept-loss", *REPORT)
    assert accepted.code == (0 if kind.accepts else 4), accepted.err
    if kind.accepts:
        assert "accepted, on record" in accepted.err
        assert "loss accepted" in cli.ok("doctor")
        cli.ok(*REBUILD, "--accept")
        assert "facts" not in cli(*DEEP).out.replace(WHOLE, "")


@pytest.mark.parametrize("how", OF_FACTS)
def test_facts_are_made_anew_without_asking(cli: Cli, how: str) -> None:
    before, kind = figures(cli), OF_FACTS[how]
    kind.do(cli.data)
    assert "opsledger rebuild" in found(cli, kind)
    cli.ok(*REBUILD)
    assert figures(cli) == before
    cli.ok("doctor")
    assert cli.ok(*DEEP) == WHOLE


def test_facts_that_were_emptied_are_shown_and_healed_when_accepted(cli: Cli) -> None:
    before = figures(cli)
    run_by_hand(cli.data, "TRUNCATE TABLE legs")
    for command in (DEEP, REBUILD):
        said = cli(*command)
        assert said.code == 3, said
        assert f"only in what the ledger gives: {PARTS * ROWS}" in said.out
    cli.ok(*REBUILD, "--accept")
    assert figures(cli) == before
    assert cli.ok(*DEEP) == WHOLE


def test_a_part_in_anothers_place_is_found_where_rows_are_as_many(cli: Cli) -> None:
    in_anothers_place(cli.data)
    deep = cli(*DEEP)
    assert deep.code == 3
    assert f"{ROWS} rows of partition 0 have an offset that others have; {ROWS} offsets are missing" in deep.out


def test_control_without_the_count_a_second_copy_goes_by(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "is_local", lambda _place: False)
    in_a_second_place(cli.data)
    cli.ok(*REPORT)


def test_control_facts_that_are_set_aside_make_smaller_reports(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    before = figures(cli)
    monkeypatch.setattr(schema, "tables_with_parts_set_aside", lambda _client: ())
    OF_FACTS["set aside by the engine"].do(cli.data)
    assert figures(cli) != before


def layout_emptied(data: Path) -> None:
    (data / "layout.json").write_bytes(b"")


def folder_replaced(data: Path) -> None:
    folder = parts(data)[0].parent
    shutil.rmtree(folder)
    folder.write_bytes(b"")


@pytest.mark.parametrize(
    ("do", "said"),
    [(layout_emptied, "layout.json is damaged"), (folder_replaced, "table 'call' cannot be loaded: restore it from a backup")],
)
def test_a_ledger_that_cannot_be_opened_at_all_is_said_by_each_command(cli: Cli, do: Do, said: str) -> None:
    do(cli.data)
    for command in (REPORT, DEEP, REBUILD):
        told = cli(*command)
        assert (told.code, told.out) == (4, "")
        assert said in told.err
    doctor = cli("doctor")
    assert doctor.code == 4
    assert said in doctor.out


def test_a_full_disk_is_no_defect_and_no_damage(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    full = "Code: 243. DB::Exception: Could not perform insert. None of the disks have enough free space. (NOT_ENOUGH_SPACE)"

    def refused(*_: object, **__: object) -> NoReturn:
        error = ClickHouseError(full)
        error.code = 243
        raise error

    monkeypatch.setattr(past, "database", refused)
    monkeypatch.setattr(rebuild, "build_beside", refused)
    told = cli(*REBUILD)
    assert told.code == 4
    assert "the disk is full; make room" in told.err
    deep = cli(*DEEP)
    assert deep.code == 3
    assert "facts: not compared: the engine could not go on: the disk is full" in deep.out
    assert "restore" not in deep.out
