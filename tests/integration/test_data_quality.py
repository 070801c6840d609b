"""Each defect, planted on purpose, is found exactly, by its own check alone; a clean ledger has none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import Attempt, DeadLetterFilter, Outcome
from opsledger.infra.facts import view
from opsledger.infra.store import Store, open_store
from opsledger.projections.reports.data_quality import is_clean
from opsledger.projections.reports.empties import unexplained
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.quality.findings import Checker
from opsledger.projections.reports.quality.records import CHECKS
from opsledger.projections.reports.run import run_report
from tests.ledger_samples import chunks, importer, line, spec, tables
from tests.new_ledger import new_ledger
from tests.quality_plants import AFTER, DAY, LIVE, NINE, PLANTS, WHOLE, lines_of, moved, without


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path_factory.mktemp("quality") / "data"), clock=FixedClock(NINE)) as opened:
        for (moment, backfill), lines in sorted(_arrivals().items()):
            _append(opened, moment, lines, backfill=backfill)
        _at_clock(opened, AFTER + timedelta(days=60))
        yield opened


def _at_clock(store: Store, moment: datetime) -> None:
    assert isinstance(store.clock, FixedClock)
    store.clock.at = moment


def _append(store: Store, moment: datetime, lines: Sequence[bytes], *, backfill: bool = False) -> None:
    _at_clock(store, moment)
    store.log.append(tables(lines), backfill=backfill)


def _arrivals() -> dict[tuple[datetime, bool], list[bytes]]:
    """What is recorded when, of all plants: an insert costs the same for one event as for all of a moment."""
    found: dict[tuple[datetime, bool], list[bytes]] = defaultdict(list)
    for n in range(8):
        base = [each for tenant in PLANTS for each in lines_of(tenant, f"c{n}", WHOLE, n * 300)]
        found[NINE + timedelta(seconds=n * 300 + 90) + LIVE, False] += base
    for tenant, plant in PLANTS.items():
        for subject, steps in plant.things.items():
            # as they happen, one after the other: each is recorded some seconds after the latest so far
            latest = -1e9
            for n, made in enumerate(lines_of(tenant, subject, steps, 3000)):
                latest = max(latest, 3000 + steps[n][1])
                found[NINE + timedelta(seconds=latest) + plant.delay, plant.backfill].append(made)
            if plant.more:
                found[NINE + timedelta(seconds=3200), False] += lines_of(tenant, subject, plant.more, 3000)
    return found


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
def test_each_planted_defect_is_found_exactly_and_only_what_wants_a_look_spoils_the_verdict(store: Store, tenant: str) -> None:
    result = _run(store, tenant)
    assert _found(result) == PLANTS[tenant].found
    assert is_clean(result.rows) is all(CHECKS[check].look is None for check in PLANTS[tenant].found)


def test_every_check_has_a_plant() -> None:
    planted = {check for plant in PLANTS.values() for check in plant.found}
    elsewhere = {"read_again", "dead_open", "dead_settled", "silences", "slow_sources", "systems_apart"}
    assert set(CHECKS) - planted == elsewhere


def test_a_call_of_long_ago_is_known_by_the_ledger_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Checker._rows
    monkeypatch.setattr(Checker, "_rows", lambda self, name, **more: [] if name == "in_ledger" else rows(self, name, **more))
    assert _found(_run(store, "old-call")) == {"ticket_of_unknown_call": 1}


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
    _append(store, clock + timedelta(hours=1), lines_of("late", "y", (*WHOLE[:5], moved(WHOLE[4], 73)), 3600))
    assert _found(_run(store, "late"))["ended_twice"] == 1
    assert _found(_run(store, "late", as_known_at=clock)) == {"late": 6}


def test_refused_records_are_told_by_reason_and_settled_ones_apart(store: Store) -> None:
    _append(store, AFTER + timedelta(days=70), lines_of("refused", "c", WHOLE))
    bad = [line(f"bad{n}", type_="call.nonsense", tenant="refused") for n in range(3)]
    importer(store).run(chunks(bad), spec(tenant="refused"))
    result = _run(store, "refused")
    assert _found(result) == {"dead_open": 3, "late": 6}
    (row,) = _section(result, "Refused")
    assert (row["refusal"], row["open"], row["settled"], row["source"]) == ("unknown_type", 3, 0, "sim:test")
    assert row["command"] == f"opsledger dead-letters show {row['example'][:13]}"


def test_a_refused_record_that_a_retry_settled_wants_no_look(store: Store) -> None:
    importer(store).run(chunks([line("mended", type_="call.nonsense", tenant="mended")]), spec(tenant="mended"))
    (letter,) = store.dead_letters.list(DeadLetterFilter(tenant="mended"))
    assert _found(_run(store, "mended")) == {"dead_open": 1}
    store.dead_letters.record([Attempt(letter.id, store.clock.now(), Outcome.ACCEPTED)])
    result = _run(store, "mended")
    assert _found(result) == {"dead_settled": 1}
    assert is_clean(result.rows)
    (row,) = _section(result, "Refused")
    assert (row["open"], row["settled"]) == (0, 1)


def test_records_read_again_are_counted_in_the_period_of_the_import(store: Store) -> None:
    _at_clock(store, NINE + timedelta(hours=5))
    lines = lines_of("again", "c", WHOLE)
    for _ in range(2):
        importer(store).run(chunks(lines), spec(tenant="again"))
    _at_clock(store, AFTER + timedelta(days=90))
    assert _found(_run(store, "again")) == {"read_again": 6}


def test_clocks_of_two_systems_are_compared_by_what_both_tell(store: Store) -> None:
    for n, (tenant, apart_s) in enumerate((("apart", 5), ("together", 1))):
        for source, ahead in (("pbx", 0), ("desk", -apart_s)):
            lines = [each for c in range(9) for each in lines_of(tenant, f"c{c}", without(), c * 300 + ahead, source)]
            _append(store, NINE + timedelta(hours=1, minutes=n), lines)
        _at_clock(store, AFTER + timedelta(days=90))
        result = _run(store, tenant)
        found = _found(result)
        assert found.get("systems_apart", 0) == (apart_s > 2), found
        (row,) = _section(result, "Clocks")
        assert (row["source"], row["other"], row["steps"], row["median"]) == ("desk", "pbx", 54, apart_s * 1000)


def test_a_source_that_lags_is_told(store: Store) -> None:
    _append(store, NINE + timedelta(minutes=10), lines_of("slow", "c", WHOLE))
    _at_clock(store, AFTER + timedelta(days=90))
    assert _found(_run(store, "slow")) == {"slow_sources": 1}


def test_a_hole_in_a_busy_day_is_told_and_the_same_day_without_it_is_not(store: Store) -> None:
    for tenant, hole in (("busy", ()), ("hole", range(24, 60))):
        lines = [each for n in range(96) if n not in hole for each in lines_of(tenant, f"c{n}", WHOLE, n * 300)]
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
