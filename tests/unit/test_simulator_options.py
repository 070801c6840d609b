"""The simulator repeats itself to the byte, changes with its options, and plants trouble only when asked to."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest.border.wire import DECODER
from opsledger.ingest.simulator import Options, Simulation, commands, simulate, write
from opsledger.ingest.simulator.centre import LINES, QUEUES, half_hours
from opsledger.ingest.simulator.chance import SIZE, lengths, wheel
from opsledger.ingest.simulator.journal import Journal
from opsledger.ingest.simulator.world import World
from tests.unit.simulator_recount import Recount, kind

SMALL = Options(days=2, calls_per_day=120)
PRINT_DIGEST = """
import hashlib, json
from opsledger.ingest.simulator import Options, commands, simulate
options = Options(days=2, calls_per_day=120)
text = json.dumps(list(commands(options)), ensure_ascii=False).encode()
print(hashlib.sha256(b"".join(simulate(options))).hexdigest(), hashlib.sha256(text).hexdigest())
"""


def digest_of(options: Options) -> str:
    return hashlib.sha256(b"".join(simulate(options))).hexdigest()


@pytest.mark.parametrize(
    "surroundings", [{"TZ": "Asia/Shanghai", "PYTHONHASHSEED": "1"}, {"TZ": "America/New_York", "PYTHONHASHSEED": "2"}]
)
def test_another_process_zone_and_hash_seed_give_the_same_bytes(surroundings: dict[str, str]) -> None:
    here = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST], env={**os.environ, "TZ": "UTC"}, capture_output=True, check=True
    )
    there = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST], env={**os.environ, **surroundings}, capture_output=True, check=True
    )
    assert here.stdout == there.stdout
    assert here.stdout.split()[0].decode() == digest_of(SMALL)


@pytest.mark.parametrize(
    "other",
    [
        Options(days=2, calls_per_day=120, seed=2),
        Options(days=2, calls_per_day=121),
        Options(days=2, calls_per_day=120, tenant="t2"),
    ],
)
def test_another_seed_size_or_tenant_gives_other_bytes_and_other_ids(other: Options) -> None:
    assert digest_of(other) != digest_of(SMALL)
    assert not {DECODER.decode(line).id for line in simulate(other)} & {DECODER.decode(line).id for line in simulate(SMALL)}


def test_writing_and_iterating_give_the_same_lines_and_counts() -> None:
    out, seen = BytesIO(), []
    counts = write(SMALL, out, progress=lambda done, of: seen.append((done, of)))
    assert out.getvalue() == b"".join(simulate(SMALL))
    assert (counts.lines, counts.bytes) == (out.getvalue().count(b"\n"), len(out.getvalue()))
    assert seen[-1] == (2, 2)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Options(days=0), "--days 0"),
        (lambda: Options(calls_per_day=10**9), "--calls-per-day"),
        (lambda: Options(zone="Mars/Base"), "time zone"),
        (lambda: Options(vendors=("a", "b", "c")), "--vendor"),
        (lambda: Options(vendors=("a", "a")), "--vendor"),
        (lambda: Options(tenant=""), "--tenant"),
        (lambda: Options(start=date(1970, 1, 1)), "--start"),
        (lambda: Options(late=1.5), "--late"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_option_to_mend(make: Callable[[], Options], says: str) -> None:
    with pytest.raises(UserError, match=says):
        make()


@pytest.mark.parametrize("vendors", [(), ("only",), ("one", "two")])
def test_any_number_of_vendors_staffs_a_centre_that_is_counted_right(vendors: tuple[str, ...]) -> None:
    options = Options(days=2, calls_per_day=150, vendors=vendors)
    simulation, out = Simulation(options), BytesIO()
    counts = write(options, out, simulation=simulation)
    events = [DECODER.decode(line) for line in out.getvalue().splitlines()]
    assert {event.vendor for event in events} == {"in-house", *vendors}
    assert sum(c["command"] == "contract.sign" for c in simulation.commands()) == len(vendors)
    recount = Recount(events, options.zone)
    assert recount.differences(counts.truth) == []
    assert recount.problems == []


@pytest.mark.parametrize(
    ("start", "zone", "hours"),
    [(date(2026, 3, 29), "Europe/Berlin", 23), (date(2026, 10, 25), "Europe/Berlin", 25), (date(2026, 1, 1), "UTC", 24)],
)
def test_days_of_23_and_25_hours_keep_local_hours_and_are_counted_right(start: date, zone: str, hours: int) -> None:
    options = Options(start=start, days=1, calls_per_day=400, zone=zone)
    world = World(options)
    assert world.end - world.start == hours * 3_600_000
    simulation, out = Simulation(options), BytesIO()
    counts = write(options, out, simulation=simulation)
    events = [DECODER.decode(line) for line in out.getvalue().splitlines()]
    recount = Recount(events, zone)
    assert recount.differences(counts.truth) == []
    opens = {
        event.time.astimezone(ZoneInfo(zone)).hour
        for event in events
        if kind(event) == "call.answered" and event.data.queue == "orders"
    }
    assert min(opens) >= 8


def test_every_hour_of_a_long_run_is_handed_over_in_order_and_forgotten() -> None:
    simulation = Simulation(Options(days=12, calls_per_day=60))
    held, last = [], datetime.min.replace(tzinfo=UTC)
    for batch in simulation.batches():
        times = [DECODER.decode(line).time for line in batch]
        assert times == sorted(times)
        if times:
            assert last <= times[0]
            last = times[-1]
        held.append(simulation.world.journal.pending)
    assert max(held[100:]) < 3000
    assert held[-1] == 0


def test_planted_contradictions_only_add_events() -> None:
    clean = list(simulate(SMALL))
    spoilt = replace(SMALL, contradictions=0.2)
    out = BytesIO()
    counts = write(spoilt, out)
    lines = out.getvalue().splitlines(keepends=True)
    added = Counter(lines) - Counter(clean)
    assert Counter(clean) <= Counter(lines)
    spoilt_calls = {DECODER.decode(line).subject for line in added}
    assert len(spoilt_calls) == counts.truth.things["contradictions"] > 10
    assert len({DECODER.decode(line).id for line in lines}) == len(lines)
    assert Recount([DECODER.decode(line) for line in lines], SMALL.zone).problems


def test_late_events_are_the_same_events_in_another_order() -> None:
    out = BytesIO()
    counts = write(Options(days=3, calls_per_day=120, late=0.1), out)
    lines = out.getvalue().splitlines(keepends=True)
    clean = list(simulate(Options(days=3, calls_per_day=120)))
    assert sorted(lines) == sorted(clean)
    assert lines != clean
    assert 0.05 < counts.late / len(lines) < 0.15


def test_duplicates_repeat_lines_to_the_byte() -> None:
    out = BytesIO()
    counts = write(Options(days=3, calls_per_day=120, duplicates=0.1), out)
    lines = out.getvalue().splitlines(keepends=True)
    clean = list(simulate(Options(days=3, calls_per_day=120)))
    assert set(lines) == set(clean)
    assert len(lines) - len(clean) == counts.duplicates > 50


def test_all_late_and_all_twice_still_comes_to_an_end() -> None:
    out = BytesIO()
    counts = write(Options(days=1, calls_per_day=50, late=1, duplicates=1), out)
    assert counts.lines == 2 * counts.late == 2 * counts.duplicates


def test_other_terms_can_be_signed() -> None:
    signed = [c for c in commands(SMALL, {"xinhe": {"terms": 1}}) if c["command"] == "contract.sign"]
    assert {c["vendor"]: c["terms"] == {"terms": 1} for c in signed} == {"xinhe": True, "lanqiao": False}


def test_a_form_refuses_a_field_that_the_declaration_does_not_have() -> None:
    with pytest.raises(ValueError, match="no optional field"):
        Journal(SMALL).form("call.queued", "colour")


def test_names_that_need_escaping_come_out_right() -> None:
    options = Options(days=1, calls_per_day=20, tenant='租"户%d\\', vendors=('a"b%s',))
    event = DECODER.decode(next(line for line in simulate(options) if b'"vendor"' in line))
    assert (event.tenant, event.vendor) == (options.tenant, options.vendors[0])


def test_tables_of_lengths_have_the_mean_asked_for() -> None:
    table = lengths(200, 0.7, 1, 10_000)
    assert len(table) == SIZE
    assert 190_000 < sum(table) / SIZE < 205_000
    assert Counter(wheel(("a", 2), ("b", 1))) == {"a": 2, "b": 1}


def test_shares_of_lines_and_of_half_hours_add_up_to_one() -> None:
    assert sum(line.share for line in LINES) == pytest.approx(1)
    assert all(sum(half_hours(line.hours)) == pytest.approx(1) for line in LINES)
    assert {code for line in LINES for code in line.queues} == {q.code for q in QUEUES} - {"overflow"}
