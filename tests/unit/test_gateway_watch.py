"""What a client asked for ends when it is gone, and not before, and nothing is ended behind its own end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from opsledger.infra.gateway.watch import Watch
from tests.naive_http import until


@pytest.fixture
def watch() -> Iterator[Watch]:
    return Watch(every_s=0.01, again_s=0.05)


class Asked:
    """A statement of a client that may go."""

    def __init__(self) -> None:
        self.gone, self.stops = threading.Event(), 0

    def stop(self) -> None:
        self.stops += 1


def test_it_is_stopped_when_its_client_has_gone_and_again_until_it_ends(watch: Watch) -> None:
    one, other = Asked(), Asked()
    with watch.over(one.gone.is_set, one.stop), watch.over(other.gone.is_set, other.stop):
        one.gone.set()
        until(lambda: one.stops >= 3)
        assert other.stops == 0
    stops = one.stops
    with watch.over(other.gone.is_set, other.stop):
        other.gone.set()
        until(lambda: other.stops >= 2)
    assert one.stops == stops


def test_who_stays_is_left_alone(watch: Watch) -> None:
    one, looks = Asked(), list[int]()
    with watch.over(lambda: bool(looks.append(1)), one.stop):
        until(lambda: len(looks) > 10)
    assert one.stops == 0


def test_its_end_waits_for_a_stop_that_is_under_way(watch: Watch) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def stop() -> None:
        begun.set()
        may_end.wait(10)

    def ask() -> None:
        with watch.over(lambda: True, stop):
            begun.wait(10)
        ended.set()

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(10)
    assert not ended.wait(0.1)
    may_end.set()
    thread.join(10)
    assert ended.is_set()


def test_a_stop_that_fails_does_not_end_the_watch(watch: Watch) -> None:
    def fail() -> None:
        raise ValueError("no such statement")

    one = Asked()
    one.gone.set()
    with watch.over(lambda: True, fail), watch.over(one.gone.is_set, one.stop):
        until(lambda: one.stops >= 2)


def test_what_is_asked_by_many_at_once_is_forgotten_with_its_end(watch: Watch) -> None:
    def ask() -> None:
        for _ in range(200):
            with watch.over(lambda: False, lambda: None):
                pass

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert watch._watched == {}
