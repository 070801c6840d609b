"""What came late for a period is counted and said: after a setting's hours or a month's closing, a backfill apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsledger.domain.calendar import Grain, Period, parse_period
from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.facts import view
from opsledger.infra.settings import late_after_of, read_settings
from opsledger.infra.store import Store, open_store
from opsledger.projections.reports.lateness import arrivals, closings, streams_read
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report
from tests.ledger_samples import START, calls, chunks, importer, line, spec, tables
from tests.new_ledger import new_ledger

ZONE = "Asia/Shanghai"
MONTH = parse_period(Grain.MONTH, "2026-01", ZONE)
DAY = parse_period(Grain.DAY, "2026-01-05", ZONE)
SECOND = timedelta(microseconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(DAY.stop)) as opened:
        yield opened


def _at(store: Store, moment: datetime) -> None:
    assert isinstance(store.clock, FixedClock)
    store.clock.at = moment


def _append(store: Store, moment: datetime, lines: Sequence[bytes], *, backfill: bool = False) -> None:
    _at(store, moment)
    store.log.append(tables(lines), backfill=backfill)


def _close(store: Store, moment: datetime, contract: str = "desk", type_: str = "period.closed") -> None:
    data = {"contract": contract, "month": "2026-01", "statement_digest": "d", "maker": "m", "checker": "c"}
    values = {**data, "cutoff": moment} if type_ == "period.closed" else {"reason": "r", "by": "m"}
    row = {
        "tenant": "t1",
        "subject": f"{contract}/2026-01",
        "type": type_,
        "occurred_at": moment,
        "recorded_at": moment,
        "topic": "period",
        **values,
    }
    store.client.insert("period", [list(row.values())], column_names=list(row))


def _run(store: Store, period: Period, report: str = "traffic", **more: timedelta) -> Result:
    with view(store, "t1", **more) as facts:
        return run_report(facts, Request(report, period))


def _said(result: Result) -> str:
    return " ".join(result.footer.warnings)


def test_what_was_recorded_up_to_a_day_after_the_periods_end_is_in_time(store: Store) -> None:
    _append(store, DAY.stop + timedelta(hours=24), calls(3))
    assert "came late" not in _said(_run(store, DAY))


def test_what_was_recorded_a_microsecond_later_is_late_for_its_day_and_not_for_its_month(store: Store) -> None:
    _append(store, DAY.stop + timedelta(hours=24) + SECOND, calls(3))
    _at(store, MONTH.stop + timedelta(days=9))
    assert "3 events came late" in _said(_run(store, DAY))
    assert "came late" not in _said(_run(store, MONTH))


def test_an_event_of_another_day_or_tenant_or_stream_is_not_counted(store: Store) -> None:
    late = DAY.stop + timedelta(days=3)
    other = line("x", tenant="t2"), line("y", at_s=24 * 3600)
    ticket = line("k", type_="ticket.opened", data={"kind": "fault", "category": "a", "priority": "p"})
    _append(store, late, [*other, ticket])
    assert "came late" not in _said(_run(store, DAY))
    assert "1 events came late" in _said(_run(store, DAY, "tickets"))


def test_the_setting_moves_the_limit(store: Store) -> None:
    _append(store, DAY.stop + timedelta(hours=3), calls(2))
    assert "2 events came late" in _said(_run(store, DAY, late_after=timedelta(hours=2, minutes=50)))
    assert "came late" not in _said(_run(store, DAY, late_after=timedelta(hours=3)))
    assert late_after_of("2.5") == read_settings(environ={"OPSLEDGER_LATE_AFTER_H": "2.5"}).late_after
    for wrong in ("soon", "-1", "nan", "inf"):
        with pytest.raises(UserError, match="not a number of hours"):
            late_after_of(wrong)


def test_a_backfill_is_counted_apart(store: Store) -> None:
    _append(store, DAY.stop + timedelta(days=3), calls(4), backfill=True)
    _append(store, DAY.stop + timedelta(days=3), calls(2, first=4))
    result = _run(store, DAY)
    assert "2 events came late" in _said(result)
    assert any(note.startswith("4 events of this period came later by a backfill") for note in result.footer.notes)


def test_an_import_can_be_marked_as_a_backfill(store: Store) -> None:
    _at(store, DAY.stop + timedelta(days=3))
    importer(store).run(chunks(calls(5)), spec(backfill=True))
    assert "came late" not in _said(_run(store, DAY))
    importer(store).run(chunks(calls(6)), spec())
    assert "1 events came late" in _said(_run(store, DAY))


def test_after_a_months_closing_everything_is_late_and_nothing_before_it(store: Store) -> None:
    closed = MONTH.stop + timedelta(days=5)
    _append(store, closed, calls(2))
    _append(store, closed + SECOND, calls(3, first=2))
    _at(store, closed + timedelta(days=9))
    assert "5 events came late" in _said(_run(store, MONTH)), "nothing is closed yet"
    _close(store, closed)
    result = _run(store, MONTH)
    assert "3 events came late" in _said(result)
    assert result.footer.closed is True
    assert "3 events came late" in _said(_run(store, DAY))


def test_a_span_over_a_closed_and_an_open_month_is_judged_by_parts(store: Store) -> None:
    week = parse_period(Grain.WEEK, "2026-W05", ZONE)  # 26 January to 1 February
    happened = [line("jan", at_s=22 * 86_400), line("feb", at_s=27 * 86_400)]
    _close(store, MONTH.stop + timedelta(hours=12))
    _append(store, MONTH.stop + timedelta(hours=20), happened)
    _at(store, MONTH.stop + timedelta(days=9))
    result = _run(store, week)
    assert "1 events came late" in _said(result)
    assert result.footer.closed is False, "February is open"


def test_a_reopened_month_is_not_closed_and_a_month_that_never_was_is_not_said_to_be_open(store: Store) -> None:
    assert _run(store, MONTH).footer.closed is None
    _close(store, MONTH.stop)
    _close(store, MONTH.stop + timedelta(hours=1), "other")
    assert _run(store, MONTH).footer.closed is True
    _close(store, MONTH.stop + timedelta(hours=2), "other", "period.reopened")
    with view(store, "t1") as facts:
        found = closings(facts, MONTH)
    assert (found.closed, found.at, found.open) == (False, {"2026-01": MONTH.stop}, ("2026-01",))


def test_as_known_before_they_came_nothing_is_late(store: Store) -> None:
    _append(store, DAY.stop, calls(2))
    before = _run(store, DAY)
    _append(store, DAY.stop + timedelta(days=3), calls(4, first=2))
    assert "4 events came late" in _said(_run(store, DAY))
    with view(store, "t1", DAY.stop) as facts:
        then = run_report(facts, Request("traffic", DAY))
    assert then.footer.warnings == before.footer.warnings


def test_as_known_then_the_dead_letters_are_those_of_then(store: Store) -> None:
    _append(store, DAY.stop, calls(1))
    assert "refused" not in _said(_run(store, DAY))
    _at(store, DAY.stop + timedelta(days=1))
    importer(store).run(chunks([line("bad", type_="call.nonsense")]), spec())
    assert "1 records were refused" in _said(_run(store, DAY))
    with view(store, "t1", DAY.stop) as facts:
        assert facts.dead_letters == 0


def test_the_quarter_hours_of_the_ledger_agree_with_the_events(store: Store) -> None:
    """The projection and a look at every event give the same counts, whatever the zone's offset."""
    for n, zone in enumerate(("Asia/Kathmandu", "Australia/Adelaide", "America/St_Johns", "UTC")):
        day = parse_period(Grain.DAY, "2026-01-05", zone)
        edges = [day.start - SECOND, day.start, day.stop - SECOND, day.stop]
        lines = [line(f"{zone}{i}", time=f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", tenant=f"z{n}") for i, at in enumerate(edges)]
        _append(store, day.stop + timedelta(hours=24), lines[:3])
        _append(store, day.stop + timedelta(hours=24) + SECOND, lines[1:])
        _at(store, day.stop + timedelta(days=9))
        with view(store, f"z{n}") as facts:
            assert arrivals(facts, day, ("call",)).late == 2, zone


def test_the_streams_of_a_report_are_those_of_the_facts_that_it_reads() -> None:
    assert streams_read(["legs", "tickets", "SELECT 1 FROM calls FINAL JOIN `fault` USING x"]) == ("call", "ticket", "fault")
    assert streams_read(["SELECT * FROM numbers(3)"]) == ()


def test_samples_happen_on_the_day_of_these_tests() -> None:
    assert DAY.start <= START.astimezone(UTC) < DAY.stop
