"""Records that could not become events: kept whole, found again, tried again, and every try on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from opsledger.domain.envelope import NAMESPACE


class Outcome(StrEnum):
    """What came of trying a dead letter again."""

    ACCEPTED = "accepted"
    """At least one new event was stored."""
    DUPLICATE = "duplicate"
    """All its events had been stored meanwhile."""
    DEAD = "dead"
    """It was refused again."""


class Status(StrEnum):
    """Where a dead letter stands."""

    OPEN = "open"
    """Never tried again, or refused every time."""
    SETTLED = "settled"
    """Tried again with success, or found stored."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused record. ``raw`` is its first 64 KiB; ``length`` and ``sha256`` (hex) are those of the whole.

    ``file`` is the input's own name (``-`` for standard input), ``line`` counts from 1, ``mapping`` is the digest of
    the mapping that it was read with ('' without one). Times are UTC.
    """

    id: UUID
    tenant: str
    source: str
    format: str
    file: str
    line: int
    mapping: str
    reason: str
    detail: str
    raw: bytes
    length: int
    sha256: str
    first_seen: datetime
    status: Status = Status.OPEN
    attempts: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether ``raw`` is the entire record, so that it can be tried again."""
        return len(self.raw) == self.length


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to make events of a dead letter: when (UTC), under which mapping, and what came of it."""

    letter: UUID
    at: datetime
    outcome: Outcome
    reason: str = ""
    detail: str = ""
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant; empty fields mean any. ``limit`` bounds the answer."""

    tenant: str = ""
    source: str = ""
    reason: str = ""
    file: str = ""
    status: str = ""
    limit: int = 1_000


def dead_letter_id(*, tenant: str, source: str, file: str, line: int, sha256: str) -> UUID:
    """The id of a dead letter: the same record, read again from the same file, is the same dead letter."""
    return uuid5(NAMESPACE, "\x1f".join(("dead-letter", tenant, source, file, str(line), sha256)))
