"""What Kafka's client raises and says, told to the user: what was being done, what is wrong, what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.ingest.log.client import (
    AuthorizationError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    UnknownTopicOrPartitionError,
)

_ADVICE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (SaslAuthenticationFailedError, "Kafka refuses the login; look at OPSLEDGER_KAFKA_SASL_USERNAME and its password"),
    (AuthorizationError, "this login may not do that; an administrator has to allow it"),
    (UnknownTopicOrPartitionError, "a topic is missing; make what is missing with 'opsledger kafka init'"),
    (MessageSizeTooLargeError, "the topic takes no message of this size; 'opsledger kafka check' says what to set"),
    (
        (NotEnoughReplicasError, NotEnoughReplicasAfterAppendError),
        "too few brokers are up to keep it safely; 'opsledger kafka status' shows them",
    ),
    (OffsetOutOfRangeError, "records that the topic once had are gone; 'opsledger kafka check' looks at its retention"),
)
_SILENT = (
    "no broker answered in time; is Kafka running, and is OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS right? ('opsledger kafka status')"
)
_NO_ANSWER = (KafkaTimeoutError, RequestTimedOutError, KafkaConnectionError, NodeNotReadyError)
_REFUSED_LOGIN, _CLOSED, _NOBODY = "SaslAuthenticationFailedError", "socket disconnected", "ECONNREFUSED"
_SHUT_OUT = (
    "Kafka closes the connection: it refuses the login, or speaks another protocol at this port; look at "
    "OPSLEDGER_KAFKA_SASL_USERNAME, its password and OPSLEDGER_KAFKA_SECURITY_PROTOCOL"
)
"""The client often sees a refused login as a closed connection only."""


class _LastWords(logging.Handler):
    """Keeps what the client's warnings told: a start that fails tells only there that it was the login."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a warning tells; nothing is printed."""
        said = record.getMessage()
        self.heard.update(word for word in (_REFUSED_LOGIN, _CLOSED, _NOBODY) if word in said)


_last_words = _LastWords()


def be_quiet() -> None:
    """Have the client's warnings kept instead of printed: what matters of them is raised."""
    logger = logging.getLogger("kafka")
    if _last_words not in logger.handlers:
        logger.addHandler(_last_words)


@contextmanager
def told_to_user(doing: str) -> Iterator[None]:
    """Errors of Kafka become UserError (exit code 4) that says what was being done."""
    _last_words.heard.clear()
    try:
        yield
    except KafkaError as error:
        raise told(doing, error) from error


def told(doing: str, error: BaseException) -> UserError:
    """An error of Kafka as the user's."""
    return UserError(f"{doing}: {_advice(error)}", EXIT_ENVIRONMENT)


def _advice(error: BaseException) -> str:
    if isinstance(error, _NO_ANSWER):
        heard = _last_words.heard
        if _REFUSED_LOGIN in heard:
            return _ADVICE[0][1]
        return _SHUT_OUT if _CLOSED in heard and _NOBODY not in heard else _SILENT
    for kinds, advice in _ADVICE:
        if isinstance(error, kinds):
            return advice
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}"
