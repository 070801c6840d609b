"""Chance: a named stream of random numbers for each concern, and tables that turn one number into a length of time."""

from __future__ import annotations

from math import exp, log
from random import Random
from statistics import NormalDist
from typing import TypeVar

SIZE = 1024
"""Entries of a table of lengths: ``table[int(random() * SIZE)]`` draws from it."""

T = TypeVar("T")


def stream(seed: int, name: str) -> Random:
    """The random numbers of one concern; another concern's use of chance never shifts them."""
    return Random(f"{seed}/{name}")  # noqa: S311  a simulation must be repeatable, it keeps no secret


def lengths(mean_s: float, sigma: float, low_s: float, high_s: float) -> tuple[int, ...]:
    """A log-normal length of time as ``SIZE`` equally likely values, in ms, cut at low and high."""
    normal = NormalDist(log(mean_s * 1000) - sigma * sigma / 2, sigma)
    values = (int(exp(normal.inv_cdf((i + 0.5) / SIZE))) for i in range(SIZE))
    return tuple(min(max(v, int(low_s * 1000)), int(high_s * 1000)) for v in values)


def waits(mean_s: float, low_s: float) -> tuple[int, ...]:
    """An exponential length of time as ``SIZE`` equally likely values, in ms, never under ``low_s``."""
    return tuple(int(1000 * max(low_s, -mean_s * log(1 - (i + 0.5) / SIZE))) for i in range(SIZE))


def wheel(*slots: tuple[T, int]) -> tuple[T, ...]:
    """A wheel of fortune: each value as often as its weight says; ``wheel[int(random() * len(wheel))]`` spins it."""
    return tuple(value for value, weight in slots for _ in range(weight))
