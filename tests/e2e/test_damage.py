"""Damage is named, with its table and what to do, and healed where the ledger is whole; what is whole is said to be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from opsledger.infra.store import open_store
from opsledger.projections.facts import comparison, schema
from opsledger.projections.ledger import engine_errors
from tests.e2e.conftest import Cli, Said
from tests.engine_damage import asked, cut_short, definition_of, flip_bit, parts_of, run_by_hand
from tests.gateways import running
from tests.ledger_samples import calls, line, tables
from tests.new_ledger import new_ledger

DEEP = ("doctor", "--deep", "--quiet")
REBUILD = ("rebuild", "--quiet")
REPORT = ("report", "run", "traffic", "--day", "2026-01-05", "--tenant", "t1", "--format", "csv")
WHOLE = "all is whole: parts, facts and decisions\n"
FILED = {"channel": "phone", "business": "b", "content": "c", "internal": False}
RULED = {"liable": True, "severity": "minor", "reason": "rude"}
Damages = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with calls, complaints and five rulings, its facts made."""
    folder = tmp_path_factory.mktemp("whole")
    cli = Cli(new_ledger(folder / "data"))
    filed = [line(f"cp{n}", type_="complaint.filed", data=FILED) for n in range(6)]
    (folder / "events.jsonl").write_bytes(b"\n".join([*calls(40), *filed]) + b"\n")
    rulings = [
        {
            "command": "complaint.adjudicate",
            "id": f"cp{n}",
            "actor": "ann",
            "liable": True,
            "severity": "minor",
            "reason": "rude",
        }
        for n in range(5)
    ]
    (folder / "rulings.jsonl").write_text("\n".join(json.dumps(each) for each in rulings) + "\n")
    with cli.held():
        cli.ok("ingest", folder / "events.jsonl", "--quiet")
        cli.ok("decide", "--file", folder / "rulings.jsonl", "--tenant", "t1")
    return cli.data


@pytest.fixture
def hurt(whole: Path, tmp_path: Path) -> Callable[[Damages], Cli]:
    """A copy of the ledger, damaged, and commands on it."""

    def copied(damage: Damages) -> Cli:
        data = Path(shutil.copytree(whole, tmp_path / "data", symlinks=True))
        damage(data)
        return Cli(data)

    return copied


Hurt = Callable[[Damages], Cli]


def found(cli: Cli, *words: str) -> Said:
    """What ``doctor --deep`` says, findings among which have these words."""
    said = cli(*DEEP)
    assert said.code == 3, said.out + said.err
    for word in words:
        assert word in said.out, said.out
    return said


def facts(data: Path) -> list[tuple[object, ...]]:
    """What reports would be made of."""
    told = "cityHash64(toString(tuple(* EXCEPT (first_day, last_offset, tangled_from, tangled_to))))"
    return asked(data, f"SELECT count(), sum({told}) FROM calls FINAL") + asked(
        data, "SELECT * FROM complaints FINAL ORDER BY complaint"
    )


def test_what_is_whole_is_said_to_be_and_a_rebuild_changes_nothing(hurt: Hurt) -> None:
    cli = hurt(lambda data: None)
    assert cli.ok(*DEEP) == WHOLE
    before = facts(cli.data)
    said = cli.ok(*REBUILD)
    assert said.count("as it was") == len(said.splitlines())
    assert facts(cli.data) == before


def test_a_bit_of_the_ledger_is_found_and_named_and_no_command_builds_on_it(hurt: Hurt) -> None:
    cli = hurt(lambda data: flip_bit(data, "call"))
    found(cli, "table 'call': part all_1_1_0 is broken", "restore the ledger from a backup", "facts: not compared")
    said = cli(*REBUILD)
    assert said.code == 4
    assert "data of table 'call' are damaged, in part all_1_1_0" in said.err
    assert "restore the ledger from a backup" in said.err


def test_control_without_the_list_of_codes_it_is_a_defect(hurt: Hurt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_errors, "_DAMAGE", frozenset())
    said = hurt(lambda data: flip_bit(data, "call"))(*REBUILD)
    assert said.code == 1
    assert "a defect of the program" in said.err


