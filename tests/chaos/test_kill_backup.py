"""A kill or a full disk in a backup or a restore: what it leaves is not taken for a whole one, and the next clears it away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.backup.freeze import SHADOW
from opsledger.infra.backup.series import backups_in
from opsledger.infra.store import open_store
from tests.backup_scene import backed_up, filled, offsets, reports, restored, undecided
from tests.chaos.backup_child import STEPS
from tests.chaos.confined import NO_MOUNTS, own_mounts, run
from tests.desk_samples import NOW

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(data directory, a series with a backup of it)"""
    folder = tmp_path_factory.mktemp("made")
    filled(folder / "data")
    backed_up(folder / "data", folder / "to")
    return folder / "data", folder / "to"


def killed(step: str, data: Path, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "tests.chaos.backup_child", step, str(data), str(folder), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, f"the child came to its end and was not killed: {done.stderr}"


def test_a_backup_that_is_killed_leaves_those_of_before_and_no_half_one(made: tuple[Path, Path], tmp_path: Path) -> None:
    data, to = tmp_path / "data", tmp_path / "to"
    shutil.copytree(made[0], data, symlinks=True)
    (first,) = backups_in(shutil.copytree(made[1], to))
    for step in (step for step in STEPS if step.startswith("backup:")):
        killed(step, data, to)
        there = backups_in(to)
        assert len(there) == (2 if step == "backup:in place" else 1), step
        drafts = [path for path in to.iterdir() if path.is_dir() and path not in there]
        assert len(drafts) == (0 if step == "backup:in place" else 1), "one draft, and none of the kills before"
    last = backed_up(data, to)
    assert backups_in(to)[0] == first
    assert sorted(path.name for path in to.iterdir()) == sorted([*(path.name for path in backups_in(to)), "backups.lock"])
    assert [path for path in (data / "engine" / SHADOW).iterdir() if path.is_dir()] == []
    assert last.path == backups_in(to)[2]
    restored(backups_in(to)[1], tmp_path / "new")  # the one that was in place when it was killed is whole


def test_without_a_draft_a_killed_backup_would_stand_among_the_others(made: tuple[Path, Path], tmp_path: Path) -> None:
    """The control of the counting above; even then no half one is restored."""
    to = shutil.copytree(made[1], tmp_path / "to")
    killed("backup:ledger", made[0], to, "careless")
    assert len(backups_in(to)) == 2
    with pytest.raises(UserError, match="holds no backup"):
        restored(to, tmp_path / "new")
    assert not (tmp_path / "new").exists()


FULL = """
mount -t tmpfs -o size=$3 tmpfs /mnt
"$PYTHON" -m opsledger.infra.cli --data "$1" $2 || code=$?
find /mnt -type d | sed 's/.*/{"folder": "&"}/'
exit ${code:-0}
"""


def test_a_full_disk_leaves_no_backup_and_no_data_directory(made: tuple[Path, Path], tmp_path: Path) -> None:
    """The last is the control: with room it is there. In the middle there is room for the ledger and none for its facts."""
    words = own_mounts()
    if not words:
        pytest.skip(NO_MOUNTS)
    data, to = made
    for size, backup, restore in (("200k", 1, 1), ("12m", 0, 1), ("64m", 0, 0)):
        code, folders, said = run(words, FULL, str(data), "backup /mnt/to", size)
        assert (code, bool(said.count("nothing was written"))) == ((4, True) if backup else (0, False)), said
        assert (len(folders) == 2) == bool(backup), "the folder of the series alone"
        code, folders, said = run(words, FULL, "/mnt/new", f"restore {to}", size)
        assert (code, bool(said.count("nothing was installed"))) == ((4, True) if restore else (0, False)), said
        assert (len(folders) == 1) == bool(restore)


def test_nothing_is_restored_into_the_root_of_a_disk_and_a_series_may_be_one(made: tuple[Path, Path]) -> None:
    """It is said before anything is copied: what is restored could not be put in its place."""
    words = own_mounts()
    if not words:
        pytest.skip(NO_MOUNTS)
    data, to = made
    code, folders, said = run(words, FULL, "/mnt", f"restore {to}", "64m")
    assert (code, len(folders), "/mnt is a disk of its own" in said) == (2, 1, True), said
    code, folders, said = run(words, FULL, str(data), "backup /mnt", "64m")
    assert (code, len(folders) > 1) == (0, True), said


def test_a_restore_that_is_killed_leaves_no_data_directory(made: tuple[Path, Path], tmp_path: Path) -> None:
    data, to = made
    place = tmp_path / "in" / "new"
    for step in (step for step in STEPS if step.startswith("restore:")):
        killed(step, place, to)
        assert place.exists() == (step == "restore:in place"), step
        assert len(list(place.parent.iterdir())) == 1, "one draft, and none of the kills before; in the end the directory alone"
        if not place.exists():
            with pytest.raises(UserError, match=r"restore into .*new is at work, or was cut short: run it again"):
                open_store(place, clock=FixedClock(NOW))
    assert reports(place, tmp_path / "after", ["calls.csv"]) == reports(data, tmp_path / "before", ["calls.csv"])
    with open_store(place, clock=FixedClock(NOW)) as store:
        assert offsets(store) == {0: list(range(200))}
        assert undecided(store) == set()
