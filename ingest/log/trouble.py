"""What Kafka's client raises and says, told to the user: what was being done, what is wrong, what to do."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from kafka.errors import (
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

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

_KEPT_WORDS = 20
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
_REFUSED_LOGIN = "SaslAuthenticationFailedError"


class _LastWords(logging.Handler):
    """Keeps the client's last warnings: a start that fails tells only there that it was the login."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: deque[str] = deque(maxlen=_KEPT_WORDS)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning; nothing is printed."""
        self.words.append(record.getMessage())


_last_words = _LastWords()


def be_quiet() -> None:
    """Have the client's warnings kept instead of printed: what matters of them is raised."""
    logger = logging.getLogger("kafka")
    if _last_words not in logger.handlers:
        logger.addHandler(_last_words)


@contextmanager
def told_to_user(doing: str) -> Iterator[None]:
    """Errors of Kafka become UserError (exit code 4) that says what was being done."""
    _last_words.words.clear()
    try:
        yield
    except KafkaError as error:
        raise told(doing, error) from error


def told(doing: str, error: BaseException) -> UserError:
    """An error of Kafka as the user's."""
    return UserError(f"{doing}: {_advice(error)}", EXIT_ENVIRONMENT)


def _advice(error: BaseException) -> str:
    if isinstance(error, _NO_ANSWER):
        refused = any(_REFUSED_LOGIN in words for words in list(_last_words.words))
        return _ADVICE[0][1] if refused else _SILENT
    for kinds, advice in _ADVICE:
        if isinstance(error, kinds):
            return advice
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}"
