"""The memory of event ids: it may suspect, it must not forget."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from opsledger.domain.envelope import owner_mark
from opsledger.ingest import seen
from opsledger.ingest.seen import Seen, digests


def ids(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(24 * count)


def test_what_was_added_is_never_forgotten() -> None:
    memory = Seen(1)
    for seed in range(40):  # far more ids than so small a filter can tell apart
        memory.add(digests(ids(20_000, seed)))
    assert all(memory.maybe(digests(ids(20_000, seed))).all() for seed in range(40))


def test_ids_of_one_batch_that_share_a_word_are_all_kept() -> None:
    memory = Seen(1)
    crowd = (np.arange(1, 5_001, dtype=np.uint64) << np.uint64(40)) | np.uint64(7)  # all of them in word 7
    memory.add(crowd)
    assert memory.maybe(crowd).all()


def test_a_plain_assignment_would_forget_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the loop in ``add`` is what the test above rests on."""
    memory = Seen(1)
    crowd = np.asarray([1 << 58 | 7, 2 << 58 | 7], np.uint64)
    places = crowd & np.uint64(131_071)
    memory._words[places] |= seen._bits(crowd)
    assert not memory.maybe(crowd).all()


def test_new_ids_are_seldom_suspected() -> None:
    memory = Seen(64)
    for seed in range(20):
        memory.add(digests(ids(100_000, seed)))
    assert memory.maybe(digests(ids(100_000, 99))).mean() < 0.0005


@pytest.mark.parametrize(
    "make", [lambda n: n.to_bytes(16, "big"), lambda n: n.to_bytes(16, "little"), lambda n: (n << 64).to_bytes(16, "big")]
)
def test_ids_that_only_count_up_are_told_apart_as_well(make: object) -> None:
    memory = Seen(64)
    numbers = [make(n) + owner_mark("acme", "pbx:main") for n in range(200_000)]  # type: ignore[operator]  # one of the three above
    memory.add(digests(b"".join(numbers[:100_000])))
    assert memory.maybe(digests(b"".join(numbers[100_000:]))).mean() < 0.001


def test_nothing_is_nothing() -> None:
    memory = Seen(1)
    memory.add(digests(b""))
    assert len(memory.maybe(digests(b""))) == 0
    assert not memory.maybe(digests(os.urandom(2400))).any()


def test_one_id_of_two_owners_is_two() -> None:
    memory = Seen(1)
    id_ = ids(1)[:16]
    owners = [("acme", "pbx"), ("globex", "pbx"), ("acme", "crm"), ("pbx", "acme"), ("crm", "acme")]
    marks = [owner_mark(*owner) for owner in owners]
    assert len(set(marks)) == len(owners)
    memory.add(digests(id_ + marks[0]))
    assert [bool(memory.maybe(digests(id_ + mark))[0]) for mark in marks] == [True, False, False, False, False]
