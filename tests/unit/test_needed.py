"""What a machine lacks is skipped with what to install; in CI a skip is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bare_machine import bare

ROOT = Path(__file__).parents[2]
CONFTEST = """
from tests.kafka_fixtures import kafka, kafka_broker
from tests.needed import pytest_make_collect_report, pytest_runtest_makereport, pytest_runtest_setup, pytest_terminal_summary
"""
TESTS = {
    "test_kafka": """
import pytest

@pytest.mark.local_kafka
def test_starts_one(): assert 0

def test_asks_for_one(kafka): assert 0

def test_needs_none(): pass
""",
    "test_file": "import pytest\npytest.skip('needs Chromium (Debian: apt-get install chromium)', allow_module_level=True)",
}


def run(folder: Path, *more: str, **environ: str) -> tuple[int, str]:
    for name, text in {"conftest": CONFTEST, **TESTS}.items():
        (folder / f"{name}.py").write_text(text)
    kept = {name: value for name, value in bare(folder / "bare").items() if name != "CI" and not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *more]
    done = subprocess.run(
        [*command, "-W", "ignore::pytest.PytestUnknownMarkWarning", "--rootdir", str(folder), str(folder)],
        cwd=folder, env=kept | {"PYTHONPATH": str(ROOT)} | environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_what_is_lacking_is_skipped_and_named_on_a_line(tmp_path: Path, workers: tuple[str, ...]) -> None:
    code, told = run(tmp_path, *workers)
    assert code == 0, told
    assert "1 passed, 3 skipped" in told
    lines = [line for line in told.splitlines() if line.startswith("skipped: ")]
    assert len(lines) == 2
    assert lines[0].startswith("skipped: 2 × needs a local Kafka (Debian: apt-get install maven): a local Kafka is made of")
    assert lines[1] == "skipped: 1 × needs Chromium (Debian: apt-get install chromium)"


def test_in_ci_a_skip_is_a_failure(tmp_path: Path) -> None:
    code, told = run(tmp_path, "--continue-on-collection-errors", CI="true")
    assert code == 1
    assert "1 passed" in told
    assert "3 errors" in told
    assert told.count("is skipped, and in CI nothing may be: needs a local Kafka") >= 2


def test_a_kafka_home_that_is_wrong_is_no_lack(tmp_path: Path) -> None:
    code, told = run(tmp_path, KAFKA_HOME=os.devnull)
    assert code == 1
    assert "KAFKA_HOME is" in told
