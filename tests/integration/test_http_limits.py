"""The server against too much: slow clients, many at once, large bodies, a log that is slow, away or full; and its stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
import urllib3

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.serve import app
from opsledger.infra.serve.server import is_loopback
from opsledger.ingest.http.item import Item
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.request import Message, Parsed, parse
from opsledger.ingest.http.verdict import Verdict
from tests.http_server import BATCH, Client, Service, service
from tests.ledger_samples import NOW, line
from tests.naive_http import Gate, accept_all, at_once, until

CLOCK = FixedClock(NOW)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_200_clients_at_once_are_all_answered_in_few_groups(tmp_path: Path, gate: Gate) -> None:
    with service(gate, tmp_path, CLOCK) as running:
        clients = [Client(running.client.url, running.client.key) for _ in range(200)]
        with at_once(*(lambda c=c, n=n: c.post(line(f"c{n}")).status for n, c in enumerate(clients))) as told:
            until(lambda: running.committer.waiting == 200)
            gate.opened.set()
        assert Counter(told) == {200: 200}
        assert sum(gate.groups) == 200
        assert len(gate.groups) == 2, "what waited while the first group was stored goes together"


def test_more_than_may_wait_are_told_to_come_again(tmp_path: Path, gate: Gate) -> None:
    with service(gate, tmp_path, CLOCK, limits=Limits(waiting=3)) as running:
        client = running.client
        with at_once(*[lambda: client.post(line("a")).status] * 3) as told:
            until(lambda: running.committer.waiting == 3)
            more = client.post(line("b"))
            assert (more.status, more.headers["Retry-After"]) == (429, "1")
            assert "nothing of this request was stored" in more.json()["detail"]
            assert client.get("/healthz").status == 200
            gate.opened.set()
        assert told == [200] * 3
        assert sum(gate.groups) == 3
        assert client.post(line("b")).status == 200


@pytest.mark.parametrize("most", [2, 12])
def test_so_many_bodies_are_taken_apart_at_once_and_no_more(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: as many as there are where the bound is no less."""
    all_in, parsing, together = Barrier(most), [], []

    def watched(message: Message, limits: Limits) -> Parsed:
        parsing.append(1)
        all_in.wait(30)
        together.append(len(parsing))
        all_in.wait(30)
        parsing.pop()
        return parse(message, limits)

    monkeypatch.setattr(app, "parse", watched)
    with service(accept_all, tmp_path, CLOCK, limits=Limits(parsing=most)) as running:
        clients = [Client(running.client.url, running.client.key) for _ in range(12)]
        with at_once(*(lambda c=c, n=n: c.post(line(f"c{n}")).status for n, c in enumerate(clients))) as told:
            pass
    assert told == [200] * 12
    assert max(together) == most


def test_bytes_on_their_way_are_bounded_and_one_large_request_alone_is_taken(tmp_path: Path, gate: Gate) -> None:
    with service(gate, tmp_path, CLOCK, limits=Limits(in_flight_bytes=500)) as running:
        client = running.client
        with at_once(lambda: client.post(line("a", data={"queue": "q" * 1_000})).status) as told:
            until(lambda: running.committer.waiting == 1)
            assert running.committer.in_flight_bytes > 500
            assert client.post(line("b")).status == 429
            gate.opened.set()
        assert told == [200]
        assert running.committer.in_flight_bytes == 0


def test_a_log_that_does_not_answer_is_told_and_nothing_is_said_accepted(tmp_path: Path, gate: Gate) -> None:
    limits = Limits(answer_s=0.4, stalled_s=0.2)
    with service(gate, tmp_path, CLOCK, limits=limits) as running:
        client = running.client
        told = client.post(line("a"))
        assert (told.status, told.headers["Retry-After"]) == (503, "5")
        assert "may be stored or not" in told.json()["detail"]
        now = client.post(line("b"))
        assert (now.status, "does not answer at present" in now.json()["detail"]) == (503, True)
        health = client.get("/healthz")
        assert (health.status, health.json()) == (503, {"well": False, "log": "away"})
        gate.opened.set()
        until(lambda: client.post(line("b")).status == 200)
        assert client.get("/healthz").status == 200


def test_who_no_longer_waits_is_not_stored(tmp_path: Path, gate: Gate) -> None:
    with service(gate, tmp_path, CLOCK, limits=Limits(answer_s=1)) as running:
        client = running.client
        with at_once(lambda: client.post(line("a")).status) as first:
            assert gate.entered.wait(10)
            with at_once(lambda: client.post(line("b")).status) as second:
                until(lambda: running.committer.waiting == 2)
        assert (first, second) == ([503], [503])
        gate.opened.set()
        assert client.post(line("c")).status == 200
        assert sum(gate.groups) == len(gate.groups) == 2, "the one that only waited was given up with its client"


