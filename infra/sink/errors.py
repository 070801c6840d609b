"""What an error means to the sink: one table, looked through from the top; docs/sink.md shows it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.ingest.log.client import errors as kafka
from opsledger.ingest.log.trouble import told

MAX_UNKNOWN = 5
"""So often in a row an error that is in no line of the table is tried again."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


class Verdict(StrEnum):
    """What becomes of the sink."""

    RETRY = "retry"
    """It waits, longer each time, asks the ledger anew how far it goes, and tries again; without end."""
    PERMANENT = "permanent"
    """It stops and says what to do; what is stored stays, and the next start goes on from there."""
    UNKNOWN = "unknown"
    """As retry, but only some times in a row; then as permanent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table: an error is of ``kinds`` and, where ``codes`` are given, has one of ClickHouse's codes."""

    what: str
    verdict: Verdict
    kinds: tuple[type[BaseException], ...]
    codes: tuple[int, ...] = ()

    def fits(self, error: BaseException) -> bool:
        """Whether this line is about an error."""
        return isinstance(error, self.kinds) and (not self.codes or getattr(error, "code", None) in self.codes)


RULES: tuple[Rule, ...] = (
    Rule("another sink runs under the same name", Verdict.PERMANENT, (kafka.FencedInstanceIdError,)),
    Rule(
        "the log does not have the offset that the ledger goes on from",
        Verdict.PERMANENT,
        (kafka.OffsetOutOfRangeError, kafka.LogTruncationError, kafka.NoOffsetForPartitionError),
    ),
    Rule(
        "Kafka refuses the login, or the login may not read",
        Verdict.PERMANENT,
        (kafka.AuthorizationError, kafka.SaslAuthenticationFailedError, kafka.UnsupportedSaslMechanismError),
    ),
    Rule(
        "settings that the client or the brokers do not take",
        Verdict.PERMANENT,
        (kafka.KafkaConfigurationError, kafka.InvalidSessionTimeoutError, kafka.InconsistentGroupProtocolError),
    ),
    Rule(
        "brokers away, electing, or slow",
        Verdict.RETRY,
        (kafka.RetriableError, kafka.KafkaConnectionError, kafka.BrokerNotAvailableError),
    ),
    Rule(
        "the group is being put together anew",
        Verdict.RETRY,
        (
            kafka.CommitFailedError,
            kafka.IllegalGenerationError,
            kafka.UnknownMemberIdError,
            kafka.RebalanceInProgressError,
            kafka.MemberIdRequiredError,
        ),
    ),
    Rule("disk full, no right to write, memory limit", Verdict.PERMANENT, (UserError,)),
    Rule(
        "ClickHouse: wrong user, password or rights",
        Verdict.PERMANENT,
        (ClickHouseError,),
        (192, 193, 194, 497, 516),
    ),
    Rule(
        "ClickHouse: tables or columns are not those of this version",
        Verdict.PERMANENT,
        (ClickHouseError,),
        (16, 36, 47, 53, 60, 81),
    ),
    Rule(
        "ClickHouse: busy, shutting down, without its keeper, read-only for the moment",
        Verdict.RETRY,
        (ClickHouseError,),
        (3, 159, 160, 202, 203, 209, 210, 236, 242, 252, 254, 279, 285, 286, 319, 425, 439, 999),
    ),
    Rule("ClickHouse does not answer", Verdict.RETRY, (OperationalError, ConnectionError, TimeoutError)),
    Rule("anything else", Verdict.UNKNOWN, (Exception,)),
)


def rule_of(error: BaseException) -> Rule:
    """The line of the table that an error falls under."""
    return next(rule for rule in RULES if rule.fits(error))


def wait_s(failures: int, chance: random.Random) -> float:
    """How long to wait after so many failures in a row (1 is the first): twice as long each time, a little by chance."""
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10)) * chance.uniform(0.8, 1.2))


def is_final(rule: Rule, failures: int) -> bool:
    """Whether the sink stops at this failure, the so-manieth in a row."""
    return rule.verdict is Verdict.PERMANENT or (rule.verdict is Verdict.UNKNOWN and failures >= MAX_UNKNOWN)


def as_user_error(error: BaseException, doing: str) -> BaseException:
    """What the user is told of an error that ends the sink; the error itself where it is a defect of ours."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, kafka.FencedInstanceIdError):
        return UserError(f"{doing}: another sink runs under this name; give this one another: --name NAME")
    if isinstance(error, kafka.OffsetOutOfRangeError | kafka.LogTruncationError):
        return UserError(
            f"{doing}: the log does not have the records that follow the ledger's ({error}); was a topic made anew, "
            "or its retention shortened? 'opsledger kafka check' looks",
            EXIT_ENVIRONMENT,
        )
    if isinstance(error, kafka.KafkaError):
        return told(doing, error)
    if isinstance(error, ClickHouseError) and rule_of(error).verdict is not Verdict.UNKNOWN:
        return UserError(f"{doing}: {rule_of(error).what}: {_first_line(error)}", EXIT_ENVIRONMENT)
    return error


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:300]
