"""Each defect, planted on purpose, is found exactly, by its own check alone; a clean ledger has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import view
from opsledger.infra.store import Store, open_store
from opsledger.projections.reports.data_quality import is_clean
from opsledger.projections.reports.empties import unexplained
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.quality.records import CHECKS
from opsledger.projections.reports.run import run_report
from tests.ledger_samples import chunks, importer, line, spec, tables

DAY = parse_period(Grain.DAY, "2026-01-05", "Asia/Shanghai")
NINE = datetime(2026, 1, 5, 1, tzinfo=UTC)
"""09:00 in Shanghai; ``at_s`` of the samples counts from 17:00."""
NINE_S = -8 * 3600
LIVE = timedelta(seconds=2)
AFTER = NINE + timedelta(hours=12)
Step = tuple[str, float, dict[str, Any]]

WHOLE: tuple[Step, ...] = (
    ("call.offered", 0, {"direction": "inbound", "channel": "phone", "hotline": "10000"}),
    ("call.queued", 1, {"queue": "sales"}),
    ("call.answered", 11, {"agent": "a1", "queue": "sales"}),
    ("call.released", 71, {"agent": "a1"}),
    ("call.ended", 72, {"by": "customer"}),
    ("call.wrapped_up", 90, {"agent": "a1", "nature": "consult"}),
)


def _lines(tenant: str, subject: str, steps: Sequence[Step], at_s: float = 0, source: str = "sim:test") -> list[bytes]:
    """Events of one thing; ``at_s`` counts from 09:00."""
    made = []
    for n, (type_, s, data) in enumerate(steps):
        began = {"started_at": f"{NINE + timedelta(seconds=at_s + s - 18):%Y-%m-%dT%H:%M:%SZ}"}
        told = data | (began if type_ == "call.wrapped_up" else {})
        key = f"{tenant}/{subject}/{source}/{n}/{type_}"
        made.append(line(key, subject=subject, type_=type_, at_s=NINE_S + at_s + s, tenant=tenant, data=told, source=source))
    return made


def _without(*types: str) -> tuple[Step, ...]:
    return tuple(step for step in WHOLE if step[0] not in types)


@dataclass(frozen=True)
class Plant:
    """Steps of the things of one tenant beside its clean calls, and what is to be found: check → count."""

    found: Mapping[str, int]
    things: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    delay: timedelta = LIVE
    backfill: bool = False
    more: Sequence[Step] = ()
    """Appended after the things, to the first of them."""


_OPENED: Step = ("ticket.opened", 100, {"kind": "fault", "category": "net", "priority": "high", "call": "c0"})
_RESOLVED: Step = ("ticket.resolved", 200, {"outcome": "done"})
_IN: Step = ("shift.signed_in", 0, {"agent": "a2"})
_STATE: Step = ("shift.state_changed", 60, {"agent": "a2", "state": "idle"})
_OUT: Step = ("shift.signed_out", 3600, {"agent": "a2"})
_ASKED: Step = (
    "callback.requested",
    10,
    {"purpose": "promise", "customer": "k", "due_at": "2026-01-06T00:00:00Z", "call": "c0"},
)
_FILED: Step = (
    "complaint.filed",
    10,
    {"channel": "phone", "business": "net", "content": "slow", "call": "c0", "internal": False},
)
_SAMPLED: Step = ("evaluation.sampled", 10, {"call": "c0", "method": "live", "form": "f", "evaluator": "e"})
_SCORED: Step = ("evaluation.scored", 20, {"score": "90", "items": []})


def _at(step: Step, s: float, **data: Any) -> Step:
    return (step[0], s, {**step[2], **data})


_PASSED_ON = ("call.transferred", 70.0, {"from_agent": "a1", "to_kind": "agent", "to": "ghost", "mode": "blind"})
PLANTS: Mapping[str, Plant] = {
    "clean": Plant({}),
    "clean-others": Plant(
        {},
        {
            "t": (_OPENED, _RESOLVED),
            "s": (_IN, _STATE, _OUT),
            "b": (_ASKED, ("callback.completed", 60, {"agent": "a1"})),
            "k": (_FILED,),
            "e": (_SAMPLED, _SCORED),
            "f": (("fault.raised", 5, {"system": "crm", "kind": "slow", "severity": "minor"}), ("fault.cleared", 9, {})),
        },
    ),
    "backfill": Plant({"backfilled": 6}, {"x": WHOLE}, timedelta(days=40), backfill=True),
    "late": Plant({"late": 6}, {"x": WHOLE}, timedelta(days=40)),
    "nowhere": Plant({"answered_from_nowhere": 1}, {"x": (("call.answered", 11, {"agent": "a1"}), *WHOLE[3:])}),
    "wrap-up": Plant({"wrap_up_without_leg": 1}, {"x": (*WHOLE, _at(WHOLE[5], 95, agent="a9"))}),
    "nobody": Plant({"transfer_to_nobody": 1}, {"x": (*WHOLE[:3], _PASSED_ON, *WHOLE[4:])}),
    "somebody": Plant({}, {"x": (*WHOLE[:3], _at(_PASSED_ON, 70, to="a2"), *WHOLE[4:]), "s": (_IN, _STATE, _OUT)}),
    "offered-twice": Plant({"offered_twice": 1}, {"x": (*WHOLE[:1], _at(WHOLE[0], 0.5), *WHOLE[1:])}),
    "early-answer": Plant(
        {"answered_before_offered": 1}, {"x": (("call.answered", -5, {"agent": "a1"}), WHOLE[0], *WHOLE[3:])}
    ),
    "two-ends": Plant({"ended_twice": 1}, {"x": (*WHOLE[:5], _at(WHOLE[4], 73), *WHOLE[5:])}),
    "after-end": Plant({"event_after_end": 1}, {"x": (*WHOLE, ("call.ivr_entered", 99, {"flow": "f"}))}),
    "end-waiting": Plant({"ended_while_waiting": 1}, {"x": (*WHOLE[:2], WHOLE[4])}),
    "negative-wait": Plant({"negative_wait": 1}, {"x": (*WHOLE[:1], WHOLE[2], _at(WHOLE[1], 12), *WHOLE[3:])}),
    "open-call": Plant({"open_calls": 2}, {"x": WHOLE[:3], "y": WHOLE[:2]}),
    "no-opening": Plant({"ticket_without_opening": 1}, {"t": (_RESOLVED,)}),
    "early-ticket": Plant({"ticket_before_opening": 1, "open_tickets": 1}, {"t": (_at(_RESOLVED, 50), _OPENED)}),
    "lost-ticket": Plant({"ticket_of_unknown_call": 2}, {x: (_at(_OPENED, 9, call="none"), _RESOLVED) for x in "tu"}),
    "open-ticket": Plant({"open_tickets": 1}, {"t": (_OPENED,)}),
    "no-request": Plant({"callback_without_request": 1}, {"b": (("callback.completed", 60, {"agent": "a1"}),)}),
    "early-callback": Plant({"callback_before_request": 1}, {"b": (("callback.completed", 5, {"agent": "a1"}), _ASKED)}),
    "lost-callback": Plant({"callback_of_unknown_call": 1}, {"b": (_at(_ASKED, 10, call="none"),)}),
    "no-filing": Plant({"complaint_without_filing": 1}, {"k": (("complaint.investigated", 50, {"findings": "x"}),)}),
    "early-complaint": Plant({"complaint_before_filing": 1}, {"k": (("complaint.investigated", 5, {"findings": "x"}), _FILED)}),
    "lost-complaint": Plant({"complaint_of_unknown_call": 1}, {"k": (_at(_FILED, 10, call="none"),)}),
    "no-sample": Plant({"evaluation_without_sample": 1}, {"e": (_SCORED,)}),
    "early-score": Plant({"evaluation_before_sample": 1}, {"e": (_at(_SCORED, 5), _SAMPLED)}),
    "lost-sample": Plant({"evaluation_of_unknown_call": 1}, {"e": (_at(_SAMPLED, 10, call="none"), _SCORED)}),
    "no-raise": Plant({"fault_without_raise": 1}, {"f": (("fault.cleared", 9, {}),)}),
    "no-sign-in": Plant({"shift_without_sign_in": 1}, {"s": (_STATE, _OUT)}),
    "signed-out-first": Plant({"signed_out_first": 1, "unsigned_shifts": 1}, {"s": (_at(_OUT, -60), _IN, _STATE)}),
    "unsigned": Plant({"unsigned_shifts": 1}, {"s": (_IN, _STATE)}),
    "disorder": Plant({"out_of_order": 2}, {"x": (WHOLE[0], WHOLE[3], WHOLE[1], WHOLE[2], *WHOLE[4:])}),
    "twice": Plant({"stored_twice": 6}, {"x": WHOLE}, more=WHOLE),
    "future": Plant({"future": 6}, {"x": WHOLE}, timedelta(minutes=-2)),
}
"""Tenant → what is planted."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("quality") / "data", clock=FixedClock(NINE)) as opened:
        for n in range(8):
            base = [each for tenant in PLANTS for each in _lines(tenant, f"c{n}", WHOLE, n * 300)]
            _append(opened, NINE + timedelta(seconds=n * 300 + 90) + LIVE, base)
        for tenant, plant in PLANTS.items():
            _plant(opened, tenant, plant)
        _at_clock(opened, AFTER + timedelta(days=60))
        yield opened


