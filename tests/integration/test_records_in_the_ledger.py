"""Records of Amazon Connect and Genesys Cloud in a ledger: told twice, in any order or mixed, the facts are the same."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter, Outcome
from opsledger.domain.envelope import Event
from opsledger.domain.folds import tables as folds
from opsledger.infra.ingesting import RECORD_FORMATS
from opsledger.infra.retrying import retry_letters
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border.convert import to_event
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.importer import ImportResult
from tests.fact_store import FactStore
from tests.foreign_records import (
    NOW,
    Json,
    agent_event,
    at,
    caller,
    chunks,
    contact,
    contact_event,
    conversation,
    participant,
    segment,
    served,
    snapshot,
    usual,
)
from tests.ledger_samples import importer, spec


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("records") / "data", clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture
def empty(store: Store) -> Store:
    FactStore(store).empty()
    return store


def read(store: Store, format_: str, records: Sequence[Json | bytes]) -> ImportResult:
    raw = b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in records)
    result = importer(store).run(chunks(format_, raw), spec(source=f"{format_}:test", format=format_, file="x.json"))
    assert result.problem is None
    return result


def counted(store: Store) -> list[Event]:
    """The events that count, of all streams that the two formats make."""
    border = Border(FixedClock(NOW))
    found: list[Event] = []
    for stream in ("call", "shift", "callback"):
        rows = store.client.query(f"SELECT payload FROM {stream}_once", column_formats={"payload": "bytes"}).result_rows
        taken = [border.take(payload) for (payload,) in rows]
        found += [to_event(event) for event in taken if not isinstance(event, Refusal)]
    return found


def facts(store: Store) -> dict[str, Any]:
    rows = folds.rows(counted(store))
    return {name: sorted(map(repr, found)) for name, found in rows.items() if found}


def kept(store: Store) -> list[str]:
    rows = store.client.query("SELECT payload FROM record_once", column_formats={"payload": "bytes"}).result_rows
    return sorted(json.loads(payload)["sourcerecord"] for (payload,) in rows)


def transferred() -> list[Json]:
    queue = {"Name": "Orders", "EnqueueTimestamp": at(202), "DequeueTimestamp": at(210), "Duration": 8}
    agent = {"Username": "qian", "ConnectedToAgentTimestamp": at(210), "AgentInteractionDuration": 300}
    second = contact("c2", InitiationMethod="TRANSFER", InitialContactId="c1", PreviousContactId="c1", Queue=queue, Agent=agent)
    return [
        contact(NextContactId="c2", DisconnectReason="AGENT_DISCONNECT"),
        second | {"InitiationTimestamp": at(200), "DisconnectTimestamp": at(510)},
    ]


def agents() -> list[Json]:
    idle, ringing = snapshot("Available", 0), snapshot("Available", 0, served("CONNECTING", 15))
    talking, lunch = snapshot("Available", 0, served("CONNECTED", 22)), snapshot("Lunch", 300, kind="CUSTOM")
    evening = 15 * 3600
    return [
        agent_event("LOGIN", 0, idle, None),
        agent_event("STATE_CHANGE", 15, ringing, idle),
        agent_event("STATE_CHANGE", 22.1, talking, ringing),
        agent_event("STATE_CHANGE", 202, idle, talking),
        agent_event("HEART_BEAT", 250, idle, idle),
        agent_event("STATE_CHANGE", 300, lunch, idle),
        agent_event("HEART_BEAT", evening + 30, lunch, lunch),
        agent_event("STATE_CHANGE", evening + 60, snapshot("Available", evening + 60), lunch),
        agent_event("LOGOUT", evening + 90, None, snapshot("Offline", evening + 80, kind="OFFLINE")),
    ]


EVENTS = [contact_event(kind) for kind in ("INITIATED", "QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED")]
CONNECT = [*transferred(), *EVENTS, *agents(), contact("c9", InitiationMethod="CALLBACK", InitialContactId="c1")]
WAITING = participant("acd", segment("interact", 10, queueId="q1"), name="Consult")
GENESYS = [conversation(caller(None), usual()[1], WAITING, end=None), conversation(), conversation(id_="k2")]


def test_a_record_and_the_events_of_its_contact_are_one_call(empty: Store) -> None:
    read(empty, "connect", [contact()])
    alone = facts(empty)
    again = read(empty, "connect", EVENTS)
    assert (again.tally.dead, again.tally.corrected, facts(empty)) == (0, 0, alone)


def test_the_record_takes_the_place_of_the_events_that_came_before_it(empty: Store) -> None:
    read(empty, "connect", [contact()])
    alone = facts(empty)
    FactStore(empty).empty()
    read(empty, "connect", EVENTS)
    assert facts(empty) != alone, "the events know neither names nor the hold"
    assert read(empty, "connect", [contact()]).tally.corrected > 0
    assert facts(empty) == alone


def test_another_contact_is_another_call(empty: Store) -> None:
    """The negative control: what makes them one is the contact's id."""
    read(empty, "connect", [contact(), contact_event("QUEUED", id_="c1x")])
    assert len(facts(empty)["calls"]) == 2


def test_the_end_of_a_chain_is_that_of_the_contact_that_ended_last(empty: Store) -> None:
    for order in (transferred(), transferred()[::-1]):
        FactStore(empty).empty()
        read(empty, "connect", order)
        (call,) = folds.rows(counted(empty))["calls"]
        assert (call["ended_at"].isoformat(), call["ended_by"], call["contradictions"]) == (
            "2026-01-05T09:08:30+00:00",
            "customer",
            [],
        )
        assert (call["entries"], call["entries_answered"], call["transfers"], call["talk_ms"]) == (2, 2, 1, 460_000)


