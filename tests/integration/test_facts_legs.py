"""How calls are cut into legs, case by case; each case is told in lines of <second> <event> <words>."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from opsledger.domain.envelope import Event
from opsledger.domain.events import call
from opsledger.domain.folds.history import Row
from opsledger.domain.folds.tables import rows
from opsledger.infra.store import open_store
from opsledger.projections.facts.tables import FACTS
from tests.fact_store import FactStore, differences, folded

START = datetime(2026, 1, 31, 23, 59, 50, tzinfo=UTC)
SPACE = UUID(int=7)
WORDS: dict[str, Callable[..., object]] = {
    "offered": lambda: call.CallOffered("inbound", "phone", "4001"),
    "queued": call.CallQueued,
    "rung": call.CallRung,
    "missed": lambda agent: call.CallRingMissed(agent, 1, "no_answer"),
    "answered": call.CallAnswered,
    "left": call.CallLeftQueue,
    "held": call.CallHeld,
    "resumed": call.CallResumed,
    "conferenced": call.CallConferenced,
    "transferred": call.CallTransferred,
    "released": call.CallReleased,
    "ended": lambda: call.CallEnded("customer"),
    "wrapped": lambda agent, from_s: call.CallWrappedUp(agent, START + timedelta(seconds=float(from_s)), "consult", "宽带"),
}
COLUMNS = ("queue", "outcome", "wait_ms", "agent", "end_kind", "talk_ms", "hold_ms", "wrap_up_ms")

# What is told, then one line a leg: the columns above.
CASES: dict[str, tuple[str, str]] = {
    "an answered call over midnight and into the next month": (
        "0 offered; 1 queued q1; 4 rung a1; 5 answered a1 q1; 65 ended; 66 wrapped a1 65",
        "q1 answered 4000 a1 ended 60000 0 1000",
    ),
    "queued and answered at the same microsecond": (
        "0 queued q1; 0 answered a1 q1; 3 released a1",
        "q1 answered 0 a1 released 3000 0 0",
    ),
    "an answer that names a queue which the call never entered": (
        "0 answered a1 q1; 3 ended",
        "q1 answered 0 a1 ended 3000 0 0",
    ),
    "an answer without a queue takes the entry that is open": (
        "0 queued q1; 2 answered a1; 3 ended",
        "q1 answered 2000 a1 ended 1000 0 0",
    ),
    "a direct answer": ("0 answered a1; 3 ended", "- answered None a1 ended 3000 0 0"),
    "abandoned": ("0 queued q1; 2.5 left q1 abandoned; 2.5 ended", "q1 abandoned 2500 - - 0 0 0"),
    "refused before it could wait": ("0 left q1 full; 1 ended", "q1 full 0 - - 0 0 0"),
    "still waiting": ("0 offered; 0 queued q1", "q1 waiting None - - 0 0 0"),
    "two queues at once, one of them answered, the other left": (
        "0 queued q1; 1 queued q2; 5 answered a1 q2; 5 left q1 diverted; 9 ended",
        "q1 diverted 5000 - - 0 0 0; q2 answered 4000 a1 ended 4000 0 0",
    ),
    "overflow from one queue to the next": (
        "0 queued q1; 10 left q1 timeout; 10 queued q2; 12 answered a1 q2; 13 ended",
        "q1 timeout 10000 - - 0 0 0; q2 answered 2000 a1 ended 1000 0 0",
    ),
    "a blind transfer to a queue": (
        "0 queued q1; 1 answered a1 q1; 5 transferred a1 queue q2 blind; 5 released a1; 5 queued q2; 8 answered a2 q2; 9 ended",
        "q1 answered 1000 a1 transfer 4000 0 0; q2 answered 3000 a2 ended 1000 0 0",
    ),
    "an attended transfer: the second agent answers while the first goes on": (
        "0 queued q1; 1 answered a1 q1; 3 answered a2; 7 transferred a1 agent a2 attended; 12 ended",
        "q1 answered 1000 a1 transfer 6000 0 0; - answered None a2 ended 9000 0 0",
    ),
    "a conference: both legs run, and each ends with its own agent": (
        "0 answered a1; 2 conferenced a1 a2; 2 answered a2; 6 released a2; 9 ended",
        "- answered None a1 ended 9000 0 0; - answered None a2 released 4000 0 0",
    ),
    "the same agent answers twice": (
        "0 queued q1; 1 answered a1 q1; 4 released a1; 6 queued q1; 7 answered a1 q1; 9 ended; 12 wrapped a1 9",
        "q1 answered 1000 a1 released 3000 0 0; q1 answered 1000 a1 ended 2000 0 3000",
    ),
    "a hold that nobody took back ends with the leg": (
        "0 answered a1; 2 held a1; 3 resumed a1; 5 held a1; 9 ended",
        "- answered None a1 ended 4000 5000 0",
    ),
    "holds of another agent are not this one's": (
        "0 answered a1; 1 answered a2; 2 held a2; 4 resumed a2; 9 ended",
        "- answered None a1 ended 9000 0 0; - answered None a2 ended 6000 2000 0",
    ),
    "without an end the leg is open and has no talk yet": ("0 answered a1; 2 held a1", "- answered None a1 open 0 0 0"),
    "ended before it was answered": ("0 ended; 2 answered a1; 3 wrapped a1 2", "- answered None a1 open 0 0 1000"),
    "answered by nobody known": ("0 queued q1; 1 answered unknown q1; 4 ended", "q1 answered 1000 unknown ended 3000 0 0"),
    "answered before it was queued, by the clocks of two systems": (
        "0 offered; 5 answered a1 q1; 7 queued q1; 9 ended",
        "q1 answered -2000 a1 ended 4000 0 0",
    ),
    "queued again after the agent had gone is another entry": (
        "0 answered a1 q1; 2 released a1; 3 queued q1",
        "q1 answered 0 a1 released 2000 0 0; q1 waiting None - - 0 0 0",
    ),
    "queued twice: the answer takes the later entry": (
        "0 queued q1; 3 queued q1; 5 answered a1 q1; 6 ended",
        "q1 waiting None - - 0 0 0; q1 answered 2000 a1 ended 1000 0 0",
    ),
}


def told(name: str, text: str = "") -> list[Event]:
    """The events of a case, or of another text; the name is the call's id."""
    lines = [line.split() for line in (text or CASES[name][0]).split(";")]
    return [
        Event(
            event_id=uuid5(SPACE, f"{name} {number}"),
            subject=name,
            tenant="t1",
            occurred_at=START + timedelta(seconds=float(second)),
            source="sim:test",
            data=WORDS[word](*words),  # type: ignore[arg-type]  # a declared type
        )
        for number, (second, word, *words) in enumerate(lines)
    ]


