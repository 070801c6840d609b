"""What does not move is told with its reason; what only waits its turn is not. Calls that do not come back can be left."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest

from opsledger.infra.sink.calls import Calls, Stuck
from opsledger.infra.sink.retrier import Retrier
from opsledger.infra.sink.status import Status
from opsledger.infra.sink.watch import STUCK_S, Watch
from opsledger.ingest.log.client import News, Standing

PLACE = ("x.call", 3)


class Looking:
    """A watch, and a clock of its own."""

    def __init__(self) -> None:
        self.now, self.asked = 1_000.0, 0
        self.watch = Watch(self._opened, lambda: self.now)

    def _opened(self, _place: tuple[str, int], _offset: int) -> str:
        self.asked += 1
        return "2026-03-01T12:00:00Z"

    def why(self, position: int | None = 5, *, high: int = 5, stable: int | None = None, **more: object) -> str:
        """What is told after the same was seen for so long (``after_s``), ``polls`` times."""
        seconds, polls = float(str(more.get("after_s", 7))), int(str(more.get("polls", 30)))
        leader, silent_s = more.get("leader", 1), float(str(more.get("silent_s", 0)))
        found = {}
        for _ in range(polls):
            self.now += seconds / polls
            self.watch.polled()
            news = News(str(more.get("error", "")), high, high if stable is None else stable)
            standing = Standing(position, news, leader, self.now - silent_s)  # type: ignore[arg-type]  # None, or a number
            found = self.watch.look({PLACE: standing})
        return found[PLACE].why if found else ""

    def steps(self, seconds: float) -> Iterator[None]:
        for _ in range(100):
            self.now += seconds / 100
            self.watch.polled()
            yield


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"position": 5, "high": 5}, ""),
        ({"position": 5, "high": 9}, "records are there and the client hands out none"),
        ({"position": None}, "records are there and the client hands out none"),
        ({"leader": None}, "no broker leads it"),
        ({"silent_s": 60}, "broker 1, which leads it, does not answer"),
        ({"error": "KafkaStorageError"}, "the broker answers KafkaStorageError"),
        (
            {"high": 9, "stable": 5},
            "the transaction that begins at x.call/3@5 is still open since 2026-03-01T12:00:00Z; 4 messages",
        ),
        ({"position": 7, "high": 9, "stable": 5}, "the transaction that begins at x.call/3@5 is still open"),
        ({"high": 9, "after_s": STUCK_S - 1}, ""),
        ({"high": 9, "polls": 5, "after_s": 60}, ""),
    ],
)
def test_a_partition_that_does_not_move_says_why(seen: dict[str, object], why: str) -> None:
    looking = Looking()
    looking.why(position=4, high=9, after_s=0.1, polls=1)
    told = looking.why(**seen)  # type: ignore[arg-type]  # the test names them
    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_a_broker_that_falls_silent_is_told_within_ten_seconds() -> None:
    looking = Looking()
    assert looking.why(after_s=20) == ""
    last = looking.now
    told = [bool(looking.watch.look({PLACE: Standing(5, News("", 5, 5), 1, last)})) for _ in looking.steps(10.0)]
    assert told[-1]


def test_when_a_transaction_began_is_asked_once() -> None:
    looking = Looking()
    assert looking.why(high=9, stable=5)
    assert looking.why(high=12, stable=5)
    assert looking.asked == 1


def test_reading_the_same_again_is_no_movement_and_going_on_is() -> None:
    looking = Looking()
    for position in (2, 5, 2, 5, 2, 5):
        told = looking.why(position=position, high=9, after_s=2, polls=12)
    assert told == "records are there and the client hands out none"
    assert looking.why(position=6, high=9, after_s=2) == ""


def test_a_group_that_does_not_come_together_is_told() -> None:
    looking = Looking()
    assert looking.watch.apart(is_joined=False) == 0
    looking.now += STUCK_S
    assert looking.watch.apart(is_joined=False) == STUCK_S
    assert looking.watch.apart(is_joined=True) == 0


def made(stop: threading.Event, status: Status) -> Calls:
    retrier = Retrier(stop, status.trouble, status.over, random.Random(1))
    return Calls(stop, retrier, status.late)


def test_a_call_gives_what_the_client_gives() -> None:
    calls = made(threading.Event(), Status("s"))
    assert calls.call("adding", lambda: 1 + 1) == 2
    with pytest.raises(TimeoutError, match="of its own"):
        calls.once("failing", lambda: (_ for _ in ()).throw(TimeoutError("of its own")))
    calls.close()


def test_a_client_that_spins_is_told_and_left_after_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsledger.infra.sink.calls.LATE_S", 0.3)
    stop, free, status = threading.Event(), threading.Event(), Status("s")
    calls, told = made(stop, status), []

    def spin() -> None:
        while not free.is_set():
            pass

    def ask() -> None:
        try:
            calls.call("reading the log", spin)
        except Stuck as stuck:
            told.append(str(stuck))

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: status.problem is not None)
    assert status.problem is not None
    assert "Kafka's client has not come back" in status.problem.error
    assert asking.is_alive(), "it waits as long as nobody asks it to stop"
    stop.set()
    asking.join(60)
    free.set()
    assert told == [told[0]]
    assert told[0].startswith("reading the log: the client has not come back for")
    with pytest.raises(Stuck):
        calls.once("anything", lambda: 1)


def test_what_was_late_and_comes_back_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsledger.infra.sink.calls.LATE_S", 0.0)
    status = Status("s")
    calls, free = made(threading.Event(), status), threading.Event()
    asking = threading.Thread(target=lambda: calls.call("reading the log", free.wait))
    asking.start()
    until(lambda: status.problem is not None)
    free.set()
    asking.join(60)
    assert status.problem is None
    calls.close()


def until(what: object) -> None:
    end = time.monotonic() + 60
    while not what():  # type: ignore[operator]  # a test's condition
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_failed_once_and_works_is_no_trouble_any_more() -> None:
    status, tries = Status("s"), iter([OSError("away"), None])

    def act() -> str:
        if error := next(tries):
            raise ConnectionError(str(error))
        return "done"

    retrier = Retrier(threading.Event(), status.trouble, status.over, random.Random(1))
    assert retrier.call("asking", act) == "done"
    assert (status.problem, status.retries) == (None, 1)