def test_a_bit_of_a_fact_table_is_found_and_healed(hurt: Hurt, whole: Path) -> None:
    cli = hurt(lambda data: flip_bit(data, "calls"))
    found(cli, "table 'calls': part", "is broken", "opsledger rebuild")
    assert "could not be read" in cli.ok(*REBUILD)
    assert cli.ok(*DEEP) == WHOLE
    assert facts(cli.data) == facts(whole)


def test_a_part_of_facts_that_the_engine_set_aside_is_found_and_healed(hurt: Hurt, whole: Path) -> None:
    cli = hurt(lambda data: (parts_of(data, "calls")[0] / "checksums.txt").write_bytes(b"") and None)
    found(cli, "table 'calls': part broken-on-start", "is set aside", "facts 'calls': the table could not be read")
    assert "could not be read" in cli.ok(*REBUILD)
    assert cli.ok(*DEEP) == WHOLE
    assert facts(cli.data) == facts(whole)


def test_a_fact_table_that_was_dropped_is_named_at_once_and_healed(hurt: Hurt, whole: Path) -> None:
    cli = hurt(lambda data: run_by_hand(data, "DROP TABLE calls"))
    said = cli(*REPORT)
    assert (said.code, said.out) == (4, "")
    assert "'calls'; reports would be empty" in said.err
    assert "opsledger rebuild" in said.err
    found(cli, "facts 'calls': the table was missing")
    assert cli(*REPORT).code == 4, "looking does not make it"
    assert "was missing" in cli.ok(*REBUILD)
    assert cli.ok(*DEEP) == WHOLE
    assert facts(cli.data) == facts(whole)


def test_control_a_table_that_is_not_missed_is_made_empty(hurt: Hurt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "missing_tables", lambda _there: ())
    cli = hurt(lambda data: run_by_hand(data, "DROP TABLE calls"))
    cli.ok(*REPORT)
    assert facts(cli.data)[0][0] == 0


def test_a_missing_table_stays_missing_where_the_rest_is_not_accepted(hurt: Hurt) -> None:
    edit = "ALTER TABLE complaints UPDATE liable = false WHERE complaint = 'cp1'"
    cli = hurt(lambda data: run_by_hand(data, "DROP TABLE calls", edit))
    said = cli(*REBUILD)
    assert said.code == 3, said.out
    assert "nothing was changed" in said.err
    assert cli(*REPORT).code == 4


@pytest.mark.parametrize(
    ("edit", "shown"),
    [
        ("DELETE WHERE complaint = 'cp1'", "complaint=cp1: only anew"),
        (
            "UPDATE severity = 'severe' WHERE complaint = 'cp1'",
            "severity severe in the facts, minor anew",
        ),
        (
            "UPDATE liable = false WHERE complaint = 'cp1'",
            "sum of liable: 4 in the facts, 5 from the ledger",
        ),
    ],
)
def test_edited_facts_are_shown_and_put_right_only_when_accepted(hurt: Hurt, whole: Path, edit: str, shown: str) -> None:
    cli = hurt(lambda data: run_by_hand(data, f"ALTER TABLE complaints {edit}"))
    edited = facts(cli.data)
    found(cli, "facts 'complaints': they are not what the ledger gives", shown)
    said = cli(*REBUILD)
    assert said.code == 3
    assert shown in said.out
    assert "nothing was changed" in said.err
    assert facts(cli.data) == edited
    cli.ok(*REBUILD, "--accept")
    assert facts(cli.data) == facts(whole)
    assert cli.ok(*DEEP) == WHOLE


def test_control_a_comparison_that_sees_nothing_lets_edited_facts_be(hurt: Hurt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "_summed", lambda _client, _table: (0, 0))
    cli = hurt(lambda data: run_by_hand(data, "ALTER TABLE complaints DELETE WHERE complaint = 'cp1'"))
    assert cli.ok(*DEEP) == WHOLE


@pytest.mark.parametrize("edit", ["UPDATE severity = 'severe' WHERE liable", "DELETE WHERE subject = 'cp2'"])
def test_an_edited_ledger_is_found_and_its_facts_are_not_put_in_force(hurt: Hurt, whole: Path, edit: str) -> None:
    cli = hurt(lambda data: run_by_hand(data, f"ALTER TABLE complaint {edit}"))
    found(cli, "table 'complaint': rows were changed by hand", "facts 'complaints': they are not what the ledger gives")
    if edit.startswith("DELETE"):
        assert "manifest: stream 'complaint'" in found(cli).out
        said = cli(*REBUILD)
        assert said.code == 4, "less than the manifest says"
        assert "the manifest says" in said.err
    said = cli("--accept-loss", *REBUILD)
    assert said.code == 3
    assert "nothing was changed" in said.err
    assert facts(cli.data) == facts(whole)


