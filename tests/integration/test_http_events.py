"""CloudEvents over HTTP into a real ledger, sent by the official SDK in all modes; each is told what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from cloudevents.core.v1.event import CloudEvent

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter, Outcome
from opsledger.infra import event_log
from opsledger.infra.retrying import retry_letters
from opsledger.infra.store import Store, open_store
from opsledger.ingest.http import judging
from opsledger.ingest.http.storing import Storing
from tests.http_server import BATCH, OWNER, Client, Service, service
from tests.ledger_samples import NOW, SPACE, START, line
from tests.new_ledger import new_ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture
def served(store: Store, tmp_path: Path) -> Iterator[Service]:
    storing = Storing(event_log.stores_of(store), store.clock)
    with service(storing.store, tmp_path, store.clock) as running:
        yield running


@pytest.fixture
def client(served: Service) -> Client:
    return served.client


def event(key: str = "c1", **more: Any) -> CloudEvent:
    """An event as the SDK's user makes it."""
    attributes = {
        "type": "call.queued",
        "id": str(uuid5(SPACE, key)),
        "source": OWNER.source,
        "subject": "通话 c1",
        "time": START,
        "tenant": OWNER.tenant,
        "vendor": "新和",
        "actor": 'a "17" 100%',
        "causedby": str(UUID(int=7)),
        **more,
    }
    return CloudEvent(attributes, {"queue": "宽带", "priority": 3})


def payloads(store: Store, stream: str = "call") -> list[bytes]:
    return [record.value for batch in store.log.read(stream, 0, 0) for record in batch]


def test_the_modes_of_the_sdk_become_the_same_bytes(client: Client, store: Store) -> None:
    first = client.structured(event())
    assert (first.status, first.json()) == (
        200,
        {"status": "accepted", "position": {"topic": "call", "partition": 0, "offset": 0}},
    )
    again = client.binary(event())
    assert (again.status, again.json()) == (200, {"status": "duplicate"})
    fresh = client.binary(event("c2"))
    assert fresh.json()["position"]["offset"] == 1
    structured, binary = payloads(store)
    assert binary == structured.replace(str(uuid5(SPACE, "c1")).encode(), str(uuid5(SPACE, "c2")).encode())
    assert list(json.loads(binary)) == [
        *("type", "specversion", "id", "source", "subject", "time", "tenant", "data", "vendor", "actor", "causedby")
    ]
    rows = store.client.query("SELECT subject, vendor, actor, queue, toString(caused_by) FROM call LIMIT 1").result_rows
    assert rows == [("通话 c1", "新和", 'a "17" 100%', "宽带", str(UUID(int=7)))]


def test_the_bytes_would_differ_if_modes_were_not_made_canonical() -> None:
    """Negative control: what the SDK sends in structured mode is not what is kept."""
    from cloudevents.core.bindings.http import to_structured_event

    from opsledger.ingest.http.item import item_of

    sent = to_structured_event(event()).body
    assert item_of(sent).value != sent
    assert json.loads(item_of(sent).value) == json.loads(sent)


def test_a_batch_is_told_event_by_event_in_its_order(client: Client, store: Store) -> None:
    lines = [
        line("a"),
        b'{"type":"call.queued"}',
        line("f", type_="fault.raised", data={"system": "ivr"}),
        line("b"),
        line("a"),
    ]
    told = client.batch(lines)
    assert told.status == 200
    body = told.json()
    assert {name: body[name] for name in ("read", "accepted", "duplicate", "dead")} == {
        "read": 5,
        "accepted": 2,
        "duplicate": 1,
        "dead": 2,
    }
    assert [each["status"] for each in body["events"]] == ["accepted", "dead", "dead", "accepted", "duplicate"]
    assert [each["position"]["offset"] for each in body["events"] if each["status"] == "accepted"] == [0, 1]
    letters = {str(letter.id): letter for letter in store.dead_letters.list(DeadLetterFilter())}
    assert set(letters) == {each["dead_letter"] for each in body["events"] if each["status"] == "dead"}
    assert letters[body["events"][1]["dead_letter"]].raw == lines[1]
    assert body["events"][2]["detail"].startswith("data.kind: is missing")


def test_an_empty_batch_is_a_batch(client: Client) -> None:
    told = client.batch([])
    assert (told.status, told.json()["read"]) == (200, 0)


