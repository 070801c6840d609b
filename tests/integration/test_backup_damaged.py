"""A backup that is not as it was written is named, whatever is wrong with it, and nothing of it is installed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.backup import restoring
from opsledger.infra.backup.index import INDEX
from tests.backup_scene import backed_up, filled, flip, restored
from tests.desk_samples import NOW


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup."""
    folder = tmp_path_factory.mktemp("written")
    filled(folder / "data")
    return backed_up(folder / "data", folder / "to", FixedClock(NOW)).path


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(written, tmp_path / "copy")


def _some(folder: Path, end: str = "data.bin") -> Path:
    return next(path for path in sorted((folder / "data" / "engine").rglob("*")) if path.name.endswith(end))


def _reindexed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """An index that somebody has written: its checksum fits."""
    index = json.loads((folder / INDEX).read_bytes())
    change(index)
    text = json.dumps(index).encode()
    (folder / INDEX).write_bytes(text)
    (folder / f"{INDEX}.sha256").write_text(f"{sha256(text).hexdigest()}  {INDEX}\n")


def _named(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder.parent / "evil").write_text("x")
        mark = {"size": 1, "sha256": sha256(b"x").hexdigest()}
        _reindexed(folder, lambda index: index["files"].update({name: mark}))

    return damage


def _linked(folder: Path) -> None:
    file = _some(folder)
    shutil.move(file, folder.parent / "elsewhere")
    file.symlink_to(folder.parent / "elsewhere")


def _folder_linked(folder: Path) -> None:
    store = folder / "data" / "engine" / "store"
    shutil.move(store, folder.parent / "elsewhere")
    store.symlink_to(folder.parent / "elsewhere")


def _less(folder: Path) -> None:
    """An index that leaves out a part: of the files that it names each is right."""
    part = str(next(p for p in sorted((folder / "data" / "engine").rglob("all_*")) if p.is_dir()).relative_to(folder / "data"))
    _reindexed(folder, lambda index: [index["files"].pop(n) for n in [*index["files"]] if n.startswith(f"{part}/")])


def _less_and_said(folder: Path) -> None:
    """Likewise, and it says so of the rows, too: the manifest knows better."""
    columns = next(path for path in (folder / "data" / "engine").rglob("all_*/columns.txt") if "`hotline`" in path.read_text())
    part = str(columns.parent.relative_to(folder / "data"))

    def change(index: dict[str, Any]) -> None:
        index["files"] = {name: mark for name, mark in index["files"].items() if not name.startswith(f"{part}/")}
        index["rows"].pop("call")
        index["ends"].pop("call/0")

    _reindexed(folder, change)


def _resaid(folder: Path, what: str, name: str, number: int) -> None:
    _reindexed(folder, lambda index: index[what].update({name: number}))


def _redefined(change: Callable[[str], str]) -> Callable[[Path], None]:
    """Another definition of the table of calls, with the checksum that it has."""

    def damage(folder: Path) -> None:
        file = next((folder / "data" / "engine").rglob("call.sql"))
        text = change(file.read_text()).encode()
        file.write_bytes(text)
        mark = {"size": len(text), "sha256": sha256(text).hexdigest()}
        _reindexed(folder, lambda index: index["files"].update({str(file.relative_to(folder / "data")): mark}))

    return damage


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file missing": (lambda folder: _some(folder).unlink(), r"data\.bin is missing"),
    "a bit flipped": (lambda folder: flip(_some(folder)), r"data\.bin has other content than was written"),
    "a file cut": (lambda folder: os.truncate(_some(folder), 9), r"has 9 bytes instead of"),
    "decisions missing": (lambda folder: (folder / "data" / "decisions.sqlite").unlink(), "decisions.sqlite is missing"),
    "the index edited": (
        lambda folder: (folder / INDEX).write_text((folder / INDEX).read_text().replace('"call": 200', '"call": 100')),
        "is not the file that was written",
    ),
    "the index missing": (lambda folder: (folder / INDEX).unlink(), "holds no backup"),
    "its checksum missing": (lambda folder: (folder / f"{INDEX}.sha256").unlink(), "holds no backup"),
    "no index": (lambda folder: _reindexed(folder, lambda index: index.pop("files")), "is no index of a backup"),
    "made by a newer version": (lambda folder: _reindexed(folder, lambda index: index.update(format=2)), "newer version"),
    "of a newer layout": (lambda folder: _reindexed(folder, lambda index: index.update(layout=99)), "newer version"),
    "a name above": (_named("../evil"), "belongs into no data directory"),
    "a name above within": (_named("follow/../../evil"), "belongs into no data directory"),
    "an absolute name": (_named("/etc/passwd"), "belongs into no data directory"),
    "a file of the engine's own": (_named("engine/metadata/evil.sql"), "belongs into no data directory"),
    "a way up in the engine": (_named("engine/store/abc/../../x"), "belongs into no data directory"),
    "a table of files": (
        _redefined(lambda text: text.replace("ENGINE = MergeTree", "ENGINE = File('CSV', '/etc/passwd')")),
        "defines something else",
    ),
    "two tables in one": (_redefined(lambda text: text + text), "defines something else"),
    "no layout": (lambda folder: _reindexed(folder, lambda index: index["files"].pop("layout.json")), "layout.json is missing"),
    "a link for a file": (_linked, "data.bin"),
    "a link for a folder": (_folder_linked, "engine/"),
    "a part left out": (_less, "rows of .* instead of|cannot be opened: .* is not whole"),
    "a part left out, and said": (_less_and_said, "cannot be opened: .* is not whole"),
    "fewer rows said": (lambda folder: _resaid(folder, "rows", "call", 7), "200 rows of call instead of 7"),
    "another end said": (lambda folder: _resaid(folder, "ends", "call/0", 7), "ends elsewhere in call/0"),
    "more decisions said": (
        lambda folder: _reindexed(folder, lambda index: index.update(decisions=9)),
        "2 decisions instead of 9",
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_backup_is_named_and_nothing_is_installed(kind: str, copy: Path, tmp_path: Path) -> None:
    damage, told = DAMAGES[kind]
    damage(copy)
    with pytest.raises(UserError, match=told):
        restored(copy, tmp_path / "in" / "new")
    assert list((tmp_path / "in").glob("*")) == []


def test_without_the_comparison_a_flipped_bit_would_be_installed(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: of a small file nothing else would tell."""
    flip(copy / "data" / "follow" / "0123456789abcdef.json")
    monkeypatch.setattr(restoring, "difference", lambda *_: "")
    restored(copy, tmp_path / "new")
