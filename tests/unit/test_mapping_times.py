"""Dates, clocks and zones: every reading is right to the microsecond, or refused; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.ingest.mapping import times
from opsledger.ingest.mapping.encode import time_text
from opsledger.ingest.mapping.frame import Frame
from opsledger.ingest.mapping.refused import Refused
from opsledger.ingest.mapping.scope import Scope
from opsledger.ingest.mapping.times import ZoneClock
from opsledger.ingest.mapping.values import value

ZONES = [
    "Asia/Shanghai",
    "Asia/Jerusalem",
    "Europe/Zurich",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "UTC",
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def naive(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


@given(
    zone=st.sampled_from(ZONES),
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),  # noqa: DTZ001
)
def test_a_local_time_is_read_back_as_the_moment_it_was(zone: str, moment: datetime) -> None:
    local = moment.astimezone(ZoneInfo(zone))
    written = micros(local.replace(tzinfo=UTC))
    clock = ZoneClock(ZoneInfo(zone), "later" if local.fold else "earlier")
    assert clock.utc(written) == micros(moment)
    assert clock.local(micros(moment)) == written


def test_a_doubled_hour_follows_the_policy() -> None:
    twice = naive("2026-10-25T02:30:00")  # Zurich: 02:00 to 03:00 twice
    zone = ZoneInfo("Europe/Zurich")
    earlier, later = ZoneClock(zone, "earlier").utc(twice), ZoneClock(zone, "later").utc(twice)
    assert (earlier, later) == (naive("2026-10-25T00:30:00"), naive("2026-10-25T01:30:00"))
    refused = ZoneClock(zone).utc(twice)
    assert isinstance(refused, Refused)
    assert "happened twice" in refused.detail
    assert refused.code == "no_offset"


def test_a_missing_hour_is_refused_or_shifted() -> None:
    never = naive("2026-03-29T02:30:00")
    zone = ZoneInfo("Europe/Zurich")
    refused = ZoneClock(zone).utc(never)
    assert isinstance(refused, Refused)
    assert "never was" in refused.detail
    assert ZoneClock(zone, nonexistent="shift").utc(never) == naive("2026-03-29T01:30:00")


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        ("iso", "2026-01-05 09:12:58", "2026-01-05T09:12:58"),
        ("iso", "2026-01-05T09:12:58.25", "2026-01-05T09:12:58.25"),
        ("%d/%m/%Y %H:%M", "5/1/2026 09:12", "2026-01-05T09:12:00"),
        ("%d/%m/%Y %H:%M", "29/2/2016 1:02", "2016-02-29T01:02:00"),
        ("%m/%d/%y %I:%M %p", "1/5/26 9:12 PM", "2026-01-05T21:12:00"),
        ("%y%m%d", "990105", "1999-01-05T00:00:00"),
        ("%y%m%d", "260105", "2026-01-05T00:00:00"),
        ("%d-%b-%Y %H:%M:%S", "05-Jan-2026 09:12:58", "2026-01-05T09:12:58"),
        ("%Y%m%d%H%M%S", "20260105091258", "2026-01-05T09:12:58"),
        ("excel", "46027.5", "2026-01-05T12:00:00"),
        ("%Y年%m月%d日 %H:%M:%S", "2026年01月05日 09:12:58", "2026-01-05T09:12:58"),
    ],
)
def test_formats(format_: str, text: str, expected: str) -> None:
    assert times.reader_of((format_,), "time")(text) == (False, naive(expected))


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        ("epoch", "1767604378", "2026-01-05T09:12:58"),
        ("epoch", "1767604378.250000", "2026-01-05T09:12:58.25"),
        ("epoch_ms", "1767604378250", "2026-01-05T09:12:58.25"),
        ("iso", "2026-01-05T09:12:58+02:00", "2026-01-05T07:12:58"),
        ("iso", "2026-01-05T09:12:58Z", "2026-01-05T09:12:58"),
        ("%Y-%m-%d %H:%M:%S %z", "2026-01-05 09:12:58 -0500", "2026-01-05T14:12:58"),
    ],
)
def test_formats_that_carry_their_offset(format_: str, text: str, expected: str) -> None:
    assert times.reader_of((format_,), "time")(text) == (True, naive(expected))


@pytest.mark.parametrize(
    "text", ["31/2/2026 09:12", "5/1/2026", "x", "5/1/2026 25:00", "1/5/2026 09:12 trailing", "٥/١/٢٠٢٦ 1:2:3"]
)
def test_what_is_no_such_time_is_refused_by_its_text(text: str) -> None:
    found = times.reader_of(("%d/%m/%Y %H:%M",), "time")(text)
    assert isinstance(found, Refused)
    assert text in found.detail


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:00", 0), ("9:12:58", 33_178), ("09:12:58", 33_178), ("24:03:10", 86_590), ("23:59:59.5", 86_399.5)],
)
def test_clock_times(text: str, seconds: float) -> None:
    assert times.clock_micros(text) == seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "9", "9:60", "9:12:60", "48:00:00", "-1:00", "9:1:2", "９:12:58"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    assert isinstance(times.clock_micros(text), Refused)


def column(form: dict[str, object], cells: dict[str, list[str]], zone: str = "Asia/Jerusalem") -> list[object]:
    """The values of a form over columns; the anchor ``at`` is read as a timestamp."""
    scope = Scope(tuple(cells), frozenset([""]), {}, zone=zone, local_time={"ambiguous": "refuse", "nonexistent": "refuse"})
    if "at" in cells:
        scope.named["anchor"] = value({"form": "time", "time": "at"}, scope, ())
    node = value(form, scope, ())
    return Frame(len(next(iter(cells.values()))), list(cells.values())).of(node)


def shown(values: list[object], zone: str = "Asia/Jerusalem") -> list[str]:
    clock = ZoneClock(ZoneInfo(zone))
    return [time_text(clock.local(v))[:-1] if isinstance(v, int) else str(v) for v in values]


def test_a_clock_after_another_time_rolls_over_midnight() -> None:
    cells = {
        "at": ["1999-01-05 23:59:34", "1999-01-05 09:00:00", "1999-01-05 09:00:00"],
        "c": ["0:03:40", "9:00:00", "8:59:59"],
    }
    found = column({"form": "clock", "clock": "c", "after": "anchor"}, cells)
    assert shown(found) == ["1999-01-06T00:03:40", "1999-01-05T09:00:00", "1999-01-06T08:59:59"]


def test_a_clock_near_another_time_may_lie_before_it() -> None:
    cells = {
        "at": ["1999-01-05 09:00:00", "1999-01-05 23:59:58", "1999-01-06 00:00:02"],
        "c": ["8:59:54", "0:00:03", "23:59:58"],
    }
    found = column({"form": "clock", "clock": "c", "near": "anchor"}, cells)
    assert shown(found) == ["1999-01-05T08:59:54", "1999-01-06T00:00:03", "1999-01-05T23:59:58"]


def test_a_clock_after_another_time_across_the_doubled_hour() -> None:
    """Zurich, 25 October 2026: 01:50 UTC is 02:50 the second time; 02:10 after the first 02:50 is the second 02:10."""
    zone = "Europe/Zurich"
    clock = ZoneClock(ZoneInfo(zone), "earlier")
    scope = Scope(("at", "c"), frozenset([""]), {}, zone=zone, local_time={"ambiguous": "earlier", "nonexistent": "refuse"})
    scope.named["anchor"] = value({"form": "time", "time": "at"}, scope, ())
    node = value({"form": "clock", "clock": "c", "after": "anchor"}, scope, ())
    found = Frame(1, [["2026-10-25 02:50:00"], ["02:10:00"]]).of(node)
    assert found == [naive("2026-10-25T01:10:00")]
    assert clock.local(found[0]) == naive("2026-10-25T02:10:00")


def test_a_clock_of_24_hours_and_more_is_the_next_day() -> None:
    cells = {"d": ["1999-01-05"], "c": ["24:03:10"]}
    assert shown(column({"form": "date", "date": "d", "clock": "c"}, cells)) == ["1999-01-06T00:03:10"]


def test_a_date_alone_is_the_start_of_its_day_also_where_there_is_no_midnight() -> None:
    """São Paulo set its clocks forward at midnight: 16 October 2016 began at 01:00."""
    found = column({"form": "date", "date": "d"}, {"d": ["2016-10-16", "2016-10-17"]}, zone="America/Sao_Paulo")
    assert shown(found, "America/Sao_Paulo") == ["2016-10-16T01:00:00", "2016-10-17T00:00:00"]


def test_missing_stays_missing_and_refused_stays_refused() -> None:
    cells = {"at": ["", "x", "1999-01-05 09:00:00"], "c": ["9:00", "9:00", ""]}
    found = column({"form": "clock", "clock": "c", "near": "anchor"}, cells)
    assert (found[0], found[2]) == (None, None)
    assert isinstance(found[1], Refused)
    assert found[1].detail.startswith("column 'at': 'x'")


def test_a_time_with_an_offset_in_a_mapping_with_a_zone_is_two_zones() -> None:
    found = column({"form": "time", "time": "t"}, {"t": ["1999-01-05T09:00:00Z"]})
    assert isinstance(found[0], Refused)
    assert found[0].code == "no_offset"
    assert "two zones" in found[0].detail


def test_a_time_without_an_offset_where_values_carry_theirs_is_refused() -> None:
    found = column({"form": "time", "time": "t"}, {"t": ["1999-01-05T09:00:00", "1999-01-05T09:00:00Z"]}, zone="offset")
    assert isinstance(found[0], Refused)
    assert found[1] == naive("1999-01-05T09:00:00")
