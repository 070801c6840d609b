"""``opsledger doctor`` on Kafka, the ledger over the network and the decisions: what is wrong in a line each, no secrets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT
from opsledger.infra.decision_store import VARIABLE as DECISIONS
from opsledger.infra.server import URL_VARIABLE
from tests.e2e.conftest import Cli
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics
from tests.ledger_samples import calls

SECRET = "as-secret-as-can-be"
SIGN = ["--actor", "ann", "--terms", "examples/contracts/outsourced-desk.yaml", "--set", "vendor=v1", "--tenant", "t1"]
SIGN += ["--set", "effective_from=2026-01-01T00:00:00+08:00"]


def told(cli: Cli, code: int = 0) -> dict[str, str]:
    """Name → what is said of it."""
    said = cli("doctor")
    assert said.code == code, said.out + said.err
    lines = (re.match(r"  (\S+(?: \S+)*)  +(.*)$", each) for each in said.out.splitlines())
    return {found[1]: found[2] for found in lines if found}


def test_without_kafka_the_log_is_said_to_be_local(cli: Cli) -> None:
    said = told(cli)
    assert said["Kafka"].startswith("the log is local")
    assert said["sink"].startswith("none needed")
    assert said["decisions"].startswith("none yet")
    assert said["ledger"].startswith("none yet")
    assert not cli.data.exists()


def test_topics_that_fit_or_do_not_and_a_ledger_that_is_behind(
    kafka: TestKafka, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    said = told(cli)
    assert re.search(r"1 broker\(s\) at .*: \d+ deviations: see `opsledger kafka check`", said["Kafka"])
    assert said["sink"].startswith("no ledger to bring the log to yet")
    make_topics(kafka.settings)
    (tmp_path / "calls.jsonl").write_bytes(b"\n".join(calls(9)) + b"\n")
    cli.ok("ingest", tmp_path / "calls.jsonl", "--quiet")
    cli.ok("init")
    said = told(cli)
    assert said["Kafka"].endswith(f"topics {kafka.prefix}.*: as they have to be")
    assert said["sink"] == "the ledger is up to 9 messages behind the log: `opsledger sink` brings them"
    cli.ok("sink", "--until-end", "--quiet")
    cli.ok("decide", "contract.sign", "desk", *SIGN)
    said = told(cli)
    assert said["sink"] == "the ledger is up to 1 messages behind the log: `opsledger sink` brings them"
    assert said["decisions"] == f"1 events in {cli.data / 'decisions.sqlite'}"
    assert told(cli)["OPSLEDGER_KAFKA_PREFIX"] == kafka.prefix


def test_what_is_away_is_said_and_no_password_ever(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "OPSLEDGER_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "OPSLEDGER_KAFKA_SASL_USERNAME": "ann",
        "OPSLEDGER_KAFKA_SASL_PASSWORD": SECRET,
        "OPSLEDGER_GATEWAY_PASSWORD": SECRET,
        URL_VARIABLE: f"http://ann:{SECRET}@127.0.0.1:1/ledger",
        DECISIONS: f"postgresql://ann:{SECRET}@127.0.0.1:1/decisions",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    said = told(cli, EXIT_ENVIRONMENT)
    for name in ("ledger", "Kafka", "sink", "decisions", "facts"):
        assert said[name].startswith("not usable: "), name
    assert said[URL_VARIABLE] == "http://127.0.0.1:1/ledger"
    assert said[DECISIONS] == "postgresql://127.0.0.1:1/decisions"
    assert said["OPSLEDGER_KAFKA_SASL_PASSWORD"] == "(set)"
    assert SECRET not in str(said)
    monkeypatch.setenv("OPSLEDGER_KAFKA_SECURITY_PROTOCOL", "SASL")
    assert "it has to be one of" in told(cli, EXIT_ENVIRONMENT)["Kafka"]