def test_an_agent_who_asked_another_and_came_back_talked_to_the_end(empty: Store) -> None:
    first, second = transferred()
    first |= {"DisconnectTimestamp": at(502), "DisconnectReason": "CUSTOMER_DISCONNECT"}
    first["Agent"]["AgentInteractionDuration"] = 460
    second |= {"DisconnectTimestamp": at(240), "DisconnectReason": "AGENT_DISCONNECT"}
    second["Agent"]["AgentInteractionDuration"] = 30
    for order in ([first, second], [second, first]):
        FactStore(empty).empty()
        read(empty, "connect", order)
        (call,) = folds.rows(counted(empty))["calls"]
        assert (call["ended_at"].isoformat(), call["talk_ms"], call["transfers"]) == ("2026-01-05T09:08:22+00:00", 490_000, 0)


def test_holds_count_and_last_as_the_record_says(empty: Store) -> None:
    agent = contact()["Agent"] | {"NumberOfHolds": 3, "CustomerHoldDuration": 20, "LongestHoldDuration": 9}
    read(empty, "connect", [contact(Agent=agent | {"AfterContactWorkStartTimestamp": at(203)}, DisconnectTimestamp=at(203))])
    (leg,) = folds.rows(counted(empty))["legs"]
    assert (leg["holds"], leg["hold_ms"], leg["talk_ms"], leg["wait_ms"], leg["wrap_up_ms"]) == (
        3,
        20_000,
        160_000,
        12_000,
        29_000,
    )


def test_sessions_over_midnight_last_as_long_as_they_did(empty: Store) -> None:
    read(empty, "connect", agents())
    spans = folds.rows(counted(empty))["agent_spans"]
    total = sum((span["ends_at"] - span["starts_at"]).total_seconds() for span in spans)
    assert total == 15 * 3600 + 90
    assert {span["flag"] for span in spans} == {""}
    assert {span["shift"] for span in spans} == {"zhao@2026-01-05", "zhao@2026-01-06"}


def test_what_an_agent_let_ring_is_a_ring_of_the_contacts_call(empty: Store) -> None:
    read(empty, "connect", [contact(), *agents()])
    (call,) = folds.rows(counted(empty))["calls"]
    assert (call["rings"], call["rings_missed"]) == (1, 0)


def test_a_conversation_read_again_more_complete_is_completed(empty: Store) -> None:
    assert read(empty, "genesys", GENESYS[:1]).tally.accepted == 1
    (open_call,) = folds.rows(counted(empty))["calls"]
    read(empty, "genesys", GENESYS[1:2])
    (call,) = folds.rows(counted(empty))["calls"]
    assert (open_call["open"], call["open"], call["talk_ms"], call["hold_ms"], call["contradictions"]) == (
        True,
        False,
        160_000,
        20_000,
        [],
    )
    again = read(empty, "genesys", GENESYS[1:2])
    assert (again.tally.duplicate, again.tally.events) == (1, 0)


def test_a_changed_fact_is_corrected_and_the_old_one_stays_in_the_ledger(empty: Store) -> None:
    read(empty, "genesys", [conversation()])
    changed = conversation()
    changed["participants"][3]["sessions"][0]["segments"][4]["wrapUpCode"] = "sale"
    assert read(empty, "genesys", [changed]).tally.corrected == 1
    (call,) = folds.rows(counted(empty))["calls"]
    assert call["category"] == "sale"
    assert len(kept(empty)) == 2


WANTED: dict[str, tuple[Any, Any]] = {}


@pytest.mark.parametrize("format_", ["connect", "genesys"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_any_order_and_any_repetition_gives_the_same_facts(store: Store, format_: str, seed: int) -> None:
    records = CONNECT if format_ == "connect" else GENESYS[1:]
    if format_ not in WANTED:
        FactStore(store).empty()
        read(store, format_, records)
        WANTED[format_] = facts(store), kept(store)
    chance = random.Random(seed)
    told = records + chance.choices(records, k=4)
    chance.shuffle(told)
    cut = chance.randrange(len(told))
    FactStore(store).empty()
    read(store, format_, told[:cut])
    read(store, format_, told[cut:])
    assert (facts(store), kept(store)) == WANTED[format_]


def test_leaving_out_a_record_is_noticed(empty: Store) -> None:
    """The negative control of the test above."""
    read(empty, "connect", CONNECT)
    whole = facts(empty)
    FactStore(empty).empty()
    read(empty, "connect", CONNECT[1:])
    assert facts(empty) != whole


@pytest.mark.parametrize("format_", list(RECORD_FORMATS))
def test_dead_letters_can_be_tried_again(empty: Store, format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = contact("late") if format_ == "connect" else conversation(id_="late")
    early = json.dumps(good).replace("2026-01-05", "2026-05-05").encode()
    tally = read(empty, format_, [early, b"{broken"]).tally
    assert (tally.read, tally.dead) == (2, 2)
    letters = empty.dead_letters.list(DeadLetterFilter(status="open"))
    mine = [letter for letter in letters if letter.format == format_]
    assert sorted(letter.reason for letter in mine) == ["not_json", "out_of_time"]
    clock = empty.clock
    assert isinstance(clock, FixedClock)
    monkeypatch.setattr(clock, "at", clock.at.replace(month=12))
    attempts = retry_letters(empty, mine, None, "")
    assert sorted(attempt.outcome for attempt in attempts) == sorted([Outcome.ACCEPTED, Outcome.DEAD])
    assert empty.client.query("SELECT DISTINCT subject FROM call_once").result_rows == [("late",)]
