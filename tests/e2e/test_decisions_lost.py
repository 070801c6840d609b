"""A store of decisions that is damaged, or has less than was relayed from it, is named before anything is decided."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from opsledger.infra import decision_store, relaying
from opsledger.infra.relaying import LOCAL_PLACE, Relay
from tests.e2e.conftest import Cli
from tests.new_ledger import new_ledger

TERMS = ["--actor", "ann", "--terms", "examples/contracts/outsourced-desk.yaml", "--set", "vendor=v1", "--tenant", "t1"]
TERMS += ["--set", "effective_from=2026-01-01T00:00:00+08:00"]
Harm = Callable[[Path], object]


def edited(file: Path, statement: str) -> None:
    """By somebody with the file's rights."""
    with closing(sqlite3.connect(file)) as opened:
        opened.execute(statement)
        opened.commit()


HARMS: dict[str, tuple[Harm, str]] = {
    "cut short": (lambda file: file.write_bytes(file.read_bytes()[:5_000]), "is damaged: it is cut short, 5,000 bytes"),
    "cut within its head": (lambda file: file.write_bytes(file.read_bytes()[:50]), "is damaged: it is cut short"),
    "a page less": (lambda file: file.write_bytes(file.read_bytes()[:-4_096]), "is damaged: it is cut short"),
    "no database": (lambda file: file.write_bytes(b"x" * 9_000), "is damaged: it is not an SQLite database"),
    "torn inside": (
        lambda file: file.write_bytes(file.read_bytes()[:4_096] + b"\xff" * (file.stat().st_size - 4_096)),
        "is damaged: database disk image is malformed",
    ),
    "empty": (lambda file: file.write_bytes(b""), "has 0 decisions, and 1 were relayed from here"),
    "deleted": (lambda file: file.unlink(), "has 0 decisions, and 1 were relayed from here"),
    "deleted with the relay's place": (
        lambda file: (file.unlink(), (file.parent / LOCAL_PLACE).unlink()),
        "has 0 decisions, and the ledger has 1",
    ),
}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which a contract was signed."""
    cli = Cli(new_ledger(tmp_path_factory.mktemp("decided") / "data"))
    cli.ok("decide", "contract.sign", "desk", *TERMS)
    return cli.data


@pytest.fixture
def cli(decided: Path, tmp_path: Path) -> Cli:
    return Cli(Path(shutil.copytree(decided, tmp_path / "data", symlinks=True)))


@pytest.mark.parametrize("harm", HARMS)
def test_what_became_of_the_store_is_said_and_nothing_is_decided_on_it(cli: Cli, harm: str) -> None:
    do, said = HARMS[harm]
    do(cli.data / "decisions.sqlite")
    with cli.held():
        for command in (("relay",), ("decide", "contract.sign", "other", *TERMS)):
            told = cli(*command)
            assert (told.code, told.out) == (4, ""), told
            assert said in told.err
            assert "estore it from a backup" in told.err
        deep = cli("doctor", "--deep", "--quiet")
    assert deep.code == 3
    assert said in deep.out


def test_a_store_that_is_whole_goes_on(cli: Cli) -> None:
    with cli.held():
        assert cli.ok("relay") == "relayed 0 decisions\n"
        assert "decided 1" in cli.ok("decide", "contract.sign", "other", *TERMS)
        cli.ok("doctor", "--deep", "--quiet")


def test_it_is_begun_anew_on_purpose_alone(cli: Cli) -> None:
    (cli.data / "decisions.sqlite").unlink()
    with cli.held():
        assert cli("relay").code == 4
        assert cli.ok("relay", "--from-beginning") == "relayed 0 decisions\n"
        assert "decided 1" in cli.ok("decide", "contract.sign", "other", *TERMS)
        deep = cli("doctor", "--deep", "--quiet")
    assert "1 decisions of the ledger are not in" in deep.out


def test_control_without_the_looks_it_is_a_defect_or_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_store, "_check_whole", lambda _file: None)
    monkeypatch.setattr(Relay, "_relayed_before", lambda _self: "")
    (cli.data / "decisions.sqlite").unlink()
    assert cli.ok("relay") == "relayed 0 decisions\n"


def test_a_decision_that_waits_for_the_relay_is_no_loss_of_the_ledger(cli: Cli) -> None:
    (cli.data / LOCAL_PLACE).write_text("0\n")
    with cli.held():
        cli.ok("relay")
        assert "decided 1" in cli.ok("decide", "contract.sign", "other", *TERMS)
        (cli.data / LOCAL_PLACE).write_text("1\n")
        cli.ok("rebuild", "--quiet")


def three_less_one(cli: Cli) -> None:
    for name in ("second", "third"):
        cli.ok("decide", "contract.sign", name, *TERMS)
    edited(cli.data / "decisions.sqlite", "DELETE FROM stored_events WHERE rowid = 2")


def test_a_decision_that_was_deleted_among_others_is_missed(cli: Cli) -> None:
    with cli.held():
        three_less_one(cli)
        for command in (("relay",), ("decide", "contract.sign", "second", *TERMS)):
            told = cli(*command)
            assert (told.code, told.out) == (4, ""), told
            assert "has 2 decisions, and the last of them is number 3" in told.err
        assert cli("doctor", "--deep", "--quiet").code == 3
    doctor = cli("doctor")
    assert doctor.code == 3
    assert "2 events in" in doctor.out
    with cli.held():
        cli.ok("relay", "--from-beginning")
        assert "decided 1" in cli.ok("decide", "contract.sign", "fourth", *TERMS)
        assert "1 decisions of the ledger are not in" in cli("doctor", "--deep", "--quiet").out


def test_control_where_they_are_not_counted_one_is_decided_again(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "count_decisions", lambda app: app.recorder.max_notification_id())
    with cli.held():
        three_less_one(cli)
        assert "decided 1" in cli.ok("decide", "contract.sign", "second", *TERMS)


def test_a_decision_that_cannot_be_read_is_named(cli: Cli) -> None:
    edited(cli.data / "decisions.sqlite", "UPDATE stored_events SET state = x'00ff'")
    with cli.held():
        said = cli("doctor", "--deep", "--quiet")
        assert said.code == 3
        assert "is damaged: a decision cannot be read" in said.out
        cli.ok("rebuild", "--quiet")
