"""docs/kafka.md is true: its commands run, and its table of settings is that of the program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.infra.kafka import settings
from opsledger.infra.kafka.local.plan import read_plan
from opsledger.ingest.log.topics import FOREVER

DOC = (Path(__file__).parents[2] / "docs" / "kafka.md").read_text()


@pytest.mark.local_kafka
def test_the_commands_of_the_page_run_in_its_order(tmp_path: Path) -> None:
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", DOC, re.DOTALL))
    folder = tmp_path / "opsledger-kafka"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")} | {"PATH": path}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("is up: 1 broker(s)", "no deviation(s)", "running, pid", "is down", "its data is gone"):
        assert said in done.stdout
    assert read_plan(folder) is None


def test_the_table_of_settings_is_that_of_the_program() -> None:
    rows = [line for line in (settings.__doc__ or "").splitlines() if line.startswith("| OPSLEDGER")]
    assert len(rows) >= 7
    doc = DOC.replace("`", "")
    for row in rows:
        assert row.replace("`", "") in doc


def test_the_table_of_topics_names_every_setting_with_its_value() -> None:
    for name, value in FOREVER.items():
        assert any(f"`{name}`" in line and f"`{value}`" in line for line in DOC.splitlines()), name