def _at_clock(store: Store, moment: datetime) -> None:
    assert isinstance(store.clock, FixedClock)
    store.clock.at = moment


def _append(store: Store, moment: datetime, lines: Sequence[bytes], *, backfill: bool = False) -> None:
    _at_clock(store, moment)
    store.log.append(tables(lines), backfill=backfill)


def _plant(store: Store, tenant: str, plant: Plant) -> None:
    for subject, steps in plant.things.items():
        # as they happen, one after the other: each is recorded some seconds after the latest so far
        latest = -1e9
        for n, made in enumerate(_lines(tenant, subject, steps, 3000)):
            latest = max(latest, 3000 + steps[n][1])
            _append(store, NINE + timedelta(seconds=latest) + plant.delay, [made], backfill=plant.backfill)
        if plant.more:
            _append(store, NINE + timedelta(seconds=3200), _lines(tenant, subject, plant.more, 3000))


def _run(store: Store, tenant: str, **more: Any) -> Result:
    with view(store, tenant, **more) as facts:
        return run_report(facts, Request("data_quality", DAY))


def _found(result: Result) -> dict[str, int]:
    at = {c.name: i for i, c in enumerate(result.columns)}
    return {str(row[at["check"]]): int(str(row[at["count"]])) for row in result.rows if row[at["count"]]}


