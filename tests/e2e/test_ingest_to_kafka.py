"""``opsledger ingest`` with the log on Kafka: what it prints, what it refuses, and that no data directory is opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, EXIT_USAGE
from opsledger.infra.cli.main import run
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import calls

SAMPLES = Path(__file__).parents[2] / "examples" / "samples"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty calls, one of them twice, and a broken line; the data directory would be beside it."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([*calls(20), *calls(1), b"broken"]) + b"\n")
    monkeypatch.setenv("OPSLEDGER_DATA", str(tmp_path / "data"))
    return path


def on_kafka(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {**kafka.environ, **more}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def topics(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch) -> TestKafka:
    make_topics(kafka.settings)
    on_kafka(kafka, monkeypatch)
    return kafka


def test_every_record_is_acknowledged_or_dead(topics: TestKafka, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest", str(file), "--quiet"]) == EXIT_INCOMPLETE
    said = capsys.readouterr().out
    assert "read 22 = acknowledged 21 + dead 1" in said
    assert "dead letters: not_json 1" in said
    with open_log(topics.settings) as log:
        assert sorted(record.value for record in whole(log, "call")) == sorted([*calls(20), *calls(1)])
        assert [sum(map(len, log.read(log.topics.of("dead-letters"), 0, 0)))] == [1]
        assert sum(map(len, log.read(log.topics.of("imports"), 0, 0))) == 2
    assert not (file.parent / "data").exists()


def test_reading_a_file_again_appends_it_again(topics: TestKafka, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log looks at no ids: the sink counts what came twice."""
    run(["ingest", str(file), "--quiet"])
    run(["ingest", str(file), "--quiet", "--backfill"])
    assert capsys.readouterr().out.count("acknowledged 21") == 2
    with open_log(topics.settings) as log:
        records = whole(log, "call")
    assert (len(records), sum(record.backfill for record in records)) == (42, 21)


def test_the_local_ledger_can_be_asked_for(topics: TestKafka, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest", str(file), "--quiet", "--log", "local"]) == EXIT_INCOMPLETE
    assert "accepted 20 + duplicate 1 + dead 1" in capsys.readouterr().out
    assert (file.parent / "data").is_dir()
    with open_log(topics.settings) as log:
        assert whole(log, "call") == []


def test_kafka_asked_for_and_not_named_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS", raising=False)
    assert run(["ingest", str(file), "--log", "kafka"]) == EXIT_USAGE
    assert "set OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS" in capsys.readouterr().err


SOURCES = (
    ("events.jsonl", []),
    ("desk.csv", ["--format", "table", "--mapping", str(SAMPLES / "desk.yaml")]),
    ("queue_log", ["--format", "queue_log", "--source", "asterisk:pbx1", "--zone", "Asia/Shanghai"]),
)


@pytest.mark.parametrize(("name", "options"), SOURCES)
def test_every_adapter_goes_to_kafka(
    name: str, options: list[str], topics: TestKafka, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As many events as a local ledger gets of the same sample."""
    assert run(["ingest", str(SAMPLES / name), "--tenant", "sample", "--quiet", "--log", "local", *options]) == 0
    local = capsys.readouterr().out
    assert run(["ingest", str(SAMPLES / name), "--tenant", "sample", "--quiet", *options]) == 0
    told = capsys.readouterr().out
    stored = re.search(r"events: ([\d,]+) stored", local)
    assert stored
    assert f"events: {stored[1]} on Kafka" in told


def test_records_that_correct_what_is_stored_are_refused(
    topics: TestKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "desk.yaml"
    shape = (SAMPLES / "desk.yaml").read_text(encoding="utf-8")
    mapping.write_text(shape.replace("key: 流水号\n", "key: 流水号\non_change: correct\n"), encoding="utf-8")
    table = ["--format", "table", "--mapping", str(mapping), "--tenant", "demo", "--quiet"]
    assert run(["ingest", str(SAMPLES / "desk.csv"), *table]) == EXIT_USAGE
    said = capsys.readouterr().out
    assert "read 0 = acknowledged 0 + dead 0" in said
    assert "on_change: correct" in said
    assert "--log local" in said
    with open_log(topics.settings) as log:
        assert whole(log, "call") == []


def test_missing_topics_are_told(
    kafka: TestKafka, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_kafka(kafka, monkeypatch)
    assert run(["ingest", str(file), "--quiet"]) == EXIT_USAGE
    assert "opsledger kafka init" in capsys.readouterr().err


def test_a_broker_that_is_not_there_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(["ingest", str(file), "--quiet"]) == EXIT_ENVIRONMENT
    assert "Kafka at 127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0", "-3", "soon", "1e9", "nan"])
def test_a_delivery_timeout_that_cannot_be_is_told(
    wrong: str, topics: TestKafka, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPSLEDGER_KAFKA_DELIVERY_TIMEOUT_S", wrong)
    assert run(["ingest", str(file), "--quiet"]) == EXIT_USAGE
    assert "OPSLEDGER_KAFKA_DELIVERY_TIMEOUT_S is" in capsys.readouterr().err
