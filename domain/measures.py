"""What a statement asks of the facts, and what it gets: counts and ratios with their evidence, passed in as data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

FEW = 50
"""Evidence of up to this many events lists their ids; of more, the count and the digest stand for them."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A measure as the terms name it, with its parameters in order of their names."""

    name: str
    params: tuple[tuple[str, str | int | bool | tuple[str, ...]], ...] = ()

    def param(self, name: str) -> str | int | bool | tuple[str, ...] | None:
        """A parameter's value, None where the terms left it out."""
        return dict(self.params).get(name)


@dataclass(frozen=True, slots=True)
class Need:
    """A measure over the local days [first, end) of the contract's zone; no ``queues`` = all of the vendor's."""

    ask: Ask
    first: date
    end: date
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a figure rests on: a predicate over the facts, evaluated at log positions, and what it found.

    ``bound`` are the values of the predicate's parameters. ``positions`` are (topic/partition, next offset).
    ``digest`` is SHA-256 (hex) over the sorted keys of the ``count`` facts or events found, one a line;
    ``event_ids`` are the events that settled them, where there are few.
    """

    predicate: str
    count: int
    digest: str
    event_ids: tuple[UUID, ...] = ()
    positions: tuple[tuple[str, int], ...] = ()
    bound: tuple[tuple[str, str], ...] = ()


def digest_of(keys: Iterable[str]) -> str:
    """SHA-256 (hex) over sorted keys, one a line: the same evidence in any order has the same digest."""
    return hashlib.sha256("".join(f"{key}\n" for key in sorted(keys)).encode()).hexdigest()


def evidence_of(predicate: str, event_ids: Iterable[UUID], positions: tuple[tuple[str, int], ...] = ()) -> Evidence:
    """Evidence that rests on single events."""
    ids = tuple(sorted(event_ids, key=str))
    return Evidence(predicate, len(ids), digest_of(map(str, ids)), ids if len(ids) <= FEW else (), positions)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure: a count (no denominator), or a ratio kept as its two parts."""

    numerator: Decimal
    evidence: Evidence
    denominator: Decimal | None = None

    @property
    def value(self) -> Fraction | None:
        """The exact figure; None for a ratio of nothing."""
        if self.denominator is None:
            return Fraction(self.numerator)
        return Fraction(self.numerator) / Fraction(self.denominator) if self.denominator else None


Measures = Mapping[Need, Mapping[str, Measure]]
"""For each need its measures by class (severity, award rule) or by agent; by '' where they are of the whole desk."""