def _section(result: Result, title: str) -> list[dict[str, Any]]:
    (found,) = [s for s in result.sections if s.title.startswith(title)]
    return [dict(zip((c.name for c in found.columns), row, strict=True)) for row in found.rows]


@pytest.mark.parametrize("tenant", PLANTS)
def test_each_planted_defect_is_found_exactly_and_nothing_else(store: Store, tenant: str) -> None:
    assert _found(_run(store, tenant)) == PLANTS[tenant].found


def test_what_wants_no_look_leaves_the_verdict_clean_and_everything_else_does_not(store: Store) -> None:
    for tenant, plant in PLANTS.items():
        informs = all(CHECKS[check].look is None for check in plant.found)
        assert is_clean(_run(store, tenant).rows) is informs, tenant


def test_every_check_of_single_things_has_a_plant() -> None:
    planted = {check for plant in PLANTS.values() for check in plant.found}
    elsewhere = {
        *("read_again", "dead_open", "dead_settled", "silences", "slow_sources", "systems_apart"),
        *("ended_while_talking", "negative_ivr", "negative_wrap_up", "fault_before_raise"),
    }
    assert set(CHECKS) - planted == elsewhere


def test_an_example_leads_to_its_history(store: Store) -> None:
    (row,) = _section(_run(store, "two-ends"), "Found")
    assert row["command"] == "opsledger history call x --tenant two-ends"
    ids = store.client.query("SELECT toString(event_id) FROM call WHERE tenant = 'two-ends' AND subject = 'x'").result_rows
    assert (row["event"],) in ids


def test_how_far_out_of_order_is_told(store: Store) -> None:
    (row,) = _section(_run(store, "disorder"), "Found")
    assert (row["count"], row["worst"]) == (2, 70_000)


def test_the_delays_of_a_source_are_those_of_its_live_events(store: Store) -> None:
    (live,) = _section(_run(store, "clean"), "Sources")
    assert (live["events"], live["within_hour"], live["backfilled"], live["least"]) == (48, 48, 0, 2_000)
    (filled,) = _section(_run(store, "backfill"), "Sources")
    assert (filled["events"], filled["within_hour"], filled["backfilled"], filled["greatest"]) == (54, 48, 6, 92_000)
    (late,) = _section(_run(store, "late"), "Sources")
    assert (late["within_hour"], late["later"]) == (48, 6)


