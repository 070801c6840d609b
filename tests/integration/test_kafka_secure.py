"""A broker that asks for TLS and a login: who is let in, and what those are told who are not, quickly and without secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.contact import ask, reach
from opsledger.infra.kafka.log import open_kafka_log
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings, needed
from opsledger.infra.kafka.topic_make import init_topics
from opsledger.ingest.log.kafka import KafkaLog
from tests.kafka_secure import PASSWORD, PROTOCOLS, SecureKafka, secure_kafka
from tests.ledger_samples import calls, tables

pytestmark = pytest.mark.local_kafka
WRONG = "not-the-password-but-as-secret"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    with secure_kafka(tmp_path_factory.mktemp("secure")) as made:
        yield made


def read(secure: SecureKafka, protocol: str, **changes: str) -> KafkaSettings:
    return needed(kafka_settings(secure.environ(protocol, **changes)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_has_the_authority_and_the_password_is_let_in(secure: SecureKafka, protocol: str) -> None:
    told = ask(read(secure, protocol), KafkaAdminClient.describe_cluster)
    assert [broker["broker_id"] for broker in told["brokers"]] == [1]


@pytest.mark.parametrize(
    ("protocol", "changes", "said"),
    [
        ("SASL_SSL", {"SASL_PASSWORD": WRONG}, "login.*refused.*'clerk'.*OPSLEDGER_KAFKA_SASL_PASSWORD"),
        ("SASL_PLAINTEXT", {"SASL_PASSWORD": WRONG}, "login.*refused.*'clerk'.*OPSLEDGER_KAFKA_SASL_PASSWORD"),
        ("SASL_SSL", {"SASL_USERNAME": "nobody"}, "login.*refused.*'nobody'"),
        ("SASL_SSL", {"SASL_MECHANISM": "PLAIN"}, "PLAIN.*OPSLEDGER_KAFKA_SASL_MECHANISM"),
        ("SSL", {"SSL_CAFILE": "OTHER"}, "certificate is not vouched for by .*other.pem.*OPSLEDGER_KAFKA_SSL_CAFILE"),
        ("SSL", {"SSL_CAFILE": ""}, "certificate is not vouched for by the system's authorities"),
        ("SASL_SSL", {"SSL_CAFILE": "OTHER"}, "certificate is not vouched for"),
        ("SSL", {"SSL_CAFILE": "/no/such/file.pem"}, "TLS files cannot be used.*No such file"),
        ("SSL", {"SSL_CAFILE": __file__}, "TLS files cannot be used"),
        ("SSL", {"SECURITY_PROTOCOL": "PLAINTEXT"}, "OPSLEDGER_KAFKA_SECURITY_PROTOCOL"),
        ("SASL_SSL", {"SECURITY_PROTOCOL": "PLAINTEXT"}, "OPSLEDGER_KAFKA_SECURITY_PROTOCOL"),
        ("SASL_PLAINTEXT", {"SECURITY_PROTOCOL": "PLAINTEXT"}, r"asks for TLS or a login.*\(now PLAINTEXT\)"),
        ("SASL_SSL", {"SECURITY_PROTOCOL": "SSL"}, r"asks for TLS or a login.*\(now SSL\)"),
        ("SSL", {"BOOTSTRAP_SERVERS": "OPEN"}, "does not speak SSL there"),
        ("SASL_PLAINTEXT", {"BOOTSTRAP_SERVERS": "OPEN"}, "knows no login"),
        ("SSL", {"BOOTSTRAP_SERVERS": "CONTROLLER", "SECURITY_PROTOCOL": "PLAINTEXT"}, "it is no broker"),
        ("SSL", {"BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "nothing answers.*OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS"),
        ("SSL", {"BOOTSTRAP_SERVERS": "nowhere.invalid:9092"}, "nothing answers"),
        ("SSL", {"BOOTSTRAP_SERVERS": "127.0.0.1:http"}, "host:port"),
    ],
)
def test_who_is_not_let_in_is_told_why(secure: SecureKafka, protocol: str, changes: dict[str, str], said: str) -> None:
    plan = secure.cluster.plan
    real = {
        "OTHER": str(secure.other_authority),
        "OPEN": secure.cluster.bootstrap,
        "CONTROLLER": plan.controllers,
    }
    settings = read(secure, protocol, **{name: real.get(value, value) for name, value in changes.items()})
    with pytest.raises(UserError, match=said) as told:
        reach(settings)
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert WRONG not in str(told.value)
    assert PASSWORD not in str(told.value)


def test_one_server_that_answers_is_enough(secure: SecureKafka) -> None:
    both = f"127.0.0.1:1,{','.join(secure.cluster.plan.servers_of('SSL'))}"
    reach(read(secure, "SSL", BOOTSTRAP_SERVERS=both))


def test_the_settings_never_show_a_password(secure: SecureKafka) -> None:
    settings = read(secure, "SASL_SSL")
    assert settings.client["sasl_plain_password"] == PASSWORD
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_the_commands_make_and_check_topics_over_tls_with_a_login(secure: SecureKafka, debug: list[str]) -> None:
    for command, code in ((["init", "--partitions", "1"], 0), (["check"], 0)):
        out, exit_code = opsledger(secure.environ("SASL_SSL"), *debug, "kafka", *command)
        assert (exit_code, "no deviation" in out) == (code, True), out
        assert PASSWORD not in out


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_command_with_a_wrong_password_says_so_and_shows_nothing_of_it(secure: SecureKafka, debug: list[str]) -> None:
    out, code = opsledger(secure.environ("SASL_SSL", SASL_PASSWORD=WRONG), *debug, "kafka", "check")
    assert (code, "login" in out, "Traceback" in out, WRONG in out) == (EXIT_ENVIRONMENT, True, False, False), out


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_events_are_appended_and_read_over_every_listener(secure: SecureKafka, protocol: str) -> None:
    settings = read(secure, protocol)
    init_topics(settings, 1)
    with open_kafka_log(settings) as log:
        (span,) = log.append(tables(calls(20)))
        records = [record.value for batch in log.read(span.topic, span.partition, span.first) for record in batch]
    assert records == calls(20)


def test_a_log_that_is_not_let_in_says_so_also_when_nobody_asked_before(secure: SecureKafka) -> None:
    """Without the first contact that the command line makes: the client only knows that it got no answer."""
    settings = read(secure, "SASL_PLAINTEXT", SASL_PASSWORD=WRONG)
    with pytest.raises(UserError, match=r"opening the log on Kafka: .*refuses the login") as told:
        KafkaLog(settings.client, settings.topics)
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert WRONG not in str(told.value)


def opsledger(environ: dict[str, str], *arguments: str) -> tuple[str, int]:
    command = [sys.executable, "-m", "opsledger.infra.cli", *arguments]
    done = subprocess.run(command, env={**os.environ, **environ}, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, done.returncode
