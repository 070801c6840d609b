"""``opsledger backup`` and ``restore`` as a user meets them: what they say, and their exit codes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from opsledger.infra.decision_store import VARIABLE as DECISIONS
from opsledger.infra.server import URL_VARIABLE
from tests.backup_scene import filled
from tests.e2e.conftest import Cli
from tests.ledger_samples import calls


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("ledger") / "data"
    filled(data)
    return data


def test_what_was_written_and_what_was_restored_is_told(ledger: Path, tmp_path: Path) -> None:
    cli, to = Cli(ledger), tmp_path / "to"
    (ledger / "notes").symlink_to(tmp_path)
    told = cli.ok("backup", to)
    assert f"wrote {to}/2" in told
    for line in ("call                              200 rows  call/0 ends at 200", "decisions                           2"):
        assert line in told
    assert "not in it: the environment (settings, passwords)" in told
    assert "not in it: the link notes, and what it leads to" in told
    assert cli.ok("backup", to, "--quiet") == ""
    new = tmp_path / "new"
    told = cli.ok("restore", to, "--data", new)
    assert f"into {new}" in told
    assert "call/0 ends at 200" in told
    said = cli("restore", to, "--data", new)
    assert (said.code, "is not empty" in said.err) == (2, True)
    newest = max(path for path in to.iterdir() if path.is_dir())
    next(newest.rglob("data.bin")).unlink()
    said = cli("restore", to, "--data", tmp_path / "other")
    assert said.code == 4
    assert f"the backup {newest} is damaged" in said.err
    assert not (tmp_path / "other").exists()
    said = cli("backup", ledger)
    assert (said.code, "lies in the data directory" in said.err) == (2, True)
    assert cli("backup").code == cli("restore").code == 2


def test_tables_of_others_are_named(tmp_path: Path) -> None:
    from opsledger.infra.store import open_store
    from tests.new_ledger import new_ledger

    with open_store(new_ledger(tmp_path / "data")) as store:
        store.client.command("CREATE TABLE pivot (a UInt8) ENGINE = MergeTree ORDER BY a")
    told = Cli(tmp_path / "data").ok("backup", tmp_path / "to")
    assert [line for line in told.splitlines() if "the table" in line] == ["not in it: the table pivot"]


def test_a_ledger_on_a_server_and_decisions_in_a_postgresql_are_said_to_be_backed_up_there(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(ledger)
    monkeypatch.setenv(DECISIONS, "postgresql://ann:geheim@db.example:5432/desk")
    told = cli.ok("backup", tmp_path / "to")
    assert "decisions are kept in postgresql://db.example:5432/desk, not in it" in told
    assert "pg_dump" in told
    assert "geheim" not in told
    assert "pg_restore" in cli.ok("restore", tmp_path / "to", "--data", tmp_path / "new")
    monkeypatch.setenv(URL_VARIABLE, "http://ann:geheim@127.0.0.1:1/desk")
    said = cli("backup", tmp_path / "to")
    told = cli.ok("restore", tmp_path / "to", "--data", tmp_path / "local")
    assert "the ledger on http://127.0.0.1:1/desk, not with this one" in told
    assert "geheim" not in told
    assert said.code == 2
    assert "whose own backup is to be used: BACKUP DATABASE `desk`" in said.err
    assert "geheim" not in said.err


def test_a_restored_ledger_is_used_like_any_other(ledger: Path, tmp_path: Path) -> None:
    """As a user does it: another process each, in a directory that is new to the program."""
    Cli(ledger).ok("backup", tmp_path / "to")
    cli = Cli(tmp_path / "new")
    assert cli.process("restore", tmp_path / "to").code == 0
    (tmp_path / "more.jsonl").write_bytes(b"\n".join(calls(3, first=199)) + b"\n")
    told = cli.process("ingest", tmp_path / "more.jsonl", "--quiet").out
    assert "accepted 2 + duplicate 1 + dead 0" in told
    assert "as it was" in cli.process("rebuild", "--quiet").out
    shutil.rmtree(tmp_path / "new")
