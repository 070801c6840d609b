"""The sink's plan: what is new is stored, what is stored is passed over, and who lost its place leaves its hands off."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.projections.ledger.plan import Batch, Insert, Reject, Skip, State, Step, Why, plan


def batch(*offsets: int, since: int | None = None, until: int | None = None, settled: int | None = None) -> Batch:
    first = since if since is not None else offsets[0]
    end = until if until is not None else offsets[-1] + 1
    return Batch(first, end, np.array(offsets, np.uint64), settled if settled is not None else first)


def test_what_follows_the_ledger_is_stored() -> None:
    assert plan(State(5, 5), batch(5, 6, 7)) == (Insert(0, 3),)


def test_what_the_ledger_has_is_passed_over() -> None:
    assert plan(State(7, 7), batch(5, 6, 7, 8)) == (Skip(0, 2), Insert(2, 4))


def test_a_batch_that_the_ledger_has_whole_is_passed_over_whole() -> None:
    assert plan(State(9, 9), batch(5, 6, 7, 8)) == (Skip(0, 4),)


def test_gaps_of_the_log_stay_gaps() -> None:
    assert plan(State(5, 5), batch(6, 9, 12, since=5, until=20)) == (Insert(0, 3),)


def test_nothing_but_dead_records_needs_no_step() -> None:
    assert plan(State(5, 5), batch(since=5, until=9)) == ()


def test_dead_records_settled_before_are_no_hole() -> None:
    assert plan(State(5, 5), batch(9, 10, settled=9)) == (Insert(0, 2),)


def test_records_left_out_between_are_a_hole() -> None:
    assert plan(State(5, 5), batch(9, 10, settled=7)) == (Reject(0, 2, Why.HOLE),)


def test_a_place_that_somebody_else_took_is_left_alone() -> None:
    assert plan(State(5, 8), batch(5, 6, 7, 8, 9)) == (Skip(0, 3), Reject(3, 5, Why.MOVED))


def test_who_lost_its_place_hears_of_it_even_when_no_row_is_left() -> None:
    assert plan(State(5, 20), batch(5, 6)) == (Skip(0, 2), Reject(2, 2, Why.MOVED))
    assert plan(State(5, 8), batch(since=5, until=9)) == (Reject(0, 0, Why.MOVED),)


def test_rows_that_went_away_from_the_ledger_are_read_again() -> None:
    assert plan(State(9, 4), batch(9, 10)) == (Reject(0, 2, Why.MOVED),)
    assert plan(State(9, 4), batch(3, 4, 9)) == (Skip(0, 1), Reject(1, 3, Why.MOVED))


def test_an_insert_of_our_own_that_landed_unheard_is_not_done_twice() -> None:
    assert plan(State(5, 8, tried=8), batch(5, 6, 7)) == (Skip(0, 3),)
    assert plan(State(5, 8, tried=8), batch(5, 6, 7, 8)) == (Skip(0, 3), Insert(3, 4))


def test_an_insert_of_our_own_that_did_not_land_is_done_again() -> None:
    assert plan(State(5, 5, tried=8), batch(5, 6, 7)) == (Insert(0, 3),)


@pytest.mark.parametrize("offsets", [(6, 5), (5, 5), (4, 6), (6, 9)])
def test_offsets_out_of_order_or_place_are_refused(offsets: tuple[int, ...]) -> None:
    assert plan(State(5, 5), batch(*offsets, since=5, until=9)) == (Reject(0, 2, Why.DISORDER),)


def test_a_batch_that_ends_before_it_begins_is_refused() -> None:
    assert plan(State(5, 5), batch(since=5, until=4)) == (Reject(0, 0, Why.DISORDER),)


def covered(steps: tuple[Step, ...]) -> list[int]:
    return [row for step in steps for row in range(step.start, step.stop)]


def test_every_small_case_covers_each_row_once_and_stores_nothing_that_is_stored() -> None:
    """All states and batches over offsets 0 to 4, with and without an insert of unknown end."""
    offsets = [tuple(n for n in range(4) if mask >> n & 1) for mask in range(16)]
    for expected, seen, since, settled in product(range(5), repeat=4):
        for tried, some in product((None, *range(5)), offsets):
            given_ = Batch(since, 4, np.array([o for o in some if o >= since], np.uint64), settled)
            steps = plan(State(expected, seen, tried), given_)
            assert covered(steps) == list(range(len(given_.offsets)))
            for step in steps:
                rows = given_.offsets[step.start : step.stop]
                if isinstance(step, Insert):
                    assert (rows >= seen).all()
                    assert seen in (expected, tried)
                    assert since <= max(settled, seen)
                elif isinstance(step, Skip):
                    assert (rows < seen).all()


class Reader:
    """A sink as the plan sees it: believes, looks, inserts; may be struck between any two of these."""

    def __init__(self, ledger: list[int]) -> None:
        self.begin(ledger)

    def begin(self, ledger: list[int]) -> None:
        at = max(ledger, default=-1) + 1
        self.expected = self.settled = self.next = at
        self.tried: int | None = None

    def turn(self, log: list[int], end: int, ledger: list[int], size: int, fate: str) -> None:
        until = min(self.next + size, end)
        rows = np.array([o for o in log if self.next <= o < until], np.uint64)
        for _ in range(2):
            seen = max(ledger, default=-1) + 1
            steps = plan(State(self.expected, seen, self.tried), Batch(self.next, until, rows, self.settled))
            if any(isinstance(step, Reject) for step in steps):
                return self.begin(ledger)
            new = [int(o) for step in steps if isinstance(step, Insert) for o in rows[step.start : step.stop]]
            if seen == self.tried:
                self.expected, self.tried = seen, None
            if new:
                self.tried = new[-1] + 1
                if fate != "lost":
                    ledger += new
                if fate in ("lost", "unheard"):
                    fate = "well"
                    continue
                self.expected, self.tried = new[-1] + 1, None
            break
        self.settled = self.next = until
        return None


TURN = st.tuples(st.integers(0, 2), st.integers(1, 7), st.sampled_from(["well", "well", "lost", "unheard"]), st.booleans())


@settings(max_examples=300, deadline=None)
@given(log=st.sets(st.integers(0, 40)), turns=st.lists(TURN, max_size=40))
def test_whatever_sinks_do_one_after_the_other_each_record_is_stored_once_and_none_is_left_out(
    log: set[int], turns: list[tuple[int, int, str, bool]]
) -> None:
    """Three sinks that each believe the partition to be theirs; inserts get lost, land unheard; sinks start anew."""
    ledger: list[int] = []
    sinks = [Reader(ledger) for _ in range(3)]
    records = sorted(log)
    for who, size, fate, restarts in turns:
        if restarts:
            sinks[who].begin(ledger)
        sinks[who].turn(records, 41, ledger, size, fate)
        assert ledger == records[: len(ledger)], "the ledger is the beginning of the log, each record once, at any moment"
    last = Reader(ledger)
    while last.next < 41:
        last.turn(records, 41, ledger, 5, "well")
    assert ledger == records


def test_a_sink_that_goes_by_what_it_believes_stores_twice() -> None:
    """Negative control: without the look at the ledger the test above would fail."""
    ledger: list[int] = []
    one, other = Reader(ledger), Reader(ledger)
    one.turn([0, 1, 2], 3, ledger, 3, "well")
    blind = plan(State(other.expected, other.expected), batch(0, 1, 2))
    ledger += [0, 1, 2] if blind == (Insert(0, 3),) else []
    assert ledger != [0, 1, 2]