def test_as_known_before_it_came_a_defect_is_not_there(store: Store) -> None:
    with view(store, "late"):
        pass  # the facts are made: the journal knows of this moment
    clock = store.clock.now()
    _append(store, clock + timedelta(hours=1), _lines("late", "y", (*WHOLE[:5], _at(WHOLE[4], 73)), 3600))
    assert _found(_run(store, "late"))["ended_twice"] == 1
    assert _found(_run(store, "late", as_known_at=clock)) == {"late": 6}


def test_refused_records_are_told_by_reason_and_settled_ones_apart(store: Store) -> None:
    _append(store, AFTER + timedelta(days=70), _lines("refused", "c", WHOLE))
    bad = [line(f"bad{n}", type_="call.nonsense", tenant="refused") for n in range(3)]
    importer(store).run(chunks(bad), spec(tenant="refused"))
    result = _run(store, "refused")
    assert _found(result) == {"dead_open": 3, "late": 6}
    (row,) = _section(result, "Refused")
    assert (row["refusal"], row["open"], row["settled"], row["source"]) == ("unknown_type", 3, 0, "sim:test")
    assert row["command"] == f"opsledger dead-letters show {row['example'][:13]}"


def test_records_read_again_are_counted_in_the_period_of_the_import(store: Store) -> None:
    _at_clock(store, NINE + timedelta(hours=5))
    lines = _lines("again", "c", WHOLE)
    for _ in range(2):
        importer(store).run(chunks(lines), spec(tenant="again"))
    _at_clock(store, AFTER + timedelta(days=90))
    assert _found(_run(store, "again")) == {"read_again": 6}


def test_clocks_of_two_systems_are_compared_by_what_both_tell(store: Store) -> None:
    for n, (tenant, apart_s) in enumerate((("apart", 5), ("together", 1))):
        for source, ahead in (("pbx", 0), ("desk", -apart_s)):
            lines = [each for c in range(9) for each in _lines(tenant, f"c{c}", _without(), c * 300 + ahead, source)]
            _append(store, NINE + timedelta(hours=1, minutes=n), lines)
        _at_clock(store, AFTER + timedelta(days=90))
        result = _run(store, tenant)
        found = _found(result)
        assert found.get("systems_apart", 0) == (apart_s > 2), found
        (row,) = _section(result, "Clocks")
        assert (row["source"], row["other"], row["steps"], row["median"]) == ("desk", "pbx", 54, apart_s * 1000)


def test_a_source_that_lags_is_told(store: Store) -> None:
    _append(store, NINE + timedelta(minutes=10), _lines("slow", "c", WHOLE))
    _at_clock(store, AFTER + timedelta(days=90))
    assert _found(_run(store, "slow")) == {"slow_sources": 1}


def test_a_hole_in_a_busy_day_is_told_and_the_same_day_without_it_is_not(store: Store) -> None:
    for tenant, hole in (("busy", ()), ("hole", range(24, 60))):
        lines = [each for n in range(96) if n not in hole for each in _lines(tenant, f"c{n}", WHOLE, n * 300)]
        _append(store, NINE + timedelta(hours=8, minutes=5), lines)
    _at_clock(store, AFTER + timedelta(days=90))
    assert "silences" not in _found(_run(store, "busy"))
    result = _run(store, "hole")
    assert _found(result)["silences"] == 1
    (row,) = [r for r in _section(result, "Found") if r["check"] == "silences"]
    assert row["example"] == "2026-01-05T02:56Z/2026-01-05T06:00Z"
    assert row["command"] == "opsledger report run call_detail --from 2026-01-05 --to 2026-01-05 --tenant hole"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_column_is_empty_without_a_reason_in_either_language(store: Store, lang: Any) -> None:
    for tenant in ("clean", "backfill", "two-ends", "disorder"):
        with view(store, tenant) as facts:
            assert unexplained(run_report(facts, Request("data_quality", DAY, lang=lang))) == ()


def test_nothing_is_ever_read_across_tenants(store: Store) -> None:
    assert _found(_run(store, "no-such-tenant")) == {}


def test_the_samples_lie_on_the_day(tmp_path: Path) -> None:
    assert DAY.start < NINE < DAY.stop < AFTER + timedelta(days=1)
