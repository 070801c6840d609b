"""kill -9 between an insert and its note, while the manifest is written, while a loss is accepted: the opening after it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.infra import manifest_file
from opsledger.infra.manifest import OnLoss, accepted_losses
from opsledger.projections.ledger.manifest import Extent
from tests.chaos.manifest_child import MORE, NEW
from tests.damage import PARTS, ROWS, deleted, ledger_in_parts, opened, parts, without_manifest
from tests.ledger_samples import calls, tables

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
CALL = "call", 0
ALL = PARTS * ROWS
STORING = {"stored": ALL, "noted": ALL + MORE, "draft": ALL + MORE, "draft-synced": ALL + MORE, "placed": ALL + MORE}
"""Where it is killed -> the rows that the manifest says then."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledger_in_parts(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", symlinks=True))


def killed(data: Path, point: str) -> None:
    command = [sys.executable, "-m", "tests.chaos.manifest_child", str(data), point]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=120).returncode == -signal.SIGKILL


def said(data: Path) -> int:
    found = manifest_file.load(data / manifest_file.FILE)
    assert found is not None
    return found[0].places.get(CALL, Extent()).rows


def stored_again(data: Path) -> list[int]:
    """What a next run finds, and where it stores what follows."""
    with opened(data) as store:
        rows = store.client.query("SELECT count(), uniqExact(offset) FROM call").first_row
        return [*map(int, rows), store.log.append(tables(calls(1, first=2 * NEW)))[0].first]


@pytest.mark.parametrize("point", STORING)
def test_what_was_stored_is_noted_by_the_next_opening(data: Path, point: str, capsys: pytest.CaptureFixture[str]) -> None:
    killed(data, point)
    assert said(data) == STORING[point]
    assert stored_again(data) == [ALL + MORE, ALL + MORE, ALL + MORE]
    assert said(data) == ALL + MORE + 1
    assert not capsys.readouterr().err
    deleted(parts(data)[-2])
    with pytest.raises(UserError, match=f"{MORE} are missing, from offset {ALL} on"):
        opened(data)


def test_control_what_is_noted_before_it_is_stored_makes_a_sound_ledger_look_damaged(data: Path) -> None:
    killed(data, "ahead")
    with pytest.raises(UserError, match=f"{MORE} are missing, from offset {ALL} on"):
        opened(data)


def test_a_first_manifest_stands_though_its_making_is_not_on_record(data: Path) -> None:
    without_manifest(data)
    killed(data, "made")
    assert said(data) == ALL
    assert stored_again(data) == [ALL, ALL, ALL]


@pytest.mark.parametrize(("point", "on_record"), [("recording", 0), ("accepted", 1)])
def test_a_loss_whose_accepting_was_cut_short_is_refused_again(data: Path, point: str, on_record: int) -> None:
    deleted(parts(data)[-1])
    killed(data, point)
    with pytest.raises(UserError, match=f"{ROWS} are missing"):
        opened(data)
    with opened(data, OnLoss.ACCEPT) as store:
        assert len(accepted_losses(store.client)) == on_record + 1
    assert stored_again(data) == [ALL - ROWS, ALL - ROWS, ALL]
