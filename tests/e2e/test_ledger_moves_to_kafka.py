"""Growing up: a local ledger is copied to Kafka, a sink fills another one from there, and both give the same reports."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.cli.main import run
from opsledger.infra.facts import refresh
from opsledger.infra.ingesting import Ask, run_imports
from opsledger.infra.store import open_store
from opsledger.ingest.log import publish as publishing
from opsledger.ingest.log.batch import NO_HEADERS
from tests.e2e.conftest import keeping
from tests.kafka_cluster import TestKafka

REPORTS = ("traffic", "service_indicators", "data_quality")
IN_TIME = FixedClock(datetime(2026, 1, 4, tzinfo=UTC))
"""Right after the last simulated day: what is recorded then is not late."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Two simulated days, a broken line, recorded in time; and what its reports say."""
    folder = tmp_path_factory.mktemp("moves")
    file = folder / "events.jsonl"
    assert run(["simulate", "--days", "2", "--calls-per-day", "60", "--out", str(file)]) == 0
    file.write_bytes(file.read_bytes() + b"broken\n")
    with open_store(folder / "local", clock=IN_TIME) as store:
        (((_, result)),) = run_imports(store, [str(file)], Ask("jsonl", tenant="demo"))
        assert result.tally.dead == 1
        refresh(store, lambda *_: None)
    return folder / "local", answers(folder / "local", folder)


@pytest.fixture
def ledger(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made[0], tmp_path / "local", symlinks=True)
    return tmp_path / "local"


@pytest.fixture
def wanted(made: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    """What the local ledger's reports say."""
    return made[1]


@pytest.fixture
def on_kafka(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch) -> TestKafka:
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    assert run(["kafka", "init"]) == 0
    return kafka


def answers(data: Path, tmp_path: Path) -> dict[str, Any]:
    """Rows and totals of some reports; not the footer, which tells of this very ledger."""
    made = {}
    with keeping():
        for name in REPORTS:
            out = tmp_path / f"{data.name}.{name}.json"
            command = ["report", "run", name, "--month", "2026-01", "--tenant", "demo", "--format", "json", "--out", str(out)]
            assert run(["--data", str(data), *command]) == 0
            told = json.loads(out.read_text())
            made[name] = {key: value for key, value in told.items() if key != "footer"}
            assert made[name]
    return made


def moved(ledger: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The ledger of a sink that read the copy."""
    other = ledger.with_name("sunk")
    assert run(["--data", str(ledger), "kafka", "publish", "--quiet"]) == 0
    assert "each compared" in capsys.readouterr().out
    assert run(["--data", str(other), "sink", "--until-end", "--quiet"]) == 0
    return other


def test_the_sinks_ledger_gives_the_same_reports(
    ledger: Path, wanted: dict[str, Any], on_kafka: TestKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(moved(ledger, capsys), tmp_path) == wanted


def test_a_copy_that_forgets_when_events_were_recorded_gives_other_reports(
    ledger: Path,
    wanted: dict[str, Any],
    on_kafka: TestKafka,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: without the times of the first recording all events are late."""
    copied = publishing.copied_row
    monkeypatch.setattr("opsledger.infra.kafka.publishing.copied_row", lambda record: (*copied(record)[:2], NO_HEADERS))
    found = answers(moved(ledger, capsys), tmp_path)
    assert found["data_quality"] != wanted["data_quality"]
    assert found["traffic"] == wanted["traffic"]


def test_a_ledger_filled_from_kafka_is_not_copied_there(
    ledger: Path, on_kafka: TestKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    other = moved(ledger, capsys)
    assert run(["--data", str(other), "kafka", "publish", "--quiet"]) == 2
    assert "filled from Kafka" in capsys.readouterr().err
