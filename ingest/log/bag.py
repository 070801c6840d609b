"""What a topic holds, by fingerprint: tells of other records whether they are there, each as often as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Prints = NDArray[np.uint64]


def prints_of(rows: Iterable[Sequence[bytes]]) -> Prints:
    """A fingerprint of each (key, value, …): of key and value, not of what follows."""
    return np.fromiter((_print(row[0], row[1]) for row in rows), np.uint64)


def _print(key: bytes, value: bytes) -> int:
    size = len(key).to_bytes(4, "little")
    return int.from_bytes(blake2b(size + key + value, digest_size=8).digest(), "little")


def sum_of(prints: Prints) -> int:
    """One number for many, whatever their order."""
    return int(prints.sum(dtype=np.uint64))


class Bag:
    """Fingerprints, each as often as it was put in; 12 bytes each."""

    def __init__(self, prints: Prints) -> None:
        values, counts = np.unique(prints, return_counts=True)
        self._values, self._left = values, counts.astype(np.int64)

    def __len__(self) -> int:
        return int(self._left.sum())

    def take(self, prints: Prints) -> NDArray[np.bool_]:
        """Take them out, in their order: which of them were in, counting how often."""
        found = np.zeros(len(prints), np.bool_)
        if not len(self._values):
            return found
        places = np.minimum(np.searchsorted(self._values, prints), len(self._values) - 1)
        rows = np.flatnonzero(self._values[places] == prints)
        rows = rows[np.argsort(places[rows], kind="stable")]
        mine = places[rows]
        _, starts, counts = np.unique(mine, return_index=True, return_counts=True)
        rank = np.arange(len(mine)) - np.repeat(starts, counts)
        taken = rank < self._left[mine]
        np.subtract.at(self._left, mine[taken], 1)
        found[rows[taken]] = True
        return found