class Failing:
    """A log that is away until it is back."""

    def __init__(self) -> None:
        self.away = True

    def __call__(self, items: Sequence[Item], owners: Sequence[Owner]) -> list[Verdict]:
        if self.away:
            raise UserError("appending to topic 'x': no broker at kafka.internal:9092", EXIT_ENVIRONMENT)
        return accept_all(items, owners)


def test_a_log_that_fails_is_told_to_the_operator_whole_and_to_the_client_without_names(tmp_path: Path) -> None:
    failing, said = Failing(), list[str]()
    with service(failing, tmp_path, CLOCK, told=said.append) as running:
        told = running.client.post(line("a"))
        assert (told.status, told.headers["Retry-After"]) == (503, "5")
        assert b"kafka.internal" not in told.data
        assert said == ["appending to topic 'x': no broker at kafka.internal:9092"]
        assert running.client.get("/healthz").json()["log"] == "away"
        failing.away = False
        assert running.client.post(line("a")).status == 200
        assert running.client.get("/healthz").json()["log"] == "taking"


def test_a_defect_met_by_one_request_is_its_own(tmp_path: Path) -> None:
    gate, said = Gate(), list[str]()

    def store(items: Sequence[Item], owners: Sequence[Owner]) -> list[Verdict]:
        verdicts = gate(items, owners)
        if any(b"poison" in item.raw for item in items):
            raise ZeroDivisionError("secret content")
        return verdicts

    with service(store, tmp_path, CLOCK, told=said.append) as running:
        client = running.client
        calls = [lambda n=n: client.post(line(n)).status for n in ("a", "poison", "b", "c")]
        with at_once(lambda: client.post(line("first")).status) as first:
            gate.entered.wait(10)
            with at_once(*calls) as told:
                until(lambda: running.committer.waiting == 5)
                gate.opened.set()
        assert (first, told) == ([200], [200, 500, 200, 200])
        assert len(said) == 1
        assert "ZeroDivisionError" in said[0]
        assert "secret" not in said[0]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(accept_all, tmp_path, CLOCK, limits=Limits(body_bytes=100_000, events=100)) as running:
        yield running


@pytest.mark.parametrize("size", [100_002, 10_000_000])
def test_a_body_that_is_too_large_is_refused(size: int, served: Service) -> None:
    told = served.client.post(b" " * size)
    assert (told.status, told.headers["Content-Type"]) == (413, "application/problem+json")
    assert served.client.post(b" " * 99_000 + line("a")).status == 200
    assert served.committer.groups == 1


def test_a_body_in_chunks_is_bounded_too(served: Service) -> None:
    pieces = (b" " * 10_000 for _ in range(1_000))
    headers = {"Authorization": f"Bearer {served.client.key}", "Content-Type": "application/cloudevents+json"}
    with urllib3.PoolManager(retries=False) as http:
        assert http.request("POST", served.client.url + "/events", body=pieces, headers=headers).status == 413
        whole = http.request("POST", served.client.url + "/events", body=iter([line("a")]), headers=headers)
    assert whole.status == 200
    assert served.committer.groups == 1


def test_a_batch_of_too_many_events_is_refused_whole(served: Service) -> None:
    told = served.client.batch([b"1"] * 101)
    assert (told.status, "more than 100 events" in told.json()["detail"]) == (413, True)
    assert served.client.batch([b"1"] * 100).status == 200


def test_headers_are_bounded_in_number_and_size(served: Service) -> None:
    told = served.client.post(line("a"), **{f"x-{n}": "1" for n in range(120)})
    assert (told.status, told.headers["Content-Type"]) == (431, "application/problem+json")
    assert served.client.post(line("a"), **{"x-long": "1" * 40_000}).status == 431
    assert served.client.post(line("a"), **{f"x-{n}": "1" for n in range(80)}).status == 200


def _knock(client: Client) -> None:
    """New connections until one is refused: the door closes within a turn of the loop."""
    while True:
        assert Client(client.url, client.key).post(line("d")).status == 503


def test_a_stop_answers_what_was_taken_and_lets_nothing_in(tmp_path: Path, gate: Gate) -> None:
    with ExitStack() as stack:
        running = stack.enter_context(service(gate, tmp_path, CLOCK))
        client = running.client
        with at_once(lambda: client.post(line("a")).status, lambda: client.batch([line("b"), line("c")]).status) as told:
            until(lambda: running.committer.waiting == 2)
            running.server.stop()
            with pytest.raises(urllib3.exceptions.HTTPError):
                _knock(client)
            gate.opened.set()
        assert told == [200, 200]
        assert sum(gate.groups) == 3


def test_who_listens_to_others_is_known() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org")] == [False] * 4


def test_a_batch_media_type_with_capitals_is_the_same(served: Service) -> None:
    assert served.client.post(b"[]", BATCH.upper()).status == 200
