"""First contact with a Kafka: a wrong address, certificate or password is told at once, where the client would try on."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.ingest.log.client import (
    AuthorizationError,
    IllegalSaslStateError,
    IncompatibleBrokerVersion,
    KafkaAdminClient,
    KafkaError,
    KafkaNetClient,
    RetriableError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

T = TypeVar("T")
ANSWER_MS = 5_000
"""How long a server may take for one step of the first contact."""
_REQUEST_MS = 30_000
_PATIENCE_S = 30.0
"""How long brokers that come and go are asked again."""
_PAUSE_S = 0.2
_TRIES = 3
"""A refused login is sometimes seen as a closed connection only; another try tells which it is."""
_V = "OPSLEDGER_KAFKA_"


class _FirstContact(KafkaNetClient):  # type: ignore[misc]  # the client comes without types
    """One connection, one login, one question; an error is raised as it is met, nothing is tried again."""

    def ask(self, node: str) -> list[tuple[str, int]]:
        """Where the brokers say they are."""
        self._net.run(self._asked, node)
        return [(broker.host, broker.port) for broker in self.cluster.brokers()]

    async def _asked(self, node: str) -> None:
        await self._manager.get_connection(
            node, timeout_ms=ANSWER_MS, pop_on_close=False, refresh_metadata_on_err=False, reset_backoff_on_connect=False
        )
        await self.cluster.refresh_metadata(node)


def reach(settings: KafkaSettings) -> None:
    """Return when one of the named servers lets us in. UserError (exit code 4) says why none does, without secrets."""
    told = []
    for server in settings.servers:
        error = _refusal(settings, server)
        if error is None:
            return
        told.append(f"{server}: {_advice(settings, error)}")
    raise UserError(f"Kafka at {'; '.join(told)}", EXIT_ENVIRONMENT)


def ask(settings: KafkaSettings, question: Callable[[KafkaAdminClient], T], wait_s: float = _PATIENCE_S) -> T:
    """The answer to a question, asked again when a broker goes away meanwhile: it has to bear being asked twice.

    UserError (exit code 4) when nobody lets us in, when it is not allowed, or when nobody answers in time.
    """
    until = time.monotonic() + wait_s
    while True:
        reach(settings)
        try:
            with KafkaAdminClient(
                **settings.client, request_timeout_ms=_REQUEST_MS, bootstrap_timeout_ms=_REQUEST_MS
            ) as client:
                return question(client)
        except RetriableError as error:
            if time.monotonic() > until:
                raise _refused(settings, error) from None
        except KafkaError as error:
            raise _refused(settings, error) from None
        time.sleep(_PAUSE_S)


def _refused(settings: KafkaSettings, error: KafkaError) -> UserError:
    where = f"Kafka at {','.join(settings.servers)}"
    if isinstance(error, AuthorizationError):
        right = "ask for the right to make, describe and configure the log's topics"
        return UserError(f"{where} does not allow this {_who(settings)}: {type(error).__name__}; {right}", EXIT_ENVIRONMENT)
    return UserError(f"{where} does not do what was asked: {_short(error)}", EXIT_ENVIRONMENT)


def _refusal(settings: KafkaSettings, server: str) -> Exception | None:
    """Why a server does not let us in; None when it does."""
    error: Exception | None = None
    for _ in range(_TRIES):
        try:
            error = _asked_once(settings, server)
        except (KafkaError, OSError, ValueError) as refused:  # ssl.SSLError is an OSError; a port that is no number
            error = refused
        if error is None or not (_logs_in(settings) and _closed(error)):
            return error
    return error


def _asked_once(settings: KafkaSettings, server: str) -> Exception | None:
    client = _FirstContact(**{**settings.client, "bootstrap_servers": [server]}, request_timeout_ms=ANSWER_MS, metrics=None)
    try:
        said = client.ask(client.cluster.bootstrap_brokers()[0].node_id)
    finally:
        client.close()
    if any(_listens(host, port) for host, port in said):
        return None
    return _ElsewhereError(", ".join(f"{host}:{port}" for host, port in said))


class _ElsewhereError(Exception):
    """The server answers and sends its clients to addresses that do not."""


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=ANSWER_MS / 1000):
        return True
    return False


def _advice(settings: KafkaSettings, error: Exception) -> str:
    """What is wrong and what to set; built from the kind of error, never from what the client was given."""
    said = str(error)
    for known, advice in _ADVICE:
        if known(settings, error, said):
            return advice.format(
                who=_who(settings),
                said=_short(error),
                protocol=settings.client.get("security_protocol", "PLAINTEXT"),
                mechanism=settings.client.get("sasl_mechanism", ""),
                ca=settings.client.get("ssl_cafile", "the system's authorities"),
            )
    return f"no contact ({_short(error)})"


def _who(settings: KafkaSettings) -> str:
    name = settings.client.get("sasl_plain_username")
    return f"to the user '{name}'" if name else "to a user without a login"


def _short(error: Exception) -> str:
    kind = type(error).__name__
    return f"{kind}: {str(error).removeprefix(f'{kind}: ')[:200]}".rstrip(": ")


def _logs_in(settings: KafkaSettings) -> bool:
    return str(settings.client.get("security_protocol", "")).startswith("SASL")


def _closed(error: Exception) -> bool:
    return "disconnected" in str(error) or "closed" in str(error).lower()


def _says(*words: str) -> Callable[[KafkaSettings, Exception, str], bool]:
    return lambda _settings, _error, said: any(word in said for word in words)


def _is(*kinds: type[Exception]) -> Callable[[KafkaSettings, Exception, str], bool]:
    return lambda _settings, error, _said: isinstance(error, kinds)


_TLS_FILES = f"{_V}SSL_CAFILE, {_V}SSL_CERTFILE and {_V}SSL_KEYFILE"
_AT_LOGIN = (
    "it closes the connection at the login, which is refused {who} or not known there ({mechanism}); "
    f"see {_V}SASL_PASSWORD, {_V}SASL_MECHANISM and {_V}SECURITY_PROTOCOL (now {{protocol}})"
)
_ADVICE: tuple[tuple[Callable[[KafkaSettings, Exception, str], bool], str], ...] = (
    (
        _is(SaslAuthenticationFailedError),
        f"the login is refused {{who}} ({{mechanism}}); see {_V}SASL_USERNAME, {_V}SASL_PASSWORD and {_V}SASL_MECHANISM",
    ),
    (_is(UnsupportedSaslMechanismError), f"the mechanism {{mechanism}} is not known there; see {_V}SASL_MECHANISM"),
    (_is(IllegalSaslStateError), f"this listener knows no login; see {_V}SECURITY_PROTOCOL (now {{protocol}})"),
    (_is(_ElsewhereError), "it answers and sends its clients to {said}, where nothing answers; see its advertised.listeners"),
    (_is(IncompatibleBrokerVersion), f"it is no broker, or one that is too old; see {_V}BOOTSTRAP_SERVERS"),
    (
        _says("CERTIFICATE_VERIFY_FAILED"),
        f"its certificate is not vouched for by {{ca}}, or it is for another name; see {_V}SSL_CAFILE ({{said}})",
    ),
    (
        _says("Handshake failed", "Invalid frame length"),
        f"it does not speak {{protocol}} there; see {_V}SECURITY_PROTOCOL and the port ({{said}})",
    ),
    (_is(FileNotFoundError, PermissionError, ssl.SSLError), f"the TLS files cannot be used; see {_TLS_FILES} ({{said}})"),
    (_is(ValueError), f"{_V}BOOTSTRAP_SERVERS has to be host:port,…, each port a number"),
    (_says("ECONNREFUSED", "DNS", "timed out", "Timeout"), f"nothing answers; see {_V}BOOTSTRAP_SERVERS, and whether it runs"),
    (lambda settings, error, _said: _logs_in(settings) and _closed(error), _AT_LOGIN),
    (
        _says("isconnected", "losed"),
        f"it closes the connection: it asks for TLS or a login; see {_V}SECURITY_PROTOCOL (now {{protocol}})",
    ),
)
