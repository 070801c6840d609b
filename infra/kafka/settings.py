"""Where Kafka is and how it is talked to, from the environment alone: passwords never stand in a command.

| variable | meaning | default |
|---|---|---|
| OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS | ``host:port,…``; with it the log is on Kafka | none: the log is local |
| OPSLEDGER_KAFKA_PREFIX | first part of the topics' names | ``opsledger`` |
| OPSLEDGER_KAFKA_SECURITY_PROTOCOL | PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL | ``PLAINTEXT`` |
| OPSLEDGER_KAFKA_SASL_MECHANISM | SCRAM-SHA-256, SCRAM-SHA-512, PLAIN | ``SCRAM-SHA-512`` |
| OPSLEDGER_KAFKA_SASL_USERNAME, OPSLEDGER_KAFKA_SASL_PASSWORD | who we are | none |
| OPSLEDGER_KAFKA_SSL_CAFILE | the authority that signed the brokers' certificates (PEM) | the system's |
| OPSLEDGER_KAFKA_SSL_CERTFILE, OPSLEDGER_KAFKA_SSL_KEYFILE | our own certificate and key (PEM) | none |
| OPSLEDGER_KAFKA_DELIVERY_TIMEOUT_S | so many seconds brokers that are away are waited for | ``120`` |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opsledger.domain.errors import EXIT_USAGE, UserError
from opsledger.ingest.log.topics import DEFAULT_PREFIX, Topics

DELIVERY_TIMEOUT_S = 120.0
_LONGEST_S = 24 * 3600
_NAME = "OPSLEDGER_KAFKA_"
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_OPTIONS = {
    "SECURITY_PROTOCOL": "security_protocol",
    "SASL_MECHANISM": "sasl_mechanism",
    "SASL_USERNAME": "sasl_plain_username",
    "SASL_PASSWORD": "sasl_plain_password",
    "SSL_CAFILE": "ssl_cafile",
    "SSL_CERTFILE": "ssl_certfile",
    "SSL_KEYFILE": "ssl_keyfile",
}


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Checked settings. ``client`` are the options that every client of kafka-python takes; never shown: secrets."""

    servers: tuple[str, ...]
    topics: Topics
    client: Mapping[str, Any] = field(repr=False)
    delivery_timeout_s: float = DELIVERY_TIMEOUT_S


def kafka_settings(environ: Mapping[str, str] = os.environ) -> KafkaSettings | None:
    """What the environment says of Kafka; None where it names no servers. UserError for a value that cannot be."""
    servers = tuple(part.strip() for part in environ.get(_NAME + "BOOTSTRAP_SERVERS", "").split(",") if part.strip())
    if not servers:
        return None
    given = {name: environ[_NAME + name] for name in _OPTIONS if environ.get(_NAME + name)}
    if given.get("SECURITY_PROTOCOL", "").startswith("SASL"):
        given.setdefault("SASL_MECHANISM", _MECHANISMS[0])
    _checked(given)
    options = {_OPTIONS[name]: value for name, value in given.items()}
    return KafkaSettings(
        servers,
        Topics(environ.get(_NAME + "PREFIX") or DEFAULT_PREFIX),
        {"bootstrap_servers": list(servers), **options},
        _seconds(environ.get(_NAME + "DELIVERY_TIMEOUT_S") or str(DELIVERY_TIMEOUT_S)),
    )


def needed(settings: KafkaSettings | None) -> KafkaSettings:
    """The settings, or UserError that says what to set."""
    if settings is None:
        raise UserError(
            "no Kafka is named; set OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS=host:port (a local one: opsledger kafka up)", EXIT_USAGE
        )
    return settings


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= _LONGEST_S:
        raise UserError(f"{_NAME}DELIVERY_TIMEOUT_S is '{text}'; it has to be a number of seconds from 1 to {_LONGEST_S}")
    return seconds


def _checked(given: Mapping[str, str]) -> None:
    for name, allowed in (("SECURITY_PROTOCOL", _PROTOCOLS), ("SASL_MECHANISM", _MECHANISMS)):
        if name in given and given[name] not in allowed:
            raise UserError(f"{_NAME}{name} is '{given[name]}'; it has to be one of {', '.join(allowed)}")
    if given.get("SECURITY_PROTOCOL", "").startswith("SASL"):
        missing = [name for name in ("SASL_USERNAME", "SASL_PASSWORD") if name not in given]
        if missing:
            raise UserError(f"{_NAME}SECURITY_PROTOCOL asks for a login; set {' and '.join(_NAME + name for name in missing)}")
