"""The fact SQL and the domain's folds say the same of any history, in any order and with anything told twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.catalogue import types_of
from opsledger.domain.envelope import Event
from opsledger.domain.folds.history import History, evolve
from opsledger.domain.folds.tables import FOLDS
from opsledger.infra.store import open_store
from opsledger.projections.facts import queries
from opsledger.projections.facts.tables import FACTS
from tests.fact_histories import histories
from tests.fact_store import FactStore, Rows, differences, folded

SUBJECTS = 120
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with open_store(tmp_path_factory.mktemp("facts") / "data") as opened:
        made = FactStore(opened)
        made.facts.ensure()
        yield made


def events_of(seed: int, subjects: int = SUBJECTS) -> list[Event]:
    return [event for history in histories(seed, subjects) for event in history]


def selected(store: FactStore, events: list[Event]) -> Rows:
    store.empty()
    store.append(events)
    return {fact.name: store.selected(fact) for fact in FACTS}


@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_the_sql_files_give_the_rows_of_the_folds(store: FactStore, seed: int) -> None:
    events = events_of(seed)
    assert not differences(folded(events), selected(store, events), events)


@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_shuffled_and_doubled_events_give_the_same_rows(store: FactStore, seed: int) -> None:
    events = events_of(seed)
    before = selected(store, events)
    doubled = events + Random(seed).choices(events, k=len(events))
    Random(seed).shuffle(doubled)
    assert not differences(before, selected(store, doubled), events)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_evolve_takes_events_in_any_order_and_twice(seed: int) -> None:
    for events in histories(seed, 6):
        forward, back = History(), History()
        for one, other in zip(events, reversed([*events, *events[:2]]), strict=False):
            forward, back = evolve(forward, one), evolve(back, other)
        for event in events:
            forward, back = evolve(forward, event), evolve(back, event)
        for stream, fold in FOLDS.values():
            if stream == events[0].stream:
                assert fold(forward) == fold(back)


@pytest.mark.parametrize("name", ["call_timelines", *(fact.name for fact in FACTS)])
def test_a_file_that_breaks_ties_by_type_has_the_order_of_the_catalogue(name: str) -> None:
    text = queries.file_text(name)
    stream = "call" if name == "call_timelines" else next(fact.stream for fact in FACTS if fact.name == name)
    lists = re.findall(r"indexOf\(\s*\[([^]]*)\],\s*toString\(type\)\)|Enum8\(([^)]*)\)", text)
    for found in lists:
        named = re.findall(r"'([^']*)'", "".join(found))
        declared = [declaration.TYPE for declaration in types_of(stream)]
        assert named == [type_ for type_ in declared if type_ in named]
        assert stream == "shift" or named == declared
    assert lists or "GROUP BY" not in text or name == "ivr_steps" or len(types_of(stream)) == 1


PLANTED = (
    ("call_timelines", "arrayCompact(e -> e.id, arraySort(", "(arraySort("),
    ("call_timelines", "a.next_end.place = 0 OR going.place < a.next_end.place", "true"),
    ("call_timelines", "if(e.type = 'call.answered' AND e.queue = '', entered_last, e.queue), place", "e.queue, place"),
    ("call_timelines", "AND x.e.era = y.e.era", ""),
    ("call_timelines", "'call.queued' = 6, 'call.rung' = 7", "'call.queued' = 20, 'call.rung' = 7"),
    ("calls", "indexOf(events.type, 'call.ended')", "arrayLastIndex(type -> type = 'call.ended', events.type)"),
    ("calls", "arrayLastIndex(type -> type = 'call.wrapped_up', events.type)", "indexOf(events.type, 'call.wrapped_up')"),
    ("legs", "x.hold_ms AS hold_ms", "x.hold_ms + 1 AS hold_ms"),
    ("transfers", "mark.queue", "''"),
    ("ivr_steps", "arrayFill(e -> e.rank = 1, events)", "events"),
    ("ivr_steps", " OR following.rank != 2", ""),
    ("ivr_steps", "argMaxIf(toString(outcome)", "argMinIf(toString(outcome)"),
    ("callbacks", "argMaxIf(toString(outcome)", "argMinIf(toString(outcome)"),
    ("agent_spans", "toIntervalHour(16)", "toIntervalHour(17)"),
    ("agent_spans", "(exit, 1, -1)", "(exit, 4, -1)"),
    ("shifts", "maxIfOrNull(occurred_at, type = 'shift.signed_out')", "minIfOrNull(occurred_at, type = 'shift.signed_out')"),
    ("tickets", "uniqExactIf(event_id, type = 'ticket.urged')", "countIf(type = 'ticket.urged')"),
    ("tickets", "argMaxIf(due_at, place", "argMinIf(due_at, place"),
    (
        "callbacks",
        "argMaxIf((satisfied, 0), place, type = 'callback.completed').1",
        "argMaxIf(satisfied, place, type = 'callback.completed')",
    ),
    ("complaints", "argMaxIf(liable, place", "argMinIf(liable, place"),
    ("evaluations", "argMaxIf(score, place", "argMinIf(score, place"),
    ("faults", "minIfOrNull(occurred_at, type = 'fault.raised')", "maxIfOrNull(occurred_at, type = 'fault.raised')"),
    ("rings", "before.level = x.level", "true"),
    ("rings", "(b.agent, b.level, b.place)", "(b.agent, b.place)"),
    ("rings", "arrayLast(entry", "arrayFirst(entry"),
    ("call_timelines", "p -> p.entered_place, arrayFilter(p -> p.queued, pairs)", "p -> p.closed_place, pairs"),
    ("staff_stints", "OR before.type = 'staff.left'", ""),
    ("staff_stints", "arrayFill(e -> e.name != '', events)", "events"),
    ("staff_stints", "arrayCompact(e -> e.id, arraySort(", "(arraySort("),
    ("costs", "argMax((amount, 0)", "argMin((amount, 0)"),
    (
        "penalties",
        "type IN ('penalty.reduced', 'penalty.waived')) = 'penalty.waived'",
        "type = 'penalty.waived') = 'penalty.waived'",
    ),
    ("penalties", "if(settled_at IS NOT NULL, 'settled',", "if(false, 'settled',"),
    ("awards", "minIfOrNull(occurred_at, type = 'award.revoked')", "maxIfOrNull(occurred_at, type = 'award.revoked')"),
    ("submissions", "min(occurred_at)", "max(occurred_at)"),
)


def test_an_error_planted_in_any_sql_file_is_found(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of the two tests above: each planted error makes some row differ from the folds'."""
    events = events_of(3, 450)
    wanted = folded(events)
    store.empty()
    store.append(events)
    original = queries.file_text
    missed = []
    for file, right, wrong in PLANTED:
        assert right in original(file), (file, right)
        monkeypatch.setattr(queries, "file_text", _planted(original, file, right, wrong))
        touched = [f for f in FACTS if file in (f.name, "call_timelines" if f.stream == "call" else "")]
        if not any(store.selected(fact) != wanted[fact.name] for fact in touched):
            missed.append((file, right))
    assert not missed


def _planted(original: object, file: str, right: str, wrong: str) -> object:
    return lambda name: original(name).replace(right, wrong) if name == file else original(name)  # type: ignore[operator]
