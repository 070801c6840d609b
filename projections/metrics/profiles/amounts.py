"""The amounts from which profiles are put together: taken from the dictionary, joined, narrowed, never written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opsledger.projections.metrics.model import Amount, Attribution, Times
from opsledger.projections.metrics.registry import METRICS


def amount_of(code: str) -> Amount:
    """What the dictionary's metric counts."""
    return METRICS[code].numerator


def also(amount: Amount, condition: str) -> Amount:
    """The rows of an amount for which a condition holds too."""
    return replace(amount, where=f"({amount.where}) AND {condition}")


def either(first: Amount, *others: Amount) -> Amount:
    """The rows of any of several amounts; each row once. The amounts count the same kind of row."""
    if any(replace(other, where=first.where) != first for other in others):
        raise ValueError("only amounts that count the same kind of row can be joined")
    return replace(first, where=" OR ".join(f"({a.where})" for a in (first, *others)))


def without(amount: Amount, *others: Amount) -> Amount:
    """The rows of an amount that are in none of the others."""
    return also(amount, " AND ".join(f"NOT ({other.where})" for other in others))


def within(amount: Amount) -> Amount:
    """The entries of an amount that ended within the threshold of entering."""
    return also(amount, "wait_ms <= {threshold_ms:Int64}")


def outcome(*names: str) -> Amount:
    """Queue entries that were left in one of these ways."""
    return either(*(amount_of(f"{name}_entries") for name in names))


def waits(entries: Amount) -> Amount:
    """How long the entries of an amount waited."""
    return replace(also(entries, "wait_ms IS NOT NULL"), value=METRICS["asa"].numerator.value)


def placed(amount: Amount, at: Mapping[Attribution, Times]) -> Amount:
    """The same amount, counted at other columns under some attributions."""
    return replace(amount, times={**amount.times, **at})


ENTRIES = amount_of("entries")
ANSWERED = amount_of("answered")
ANSWERED_IN_TIME = amount_of("answered_in_time")
NOT_LET_IN = outcome("full", "closed", "join_empty")
"""Turned away on arrival. What was diverted is not among them: Connect's and Genesys's contacts were in the queue before."""
SETTLED = METRICS["answer_rate"].amounts[1]
"""Queue entries that are over."""
QUEUED = without(SETTLED, NOT_LET_IN)
"""Queue entries that are over and were really let in."""
