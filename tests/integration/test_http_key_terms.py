"""What a key is bound to holds at a server: its end, its rate, its right; why one is refused is for the record alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.serve.keys import Change, Terms
from opsledger.infra.serve.rates import Rate, Rates
from opsledger.infra.serve.refusals import refused
from opsledger.ingest.http.item import Item
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.verdict import Verdict
from tests.http_server import BATCH, OWNER, Service, service
from tests.ledger_samples import NOW, line
from tests.naive_http import Gate, accept_all, at_once, until
from tests.unit.test_rates import Hand

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def served(tmp_path: Path, clock: FixedClock, hand: Hand) -> Iterator[Service]:
    with service(accept_all, tmp_path, clock, rates=Rates(hand)) as running:
        yield running


def test_an_expired_key_is_refused_in_the_words_of_any_other(served: Service, clock: FixedClock, tmp_path: Path) -> None:
    key = served.keys.add(OWNER, terms=Terms(expires=NOW + DAY))
    assert served.client.post(line("a"), key=key).status == 200
    clock.at = NOW + DAY
    told, wrong = served.client.post(line("b"), key=key), served.client.post(line("b"), key=key[:-3] + "xyz")
    assert (told.status, told.data, told.headers["WWW-Authenticate"]) == (401, wrong.data, wrong.headers["WWW-Authenticate"])
    assert served.client.post(line("b")).status == 200, "the control: a key without an end"
    assert [(each.id, each.why, each.remote) for each in refused(tmp_path)] == [
        (key[4:16], "expired", "127.0.0.1"),
        (key[4:16], "wrong secret", "127.0.0.1"),
    ]


def test_an_old_secret_ends_at_a_server_that_runs(served: Service, clock: FixedClock) -> None:
    old = served.keys.add(OWNER)
    new = served.keys.rotate(old[4:16], DAY)
    assert [served.client.post(line("a"), key=key).status for key in (old, new)] == [200, 200]
    clock.at = NOW + DAY
    assert [served.client.post(line("a"), key=key).status for key in (old, new)] == [401, 200]


def counted(running: Service, name: str) -> int:
    """A figure of the page of metrics."""
    (found,) = [row for row in running.metrics.page()[1].decode().splitlines() if row.startswith(f"{name} ")]
    return round(float(found.split()[1]))


def test_who_sends_more_than_the_rate_is_told_when_to_come_again(served: Service, hand: Hand) -> None:
    client, key = served.client, served.keys.add(OWNER, terms=Terms(rate=Rate(10, 40)))
    batch = b"[" + b",".join(line(str(number)) for number in range(30)) + b"]"
    assert client.post(batch, BATCH, key=key).status == 200
    told = client.post(batch, BATCH, key=key)
    assert (told.status, told.headers["Retry-After"], told.headers["Content-Type"]) == (429, "2", "application/problem+json")
    assert "10 events a second; nothing of this request was stored" in told.json()["detail"]
    assert (served.committer.groups, counted(served, "opsledger_http_over_rate_requests_total")) == (1, 1)
    assert b'opsledger_http_requests_total{status="429"} 1.0' in served.metrics.page()[1]
    assert client.post(batch, BATCH).status == 200, "the control: another key"
    hand.at += 2
    assert client.post(batch, BATCH, key=key).status == 200
    served.keys.change(key[4:16], Change(rate=0))
    assert [client.post(batch, BATCH, key=key).status for _ in range(5)] == [200] * 5


def test_every_request_is_an_event_at_least(served: Service) -> None:
    key = served.keys.add(OWNER, terms=Terms(rate=Rate(1, 3)))
    sent = [(b"[]", BATCH), (b"{", "application/cloudevents+json"), (line("a"), "application/cloudevents+json")]
    assert [served.client.post(*each, key=key).status for each in sent[:1] + sent[2:]] == [200, 200]
    assert served.client.post(*sent[0], key=key).status == 200
    assert served.client.post(*sent[0], key=key).status == 429


def test_whose_bucket_is_empty_is_told_before_the_body_is_read(served: Service) -> None:
    key = served.keys.add(OWNER, terms=Terms(rate=Rate(1, 1)))
    assert served.client.post(line("a"), key=key).status == 200
    with socket.create_connection((served.server.host, served.server.port), timeout=30) as client:
        head = f"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\nAuthorization: Bearer {key}\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(4_096).startswith(b"HTTP/1.1 429 ")


def test_what_the_log_did_not_take_is_not_counted(tmp_path: Path, clock: FixedClock, hand: Hand) -> None:
    gate = Gate()
    with service(gate, tmp_path, clock, limits=Limits(waiting=1), rates=Rates(hand)) as running:
        client, key = running.client, running.keys.add(OWNER, terms=Terms(rate=Rate(1, 1)))
        with at_once(lambda: client.post(line("a")).status) as told:
            until(lambda: running.committer.waiting == 1)
            busy = client.post(line("b"), key=key)
            assert (busy.status, "on its way to the log" in busy.json()["detail"]) == (429, True)
            gate.opened.set()
        assert told == [200]
        assert client.post(line("b"), key=key).status == 200
        assert "1 events a second" in client.post(line("b"), key=key).json()["detail"], "the control: this one was counted"
        assert counted(running, "opsledger_http_over_rate_requests_total") == 1


def test_the_right_to_correct_others_comes_to_who_judges(tmp_path: Path, clock: FixedClock) -> None:
    seen: list[Owner] = []

    def store(items: Sequence[Item], owners: Sequence[Owner]) -> list[Verdict]:
        seen.extend(owners)
        return accept_all(items, owners)

    with service(store, tmp_path, clock) as running:
        keys, client = running.keys, running.client
        key = keys.add(Owner("t1", "sim:test", corrects_others=True))
        assert [client.post(line("a"), key=each).status for each in (key, client.key)] == [200, 200]
        keys.change(key[4:16], Change(corrects_others=False))
        assert client.post(line("a"), key=key).status == 200
    assert [owner.corrects_others for owner in seen] == [True, False, False]
