"""The rate of a key: no more than so many a second in the long run, so many at once, whatever the sizes of the batches."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.infra.serve.rates import Rate, Rates

RATE = Rate(10, 50)


@dataclass
class Hand:
    """A clock that is moved by hand."""

    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def rates(clock: Hand) -> Rates:
    return Rates(clock)


def test_a_burst_and_then_the_rate(rates: Rates, clock: Hand) -> None:
    assert [rates.take("a", RATE, 25) for _ in range(2)] == [0, 0]
    assert rates.take("a", RATE, 1) == pytest.approx(0.1)
    clock.at += 2
    assert rates.take("a", RATE, 20) == 0
    assert rates.take("a", RATE, 20) == pytest.approx(2.0)
    clock.at += 1_000
    assert (rates.take("a", RATE, 50), rates.take("a", RATE, 1) > 0) == (0, True)


def test_each_key_has_its_own(rates: Rates) -> None:
    assert rates.take("a", RATE, 50) == 0
    assert rates.take("b", RATE, 50) == 0
    assert rates.take("a", RATE, 1) > 0


def test_without_a_rate_nothing_is_bounded(rates: Rates) -> None:
    """Negative control."""
    assert [rates.take("a", Rate(), 1_000_000) for _ in range(9)] == [0] * 9
    assert rates.wait("a", Rate()) == 0


def test_a_batch_larger_than_the_burst_comes_through_and_is_owed(rates: Rates, clock: Hand) -> None:
    assert rates.take("a", RATE, 250) == 0
    assert rates.wait("a", RATE) == pytest.approx(20.1)
    clock.at += 20.2
    assert rates.wait("a", RATE) == 0
    assert rates.take("a", RATE, 250) == pytest.approx(4.8)


def test_who_looks_takes_nothing(rates: Rates) -> None:
    assert [rates.wait("a", Rate(1, 1)) for _ in range(5)] == [0] * 5
    assert rates.take("a", Rate(1, 1), 1) == 0
    assert rates.wait("a", Rate(1, 1)) == pytest.approx(1.0)


def test_what_did_not_go_on_is_given_back(rates: Rates) -> None:
    assert rates.take("a", RATE, 50) == 0
    rates.give_back("a", 50)
    rates.give_back("unknown", 5)
    assert (rates.take("a", RATE, 50), rates.take("a", RATE, 1) > 0) == (0, True)


def test_a_rate_that_is_changed_holds_at_once(rates: Rates, clock: Hand) -> None:
    assert rates.take("a", Rate(100, 1_000), 1) == 0
    assert rates.take("a", Rate(1, 2), 3) == 0
    assert rates.take("a", Rate(1, 2), 1) == pytest.approx(2.0)
    clock.at += 2
    assert rates.take("a", Rate(100, 1_000), 199) == 0


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 200)), max_size=60))
def test_in_the_long_run_no_more_than_the_rate_comes_through(steps: list[tuple[float, int]]) -> None:
    clock = Hand()
    rates, begun, taken, largest = Rates(clock), clock.at, 0, 0
    for pause, events in steps:
        clock.at += pause
        wait = rates.take("a", RATE, events)
        if not wait:
            taken, largest = taken + events, max(largest, events)
        else:
            clock.at += wait + 1e-6
            assert rates.take("a", RATE, events) == 0, "who waits as long as told comes through"
            taken, largest = taken + events, max(largest, events)
        assert taken <= RATE.a_second * (clock.at - begun) + RATE.at_once + largest + 1e-3


def test_what_may_come_at_once_is_ten_seconds_where_nothing_is_said() -> None:
    assert (Rate(7).at_once, Rate(7, 3).at_once, str(Rate(7)), str(Rate())) == (70, 3, "7/s, 70 at once", "none")
