"""The page of settings has every variable that the product reads, and no other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from opsledger.infra.kafka import settings as kafka

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
NAME = re.compile(r"OPSLEDGER_[A-Z]+(?:_[A-Z]+)*(?![A-Z_])")
_ROW = re.compile(r"^\| `(OPSLEDGER_[A-Z_]+)` \| .+ \| .+ \| .+ \| .+ \|$", re.MULTILINE)


def read_anywhere() -> dict[str, str]:
    """Variable → a file that names it: of all that is kept with the product, but for its texts and this page."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a checkout (Debian: apt-get install git)")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    found = {f"{kafka._NAME}{name}": "infra/kafka/settings.py" for name in kafka._OPTIONS}
    for name in filter(None, listed):
        file = ROOT / name
        if file.suffix in (".py", ".yaml", ".yml", ".toml", ".sh", "") and file.is_file():
            found |= dict.fromkeys(NAME.findall(file.read_text(encoding="utf-8", errors="ignore")), name)
    return found


def test_every_variable_stands_on_the_page_with_all_that_is_to_be_said() -> None:
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    read = read_anywhere()
    read.pop("OPSLEDGER_KAFKA", None)
    missing = {name: file for name, file in read.items() if name not in rows}
    assert not missing, f"docs/settings.md does not tell of {missing}"
    assert not set(rows) - set(read), "told, but read nowhere"
    assert len(rows) == len(set(rows))


def test_the_page_is_linked_from_the_first_one() -> None:
    assert "(docs/settings.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