def test_one_event_that_is_refused_is_kept_and_told(client: Client, store: Store) -> None:
    told = client.post(line("x", time="2031-01-01T00:00:00Z"))
    assert told.status == 422
    assert told.json()["reason"] == "out_of_time"
    again = client.post(line("x", time="2031-01-01T00:00:00Z"))
    assert again.json()["dead_letter"] == told.json()["dead_letter"]
    assert store.dead_letters.count(DeadLetterFilter()) == 1
    assert payloads(store) == []


@pytest.mark.parametrize(("changed", "reason"), [({"tenant": "t2"}, "other_tenant"), ({"source": "sim:other"}, "other_source")])
def test_a_key_brings_events_of_its_own_tenant_and_source_only(
    changed: dict[str, str], reason: str, client: Client, store: Store
) -> None:
    told = client.batch([line("mine"), line("other", **changed), line("mine too")]).json()
    assert [each["status"] for each in told["events"]] == ["accepted", "dead", "accepted"]
    assert told["events"][1]["reason"] == reason
    assert len(payloads(store)) == 2
    (letter,) = store.dead_letters.list(DeadLetterFilter(reason=reason))
    assert (letter.tenant, letter.source) == ("t1", "sim:test")
    (attempt,) = retry_letters(store, [letter], None, "")
    assert (attempt.outcome, attempt.reason) == (Outcome.DEAD, reason)