def shown(legs: list[Row]) -> list[str]:
    """Legs in the form in which the cases tell them."""
    return [" ".join(str(leg[name]) if leg[name] != "" else "-" for name in COLUMNS) for leg in legs]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with open_store(tmp_path_factory.mktemp("legs") / "data") as opened:
        made = FactStore(opened)
        made.facts.ensure()
        made.append([event for name in CASES for event in told(name)])
        yield made


@pytest.mark.parametrize("name", CASES)
def test_the_fold_cuts_legs(name: str) -> None:
    assert shown(rows(told(name))["legs"]) == [leg.strip() for leg in CASES[name][1].split(";")]


def test_the_sql_cuts_the_same_legs(store: FactStore) -> None:
    events = [event for name in CASES for event in told(name)]
    assert not differences(folded(events), {fact.name: store.selected(fact) for fact in FACTS}, events)
    legs = store.selected(FACTS[1])
    for name, (_, wanted) in CASES.items():
        assert shown([leg for leg in legs if leg["call"] == name]) == [leg.strip() for leg in wanted.split(";")]


def test_rings_count_in_the_entry_in_which_they_fall() -> None:
    text = "0 queued q1; 1 rung a1; 2 missed a1; 2 rung a2; 3 answered a2 q1; 4 rung a3; 9 queued q2; 10 rung a3"
    legs = rows(told("rings", text))["legs"]
    assert [(leg["queue"], leg["rings"], leg["rings_missed"]) for leg in legs] == [("q1", 2, 1), ("q2", 1, 0)]


def test_contradictions_are_named_and_the_row_is_kept() -> None:
    named = {name: rows(told(name))["calls"][0]["contradictions"] for name in CASES}
    assert named["an answered call over midnight and into the next month"] == []
    assert named["ended before it was answered"] == ["event_after_end", "ended_while_talking"]
    assert named["answered before it was queued, by the clocks of two systems"] == ["negative_wait"]
    assert named["queued twice: the answer takes the later entry"] == ["ended_while_waiting"]
