"""The first hour on a machine with nothing but Python: no font, no Chromium, no Maven, no Java."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from opsledger.domain.errors import EXIT_ENVIRONMENT
from opsledger.infra.cli.demo import MARK
from tests.bare_machine import bare

ROOT = Path(__file__).parents[2]
BOX = "\ufffd"
"""What a print says where it has no letter for a character."""


def opsledger(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "opsledger.infra.cli", *map(str, words)]
    environ = bare(folder / "bare")
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=400, check=False)


def test_the_demo_runs_to_its_end_and_its_prints_have_all_their_letters(tmp_path: Path) -> None:
    done = opsledger(tmp_path, "demo", "--out", tmp_path / "demo", "--calls-per-day", "20")
    assert done.returncode == 0, done.stderr
    assert "made 470 files" in done.stdout
    prints = sorted((tmp_path / "demo").rglob("*.pdf"))
    assert len(prints) > 50
    for path in (each for each in prints if re.search("bulletin|traffic|statement|xinhe", each.name)):
        text = "".join(page.extract_text() for page in PdfReader(path).pages)
        assert BOX not in text, path
        assert ("指标" in text or "结算" in text) is (path.parent.name == "zh"), path


@pytest.mark.parametrize("words", [("kafka", "up", "--dir"), ("demo-kafka", "--out")])
def test_a_program_that_is_missing_is_named_in_one_sentence_before_much_is_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = opsledger(tmp_path, *words, tmp_path / "made")
    assert (done.returncode, done.stdout) == (EXIT_ENVIRONMENT, "")
    assert re.fullmatch("opsledger: [^\n]*install Maven, set KAFKA_HOME[^\n]*\n", done.stderr)
    assert {path.name for path in tmp_path.glob("made/*")} <= {MARK}
