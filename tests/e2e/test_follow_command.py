"""``opsledger ingest --follow`` as people run it: a process that is asked to stop, in the ledger and on Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


def started(path: Path, *options: str, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "opsledger.infra.cli", "ingest", str(path), "--follow", "--tenant", "t1", "--poll", "0.1"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")}
    return subprocess.Popen(
        [*command, *options], cwd=ROOT, env={**clean, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.1)


def place_of(state: Path) -> str:
    return "".join(file.read_text() for file in state.glob("*.json"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_tells_the_counts_and_the_reports_have_the_events(tmp_path: Path, number: signal.Signals) -> None:
    path, data = tmp_path / "in.jsonl", tmp_path / "data"
    path.write_bytes(b"".join(event + b"\n" for event in calls(3)))
    process = started(path, OPSLEDGER_DATA=str(data))
    wait_for(lambda: '"read":3' in place_of(data / "follow"))
    with path.open("ab") as file:
        file.write(calls(1, first=3)[0] + b"\nnonsense\n")
    wait_for(lambda: '"read":5' in place_of(data / "follow"))
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3, err
    assert "read 5 = accepted 4 + duplicate 0 + dead 1" in out
    assert "dead letters: not_json 1" in out
    report = [
        sys.executable,
        "-m",
        "opsledger.infra.cli",
        "report",
        "run",
        "traffic",
        "--day",
        "2026-01-05",
        "--format",
        "json",
    ]
    told = subprocess.run(report, cwd=ROOT, env={**os.environ, "OPSLEDGER_DATA": str(data)}, capture_output=True, check=True)
    assert told.stdout


def test_into_kafka_it_needs_no_ledger_and_goes_on_where_it_was(tmp_path: Path, kafka: TestKafka) -> None:
    make_topics(kafka.settings, partitions=2)
    path, state = tmp_path / "in.jsonl", tmp_path / "state"
    path.write_bytes(b"".join(event + b"\n" for event in calls(3)))
    for wanted in (3, 5):
        process = started(path, "--state", str(state), OPSLEDGER_DATA=str(tmp_path / "none"), **kafka.environ)
        wait_for(lambda wanted=wanted: f'"read":{wanted},' in place_of(state))  # type: ignore[misc]  # the default binds it
        process.terminate()
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        assert f"all runs: read {wanted} = accepted {wanted} + duplicate 0 + dead 0" in out
        with path.open("ab") as file:
            file.writelines(event + b"\n" for event in calls(2, first=wanted))
    assert not (tmp_path / "none").exists()
    with open_log(kafka.settings) as log:
        values = [record.value for record in whole(log, "call")]
    assert sorted(values) == sorted(calls(5))
