"""The small files that are shipped give the numbers that their README promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Cli

pytestmark = pytest.mark.usefixtures("kept")
SAMPLES = Path("examples/samples")
READ = {
    "events.jsonl": ("events.jsonl",),
    "desk.csv": ("desk.csv", "--format", "table", "--mapping", str(SAMPLES / "desk.yaml")),
    "queue_log": ("queue_log", "--format", "queue_log", "--source", "asterisk:sample", "--zone", "Asia/Shanghai"),
    "connect.jsonl": ("connect.jsonl", "--format", "connect", "--source", "connect:sample", "--zone", "Asia/Shanghai"),
    "genesys.json": ("genesys.json", "--format", "genesys", "--source", "genesys:sample"),
}


def promised() -> dict[str, dict[str, str]]:
    """File → metric → number, from the README's last table."""
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    table = [line for line in text[text.index("| metric |") :].splitlines() if line.startswith("|")]
    heads, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {file: {row[0]: row[place] for row in rows} for place, file in enumerate(heads) if place}


def told(row: dict[str, Any]) -> str:
    if row["value"] is None and row["numerator"] is None:
        return "–"
    return str(row["value"]) if row["numerator"] is None else f"{row['numerator']} / {row['denominator']}"


@pytest.mark.parametrize("file", list(READ))
def test_a_sample_gives_the_numbers_of_its_readme(cli: Cli, file: str) -> None:
    name, *options = READ[file]
    cli.ok("init")
    said = cli.ok("ingest", SAMPLES / name, *options, "--tenant", "sample", "--quiet")
    assert "dead 0" in said
    day = ("--day", "2026-01-05", "--zone", "Asia/Shanghai")
    report = json.loads(cli.ok("report", "run", "service_indicators", *day, "--format", "json"))
    rows = {row["metric"]: told(row) for row in report["rows"]}
    meant = promised()[file]
    assert len(meant) == 15
    assert {metric: rows[metric] for metric in meant} == meant


def test_samples_are_short_enough_to_be_read() -> None:
    for name in READ:
        assert len((SAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 30


def test_the_commands_of_the_readme_are_the_ones_tried_here() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"`opsledger ingest ([^`]+)`", text)
    assert commands == [" ".join([str(SAMPLES / name), *options, "--tenant sample"]) for name, *options in READ.values()]
