"""A report of the past as known at T is, to the byte, the one that was printed at T, whatever came in since."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.infra.decisions import decide, read_commands
from opsledger.infra.facts import fact_tables, view
from opsledger.infra.ingesting import Ask, run_imports
from opsledger.infra.store import Store, open_store
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Simulation, write
from opsledger.projections.facts import engine as fact_engine
from opsledger.projections.formats.csv import to_csv
from opsledger.projections.formats.json import to_json
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Report, Request
from opsledger.projections.reports.run import run_report

ZONE = "Asia/Shanghai"
OPTIONS = Options(start=date(2026, 1, 1), days=9, calls_per_day=120, seed=5, zone=ZONE)
T1 = datetime(2026, 1, 7, 9, tzinfo=UTC)
"""In the middle of the period: calls are open, tickets not due yet, agents signed in."""
T2 = datetime(2026, 2, 3, 9, tzinfo=UTC)
Printed = dict[tuple[str, str], tuple[str, str]]


@dataclass
class Centre:
    store: Store
    clock: FixedClock
    printed: Printed


def _periods() -> dict[Grain, Period]:
    return {grain: make_period(grain, date(2026, 1, 7), ZONE) for grain in (Grain.DAY, Grain.WEEK, Grain.MONTH)}


def _spans(report: Report) -> tuple[Grain, ...]:
    """The shortest and the longest of its periods; a week is found as both are."""
    return tuple(dict.fromkeys((report.grains[0], report.grains[-1])))


def _print(store: Store, at: datetime | None, spans: Callable[[Report], Sequence[Grain]] = _spans) -> Printed:
    """Every report as CSV and JSON, without the line that says for which moment it was asked."""
    found: Printed = {}
    with view(store, OPTIONS.tenant, at) as facts:
        for code, report in REPORTS.items():
            for grain in spans(report):
                result = run_report(facts, Request(code, _periods()[grain]))
                found[code, grain] = _plain(to_csv(result), to_json(result))
    return found


def _plain(csv: str, text: str) -> tuple[str, str]:
    lines = [line for line in csv.splitlines() if not line.strip('"').startswith("# As known at")]
    made = json.loads(text)
    made["footer"].pop("as_known_at")
    return "\n".join(lines), json.dumps(made, ensure_ascii=False)


def _ingest(store: Store, file: Path, lines: list[bytes]) -> None:
    file.write_bytes(b"\n".join(lines) + b"\n")
    for _, result in run_imports(store, [str(file)], Ask("jsonl", tenant=OPTIONS.tenant)):
        assert result.tally.accepted


def _decide(store: Store, commands: list[bytes]) -> None:
    """Carry out commands; those about what came late, or never, are refused."""
    assert decide(store, read_commands(commands, "commands", OPTIONS.tenant, store.clock)).events


def _corrected(line: bytes, number: int) -> bytes:
    """The same event told otherwise: its agent, queue or category is another one."""
    event = json.loads(line)
    event["corrects"], event["id"] = event["id"], f"00000000-0000-5000-8000-{number:012d}"
    event["data"] |= {name: "corrected" for name in ("agent", "queue", "category", "department") if name in event["data"]}
    return json.dumps(event).encode()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """What was printed at T1; then late events, corrections, dead letters, other names and targets, and other SQL."""
    folder = tmp_path_factory.mktemp("then")
    simulation = Simulation(OPTIONS)
    with (folder / "all.jsonl").open("wb") as out:
        write(OPTIONS, out, None, simulation)
    commands = [json.dumps(c, default=str).encode() for c in simulation.commands()]
    decided = [c for i, c in enumerate(commands) if b"contract.sign" in c or (json.loads(c)["at"] < T1.isoformat() and i % 3)]
    lines = (folder / "all.jsonl").read_bytes().splitlines()
    known = [line for line in lines if json.loads(line)["time"] < T1.isoformat()]
    chance = random.Random(1)
    held = {i for i in range(len(known)) if chance.random() < 0.1}
    clock = FixedClock(T1 - timedelta(minutes=1))
    with open_store(folder / "data", clock=clock) as store:
        _ingest(store, folder / "first.jsonl", [line for i, line in enumerate(known) if i not in held] + [b"not an event"])
        _decide(store, decided)
        clock.at = T1
        printed = _print(store, None)
        clock.at = T2
        late = [known[i] for i in sorted(held)] + [line for line in lines if line not in set(known)]
        wrong = [_corrected(line, i) for i, line in enumerate(known) if i not in held and chance.random() < 0.02]
        _ingest(store, folder / "second.jsonl", [*late, *wrong, *_master(), b"neither is this"])
        _decide(store, [c for c in commands if c not in decided])
        with patch.object(fact_engine, "digest", lambda: "another version of the SQL"):
            assert fact_tables(store).update().rebuilt
        yield Centre(store, clock, printed)


def _master() -> list[bytes]:
    """Targets and names that hold for the period too, but were told later."""
    base = {"specversion": "1.0", "source": "test:desk", "tenant": OPTIONS.tenant, "time": "2026-01-02T00:00:00Z"}
    tenant = {"zone": "America/New_York", "effective_from": "2026-01-02T00:00:00Z", "targets": {"answer_rate": "0.01"}}
    events = [
        {**base, "type": "tenant.configured", "subject": OPTIONS.tenant, "data": tenant},
        {**base, "type": "staff.joined", "subject": "a001", "data": {"name": "Somebody Else", "team": "other"}},
    ]
    return [json.dumps({**event, "id": f"00000000-0000-5000-9000-{i:012d}"}).encode() for i, event in enumerate(events)]


@pytest.mark.parametrize("code", list(REPORTS))
def test_a_report_as_known_then_is_to_the_byte_what_was_printed_then(centre: Centre, code: str) -> None:
    again = _again(centre)
    for grain in _spans(REPORTS[code]):
        for one, other in zip(again[code, grain], centre.printed[code, grain], strict=True):
            assert one == other, grain


_KEPT: dict[int, Printed] = {}


def _again(centre: Centre) -> Printed:
    """All reports as known at T1, run once."""
    if id(centre) not in _KEPT:
        _KEPT[id(centre)] = _print(centre.store, T1)
    return _KEPT[id(centre)]


def test_what_came_since_changes_most_reports(centre: Centre) -> None:
    """The negative control: without the moment, the numbers are others."""
    now = _print(centre.store, None, lambda report: report.grains[-1:])
    changed = {code for (code, _), texts in now.items() if texts[0] != centre.printed[code, _][0]}
    assert len(changed) > len(REPORTS) * 0.8


def test_the_dead_letters_of_then_are_counted(centre: Centre) -> None:
    assert centre.store.dead_letters.count(DeadLetterFilter(tenant=OPTIONS.tenant)) == 2
    with view(centre.store, OPTIONS.tenant, T1) as facts:
        assert facts.dead_letters == 1
