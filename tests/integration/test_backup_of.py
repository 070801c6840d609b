"""What a backup is made of: a ledger of before manifests, one that has rotted, a directory of which a folder cannot be read."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra.backup.series import backups_in
from opsledger.infra.engine.address import database_id
from opsledger.infra.manifest import OnLoss
from opsledger.infra.store import open_store
from tests.backup_scene import CALLS, backed_up, filled, flip, offsets, restored
from tests.desk_samples import NOW


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory."""
    data = tmp_path_factory.mktemp("made") / "data"
    filled(data)
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(made, tmp_path / "data", symlinks=True)


def test_what_has_rotted_in_the_ledger_is_named_though_the_backup_before_has_it(data: Path, tmp_path: Path) -> None:
    """The control comes first: nothing has changed, and a second backup is written."""
    backed_up(data, tmp_path / "to")
    last = backed_up(data, tmp_path / "to")
    flip(next(path for path in sorted((data / "engine" / "store").rglob("all_*/data.bin")) if _is_of_calls(path)))
    with pytest.raises(UserError, match="is damaged: call, part all_") as caught:
        backed_up(data, tmp_path / "to")
    assert caught.value.exit_code == EXIT_INCOMPLETE
    restored(tmp_path / "to", tmp_path / "new")
    assert backups_in(tmp_path / "to")[-1] == last.path


@pytest.mark.parametrize("layout", [1, 2])
def test_a_ledger_of_before_manifests_is_backed_up(
    layout: int, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("manifest.json", "manifest.late", "tables.sha256"):
        (data / name).unlink(missing_ok=True)
    with open_store(data, clock=FixedClock(NOW), on_loss=OnLoss.TELL) as store:
        for table in ("manifest", "manifest_history"):
            store.client.command(f"DROP TABLE {table} SYNC")
    if layout == 1:  # what said the database's id then was a link
        said = data / "engine" / "metadata" / "default.sql"
        home = database_id(data / "engine")
        said.unlink()
        said.with_suffix("").unlink(missing_ok=True)
        said.with_suffix("").symlink_to(data / "engine" / "store" / home[:3] / home)
        (data / "layout.json").write_text('{"layout": 1}\n')
    made = backed_up(data, tmp_path / "to")
    assert (made.index.rows["call"], "manifest.json" in made.index.files) == (CALLS, False)
    capsys.readouterr()
    restored(made.path, tmp_path / "new")
    assert f"{tmp_path / 'new'} had no manifest of what it holds; it has one now" in capsys.readouterr().err
    with open_store(tmp_path / "new", clock=FixedClock(NOW)) as store:
        assert not store.findings
        assert offsets(store) == {0: list(range(CALLS))}
    assert (tmp_path / "new" / "manifest.json").exists()


def test_a_folder_that_cannot_be_read_is_not_passed_over(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan: Callable[[object], object] = os.scandir

    def refusing(path: object) -> object:  # rights do not keep root out
        if isinstance(path, str | Path) and Path(path).name == "follow":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(UserError, match=r"Permission denied \(.*follow\)") as caught:
        backed_up(data, tmp_path / "to")
    assert caught.value.exit_code == EXIT_ENVIRONMENT
    assert backups_in(tmp_path / "to") == []


def _is_of_calls(file: Path) -> bool:
    return "`hotline`" in file.with_name("columns.txt").read_text()
