"""The folders keep their arrows, the package list its folders, and sizes only shrink."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.conftest import LONG, TESTS
from tests.size_check import complaints, lengths

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "ingest", "projections", "dashboards", "infra")


def test_the_package_list_is_the_tree() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {
        f"opsledger.{p.parent.relative_to(ROOT).as_posix().replace('/', '.')}"
        for f in FOLDERS
        for p in (ROOT / f).rglob("__init__.py")
    }
    assert listed == there


def test_the_long_files_of_the_tests_are_there() -> None:
    assert [name for name in LONG if not (TESTS / name).is_file()] == []


def test_every_module_says_why_it_exists() -> None:
    bare = [p for f in FOLDERS for p in (ROOT / f).rglob("*.py") if not p.read_text(encoding="utf-8").startswith('"""')]
    assert bare == []


def test_a_function_that_grows_and_a_record_that_is_too_generous_are_both_complained_of(tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "long.py").write_text("def f():\n" + "    x = 1\n" * 50)
    found = dict(lengths(tmp_path))
    assert found == {"domain/long.py:f": 51}
    assert complaints(found, {}) == ["domain/long.py:f has 51 lines; allowed none over the limit"]
    assert "record the lower figure" in complaints(found, {"domain/long.py:f": 60})[0]
    assert complaints(found, {"domain/long.py:f": 51}) == []


_RUN = """
import sys
sys.path.insert(0, sys.argv[1])
sys.meta_path[:] = [f for f in sys.meta_path if "__editable__" not in getattr(f, "__module__", "")]
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename="pyproject.toml", no_cache=True))
"""


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", _RUN, str(folder / ".link")]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def _copy(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".link").mkdir()
    (tmp_path / ".link" / "opsledger").symlink_to(tmp_path, target_is_directory=True)
    return tmp_path


def test_the_import_arrows_hold_and_a_forbidden_import_is_caught(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    clean = _lint(folder)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    (folder / "ingest" / "wrong.py").write_text('"""Planted."""\nimport opsledger.projections.ledger\n')
    broken = _lint(folder)
    assert broken.returncode == 1
    assert "ingest knows the domain BROKEN" in broken.stdout