def test_rulings_that_were_deleted_are_named_not_put_in_force_and_brought_again(hurt: Hurt, whole: Path) -> None:
    edit = "ALTER TABLE complaint DELETE WHERE source = 'decision' AND subject IN ('cp1', 'cp2')"
    cli = hurt(lambda data: run_by_hand(data, edit))
    found(cli, "2 decisions of", "are not in the ledger any more: complaint.adjudicated cp1", "opsledger relay --missing")
    assert cli(*REBUILD).code == 4, "less than the manifest says"
    said = cli("--accept-loss", *REBUILD)
    assert said.code == 3
    assert "2 decisions of" in said.err
    assert facts(cli.data) == facts(whole)
    assert cli.ok("relay", "--missing") == "relayed 2 decisions again that the ledger did not have\n"
    assert cli.ok("relay", "--missing") == "relayed 0 decisions again that the ledger did not have\n"
    assert found(cli, "rows were changed by hand").out.endswith("\n1 findings\n")
    assert "differs" not in cli.ok(*REBUILD)


def test_facts_that_cannot_be_read_are_not_made_of_a_ledger_that_lacks_rulings(hurt: Hurt) -> None:
    def damage(data: Path) -> None:
        run_by_hand(data, "ALTER TABLE complaint DELETE WHERE source = 'decision' AND subject = 'cp1'")
        flip_bit(data, "complaints")

    cli = hurt(damage)
    assert cli("--accept-loss", *REBUILD).code == 3
    cli.ok(*REBUILD, "--accept")


def test_a_decision_that_says_something_else_in_the_ledger_is_named(hurt: Hurt) -> None:
    edit = "UPDATE payload = replaceOne(payload, 'rude', 'kind') WHERE subject = 'cp3' AND source = 'decision'"
    cli = hurt(lambda data: run_by_hand(data, f"ALTER TABLE complaint {edit}"))
    found(cli, "1 decisions are others in the ledger than in", "complaint.adjudicated cp3")


def test_a_definition_that_is_cut_short_is_named_or_made_anew(hurt: Hurt, whole: Path) -> None:
    cli = hurt(lambda data: cut_short(definition_of(data, "calls")))
    said = cli(*REPORT)
    assert said.code == 4
    assert "definition of 'calls' was damaged and is set aside" in said.err
    assert "opsledger rebuild" in said.err
    cli.ok(*REBUILD)
    assert cli.ok(*DEEP) == WHOLE
    assert facts(cli.data) == facts(whole)
    cut_short(definition_of(cli.data, "complaint_once"), 0)
    cli.ok(*REPORT)
    assert cli.ok(*DEEP) == WHOLE
    cut_short(definition_of(cli.data, "call"))
    for command in (DEEP, REPORT, REBUILD):
        said = cli(*command)
        assert (said.code, said.out) == (4, "")
        assert "the definition of the ledger's table 'call' is damaged" in said.err
        assert "Code: " not in said.err


def test_a_ledger_table_that_is_gone_is_named(hurt: Hurt) -> None:
    cli = hurt(lambda data: run_by_hand(data, "DROP TABLE call"))
    said = cli(*REPORT)
    assert said.code == 4
    assert "'call'" in said.err
    found(cli, "table 'call': the table is gone")


def test_facts_that_are_only_behind_the_ledger_do_not_differ(hurt: Hurt, tmp_path: Path) -> None:

    def append(data: Path) -> None:
        with open_store(data) as store:
            store.log.append(tables(calls(5, first=100)))

    cli = hurt(append)
    assert "differs" not in cli.ok(*REBUILD)


def test_a_directory_that_a_gateway_holds_is_not_looked_into(hurt: Hurt) -> None:
    cli = hurt(lambda data: None)
    with running(cli.data):
        said = cli(*DEEP)
    assert said.code == 4
    assert "a gateway holds" in said.err