def test_without_the_bounds_of_a_key_any_tenant_would_come_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: it is these bounds that refuse, and nothing else."""
    monkeypatch.setattr(judging, "_BOUND", ())
    told = client.batch([line("other", tenant="t2"), line("another", source="sim:other")]).json()
    assert told["accepted"] == 2


@pytest.mark.parametrize("body", [b"[" * 4_000_000, b'{"a":' * 500_000])
def test_the_bombs_would_go_off_in_a_parser(body: bytes) -> None:
    """Negative control: what is refused by its bytes is what a parser cannot descend into."""
    with pytest.raises(RecursionError):
        json.loads(body)


def test_a_decision_is_not_taken_over_http(client: Client) -> None:
    told = client.post(line("p", type_="penalty.waived", data={"by": "x", "reason": "y"}))
    assert (told.status, told.json()["reason"]) == (422, "decision")


def test_the_same_id_with_other_content_is_a_conflict_where_a_ledger_can_be_asked(client: Client) -> None:
    assert client.post(line("x")).status == 200
    told = client.post(line("x", data={"queue": "q2"}))
    assert (told.status, told.json()["reason"]) == (422, "conflict")


BROKEN = [
    (b"", "truncated", "nothing"),
    (b"{", "truncated", "half an object"),
    (b'{"a":1}}', "byte 8", "too much"),
    (b'{"a":"\xff"}', "UTF-8", "bytes that are no text"),
    (b"[[" * 300 + b"]]" * 300, "nested more than 512", "deep"),
    (b"[" * 4_000_000, "nested more than 512", "a bomb"),
    (b'{"a":' * 500_000, "nested more than 512", "a bomb of objects"),
]


@pytest.mark.parametrize(("body", "said", "what"), BROKEN, ids=[what for _, _, what in BROKEN])
def test_a_body_that_is_no_json_is_told_where_it_breaks_and_kept(
    body: bytes, said: str, what: str, client: Client, store: Store
) -> None:
    told = client.post(body)
    assert (told.status, told.headers["Content-Type"]) == (400, "application/problem+json")
    assert said in told.json()["detail"]
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    assert str(letter.id) == told.json()["dead_letter"]
    assert (letter.raw, letter.length) == (body[:65536], len(body))
    assert client.post(line("after it")).status == 200


def test_a_batch_that_is_no_list_or_a_bomb_is_told(client: Client) -> None:
    for body, said in ((b'{"a":1}', "list of events"), (b"[1,2", "list of events"), (b"[" * 4_000_000, "nested more than 513")):
        told = client.post(body, BATCH)
        assert told.status == 400
        assert said in told.json()["detail"]


def test_events_of_a_batch_that_are_anything_else_are_dead_alone(client: Client) -> None:
    strange = [b"1", b'"x"', b"null", b"[]", b"{}", b'{"type":1}', b'{"a":' * 400 + b"1" + b"}" * 400]
    huge = [line("big", data={"queue": "q" * 300_000}), line("9", data={"queue": 1}).replace(b"1}", b"9" * 100_000 + b"}")]
    told = client.batch([*strange, line("good"), *huge]).json()
    assert [each["status"] for each in told["events"]] == ["dead"] * 7 + ["accepted"] + ["dead"] * 2
    assert told["events"][8]["reason"] == "too_large"


def test_binary_mode_refuses_what_is_no_event_and_keeps_it(client: Client, store: Store) -> None:
    headers = {f"ce-{name}": value for name, value in json.loads(line("b")).items() if name != "data"}
    cases = [
        (b'{"queue":"q1"', {}, "not_json", "data: the body is not JSON"),
        (b"\xff\xfe", {}, "not_json", "data: the body is not JSON"),
        (b'{"queue":"q1"}', {"ce-vendor": "%FF"}, "invalid", "ce-vendor"),
        (b'{"queue":"q1"}', {"ce-data": "x"}, "invalid", "ce-data"),
        (b'{"queue":"q1"}', {"ce-a-b": "x"}, "invalid", "ce-a_b"),
        (b'{"queue":1}', {}, "invalid", "data.queue"),
        (b"", {}, "invalid", "data.queue: is missing"),
    ]
    for body, more, reason, said in cases:
        told = client.post(body, "application/json", **headers, **more)
        assert told.status == 422, told.data
        assert (told.json()["reason"], said in told.json()["detail"]) == (reason, True), told.json()
    kept = {letter.raw for letter in store.dead_letters.list(DeadLetterFilter())}
    assert len(kept) == len(cases)
    assert any(b'"data_base64":"//4="' in raw for raw in kept)
    assert client.post(b'{"queue":"q1"}', "application/json; charset=utf-8", **headers).status == 200


def test_quoted_header_values_are_unquoted(client: Client, store: Store) -> None:
    headers = {f"ce-{name}": value for name, value in json.loads(line("q")).items() if name != "data"}
    assert client.post(b'{"queue":"q1"}', "application/json", **headers, **{"ce-vendor": r'"a \"b\" c"'}).status == 200
    assert json.loads(payloads(store)[0])["vendor"] == 'a "b" c'


def test_other_content_is_refused_before_it_is_read(client: Client, store: Store) -> None:
    for media, more in (
        ("text/plain", {}),
        ("application/json", {}),
        ("application/cloudevents+xml", {}),
        ("application/cloudevents+xml", {"ce-id": "1"}),
        ("application/cloudevents+json; charset=utf-16", {}),
        ("application/cloudevents+json", {"Content-Encoding": "gzip"}),
        ("application/octet-stream", {"ce-id": "1"}),
    ):
        told = client.post(line("x"), media, **more)
        assert (told.status, told.headers["Content-Type"]) == (415, "application/problem+json"), (media, more)
    assert store.dead_letters.count(DeadLetterFilter()) == 0


def test_data_in_base64_or_of_another_type_are_refused(client: Client) -> None:
    whole = json.loads(line("x"))
    for more, said in (({"data_base64": "e30="}, "data_base64"), ({"datacontenttype": "text/xml"}, "datacontenttype")):
        told = client.post(json.dumps(whole | more).encode())
        assert (told.status, said in told.json()["detail"]) == (422, True)
    assert client.post(json.dumps(whole | {"datacontenttype": "application/json; charset=utf-8"}).encode()).status == 200


def test_other_paths_and_methods_are_told_what_there_is(client: Client) -> None:
    assert client.get("/").status == 404
    assert client.get("/events").headers["Allow"] == "POST"
    assert client.http.request("DELETE", client.url + "/healthz").status == 405
    assert client.get("/healthz").json() == {"well": True, "log": "taking"}
    assert client.http.request("HEAD", client.url + "/healthz").data == b""


def test_metrics_count_what_came(client: Client) -> None:
    client.batch([line("a"), b"{}"])
    client.post(b"{")
    client.post(line("b"), key="olk_no")
    page = client.get("/metrics").data.decode()
    for said in (
        'opsledger_http_events_total{end="accepted"} 1.0',
        'opsledger_http_events_total{end="dead"} 2.0',
        'opsledger_http_dead_letters_total{reason="not_json"} 1.0',
        'opsledger_http_requests_total{status="400"} 1.0',
        'opsledger_http_requests_total{status="401"} 1.0',
        "opsledger_http_waiting 0.0",
    ):
        assert said in page, said
