"""CloudEvents as written, against a real server and ledger: one event in two modes is one, whatever its extensions are."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter, Outcome
from opsledger.infra import event_log
from opsledger.infra.retrying import retry_letters
from opsledger.infra.store import Store, open_store
from opsledger.ingest import same_content as comparing
from opsledger.ingest.adapters.jsonlines import Batch, JsonLines
from opsledger.ingest.border.judge import Border
from opsledger.ingest.http.storing import Storing
from opsledger.ingest.importer import Importer, ImportSpec
from opsledger.ingest.tally import Tally
from tests.http_server import OWNER, STRUCTURED, Client, service
from tests.ledger_samples import NOW, line
from tests.new_ledger import new_ledger

BINARY = "application/json"
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[Client]:
    with service(Storing(event_log.stores_of(store), store.clock).store, tmp_path, store.clock) as running:
        yield running.client


def payloads(store: Store) -> list[bytes]:
    return [record.value for batch in store.log.read("call", 0, 0) for record in batch]


def headers(event: bytes) -> dict[str, str]:
    """The attributes of an event as a sender of binary mode writes them."""
    told = {name: value for name, value in json.loads(event).items() if name not in ("data", "datacontenttype")}
    return {f"ce-{name}": quote(json.dumps(v) if isinstance(v, (bool, int)) else v) for name, v in told.items()}


def binary(client: Client, event: bytes, media: str = BINARY) -> Any:
    return client.post(json.dumps(json.loads(event)["data"]).encode(), media, **headers(event))


def imported(store: Store, lines: Sequence[bytes]) -> Tally:
    """As a file of lines; the counts."""
    chunk = JsonLines(Border(store.clock)).chunk(Batch(list(lines), list(range(1, len(lines) + 1))))
    return Importer(event_log.stores_of(store), store.clock).run([chunk], ImportSpec("t1", "sim:test", "jsonl", "old")).tally


TYPED = line("a", sampledrate=5, myint=-7, urgent=True, calm=False, sequence="00001", datacontenttype="application/json")


def test_an_event_with_typed_extensions_is_one_event_in_every_mode(client: Client, store: Store) -> None:
    assert client.post(TYPED).json()["status"] == "accepted"
    assert binary(client, TYPED).json() == {"status": "duplicate"}
    assert client.batch([TYPED]).json()["duplicate"] == 1
    (payload,) = payloads(store)
    assert json.loads(payload) | {"datacontenttype": "application/json"} == json.loads(TYPED) | {
        "sampledrate": "5",
        "myint": "-7",
        "urgent": "true",
        "calm": "false",
    }
    told = binary(client, TYPED.replace(b'"myint": -7', b'"myint": 7'))
    assert (told.status, told.json()["reason"]) == (422, "conflict")


def test_an_event_of_before_is_the_same_event_when_it_comes_again(client: Client, store: Store) -> None:
    """What a former version stored has numbers and booleans where headers have text."""
    imported(store, [TYPED])
    assert payloads(store) == [TYPED]
    for told in (client.post(TYPED), binary(client, TYPED)):
        assert (told.status, told.json()) == (200, {"status": "duplicate"})


def test_it_would_be_a_conflict_if_texts_were_not_compared(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    imported(store, [TYPED])
    monkeypatch.setattr(comparing, "canonical", lambda value: value)
    assert binary(client, TYPED).json()["reason"] == "conflict"


def test_a_file_of_before_adds_nothing_when_it_is_read_again(client: Client, store: Store) -> None:
    odd = [
        line("a", A_b="x", rate=1.5, much=2**40, all={"a": 1}),
        line("b", time="2026-01-05T17:00:00+0800", datacontenttype="application/json;charset=latin-1"),
        line("c", subject="one\ntwo\x01"),
        line("d").replace(b'"tenant"', b'"twice": "1", "twice": "2", "tenant"'),
        line("e").replace(b'"tenant"', b'"half": "\\ud800", "tenant"'),
    ]
    counts = imported(store, odd)
    again = imported(store, odd)
    assert (counts.accepted, counts.dead) == (5, 0)
    assert (again.duplicate, again.accepted, again.dead) == (5, 0, 0)
    assert [client.post(each).json()["reason"] for each in odd] == ["invalid"] * 5
    assert payloads(store) == odd


def test_what_was_refused_is_refused_again_by_a_retry(client: Client, store: Store) -> None:
    assert client.post(line("a", A_b="x")).status == 422
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    (attempt,) = retry_letters(store, [letter], None, "")
    assert (attempt.outcome, attempt.reason) == (Outcome.DEAD, "invalid")


@pytest.mark.parametrize("media", ["image/x+json", "application/foo_bar+json", "application/vnd.a!b+json"])
def test_data_of_any_json_type_are_taken_in_both_modes(media: str, client: Client) -> None:
    assert client.post(line("a", datacontenttype=media)).status == 200
    assert binary(client, line("a"), media).json() == {"status": "duplicate"}


def test_quotes_around_a_parameter_are_heeded(client: Client) -> None:
    assert client.post(line("a"), f'{STRUCTURED}; foo="a;charset=latin1"').status == 200
    assert client.post(line("a"), f'{STRUCTURED}; foo="a"; charset="latin1"').status == 415
    assert client.post(line("a"), f"{STRUCTURED}; foo").status == 415


def test_a_byte_order_mark_before_a_body_is_passed_over(client: Client, store: Store) -> None:
    assert client.post(BOM + line("a")).json()["status"] == "accepted"
    assert client.post(BOM + b"[" + line("a") + b"]", "application/cloudevents-batch+json").json()["duplicate"] == 1
    assert client.post(BOM + b'{"queue":"q1"}', BINARY, **headers(line("a"))).json() == {"status": "duplicate"}
    assert client.post(BOM + BOM + line("b")).status == 400  # one is a mark, two are none
    assert BOM not in payloads(store)[0]


def test_a_leap_second_stays_in_its_month_and_keeps_its_text(client: Client, store: Store) -> None:
    event = line("a", time="2016-12-31T23:59:60Z")
    assert client.post(event).json()["status"] == "accepted"
    assert binary(client, event).json() == {"status": "duplicate"}
    asked = store.client.query("SELECT toString(occurred_at), toYYYYMM(occurred_at) FROM call").result_rows
    assert asked == [("2016-12-31 23:59:59.999999", 201612)]
    assert json.loads(payloads(store)[0])["time"] == "2016-12-31T23:59:60Z"


def sent_twice(client: Client, twice: str, other: str, event: bytes) -> Any:
    """The answer to an event in binary mode of which one header is sent a second time."""
    address = urlsplit(client.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    body = json.dumps(json.loads(event)["data"]).encode()
    connection.putrequest("POST", "/events")
    said = headers(event) | {
        "Content-Type": BINARY,
        "Content-Length": str(len(body)),
        "Authorization": f"Bearer {client.key}",
    }
    for name, value in [*said.items(), (twice, other)]:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told


def test_a_header_that_is_sent_twice_is_refused(client: Client, store: Store) -> None:
    for name, other in (("ce-subject", "second"), ("CE-Subject", "a"), ("ce-myext", "1")):
        event = line("a", myext="1")
        status, told = sent_twice(client, name, other, event)
        assert (status, told["reason"], told["detail"]) == (
            *(422, "invalid"),
            f"{name.lower()}: stands twice among the headers",
        )
    status, told = sent_twice(client, "content-type", BINARY, line("a"))
    assert (status, "twice" in told["detail"]) == (415, True)
    assert payloads(store) == []


def test_other_headers_may_be_sent_twice_and_a_comma_is_a_comma(client: Client, store: Store) -> None:
    """Negative control: it is the second header that is refused, not what the server makes of two."""
    assert sent_twice(client, "Accept", "*/*", line("a"))[0] == 200
    assert sent_twice(client, "Accept", "text/html", line("b", subject="a, second"))[0] == 200
    assert [json.loads(each)["subject"] for each in payloads(store)] == ["a", "a, second"]


def test_a_bare_percent_sign_is_refused_and_kept(client: Client, store: Store) -> None:
    given = headers(line("a")) | {"ce-actor": "100%"}
    told = client.post(b'{"queue":"q1"}', BINARY, **given)
    assert (told.status, "%25" in told.json()["detail"]) == (422, True)
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    assert json.loads(letter.raw)["actor"] == "100%"
    assert (letter.tenant, letter.source) == (OWNER.tenant, OWNER.source)
