"""``opsledger demo-kafka``: the demo's month by way of a three-broker Kafka, and the proof that its reports are the same."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.demo import MONTH, TENANT, ZONE, empty, step
from opsledger.infra.facts import view
from opsledger.infra.kafka.local.artifacts import libraries
from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.local.java import find_java
from opsledger.infra.store import open_store
from opsledger.projections.formats.json import to_plain
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report

BROKERS = 3
SERVERS = "OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS"
PERIODS = ((Grain.DAY, "2026-01-05"), (Grain.WEEK, "2026-W02"), (Grain.MONTH, MONTH))
Reports = dict[str, str]
"""Report and period → all that it says, as text, a line a value."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How the reports of two ledgers compare: how many there are, how many rows they have, and those that differ."""

    reports: int
    rows: int
    different: tuple[str, ...]


@click.command("demo-kafka")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(".demo-kafka"), show_default=True)
@click.option("--calls-per-day", type=click.IntRange(20, 20_000), default=1200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def demo_kafka(out: Path, calls_per_day: int, seed: int) -> int:
    """Simulate January 2026 and read it in twice: by way of the local log, and by way of Kafka and a sink.

    Every report for a day, a week and the month is run on both ledgers and compared, all but its footer.
    """
    empty(out)
    find_java(), libraries()  # before the local half is made: without them the demo cannot come to its end
    events, commands = out / "events.jsonl", out / "commands.jsonl"
    size = f"--days 31 --calls-per-day {calls_per_day} --seed {seed}"
    step(f"simulate {size} --out {events} --commands {commands} --quiet")
    local, sunk = out / "local", out / "from-kafka"
    with _log_at(""):
        _read_in(local, events, commands, lambda _: None)
        expected = reports_of(local)
    with _cluster(out / "kafka"):
        step("kafka init")
        _read_in(sunk, events, commands, lambda data: step(f"--data {data} sink --until-end --name demo --quiet"))
        step("kafka check")
    with _log_at(""):
        return _tell(compared(expected, reports_of(sunk)), local, sunk)


def _read_in(data: Path, events: Path, commands: Path, drain: Callable[[Path], None]) -> None:
    """The demo's events and decisions into a ledger; ``drain`` brings the log into it where that is a step of its own."""
    step(f"--data {data} init --tenant {TENANT} --zone {ZONE}")
    step(f"--data {data} ingest {events} --tenant {TENANT} --backfill --quiet")
    drain(data)
    step(f"--data {data} decide --file {commands} --tenant {TENANT} --backfill")
    drain(data)


@contextmanager
def _cluster(folder: Path) -> Iterator[None]:
    """A cluster that runs within, known to all commands by the environment; it is stopped whatever happens."""
    cluster, begun = Cluster(folder.absolute(), BROKERS), time.monotonic()
    click.secho(f"\n$ opsledger kafka up --brokers {BROKERS} --dir {folder}", bold=True)
    try:
        cluster.up()
        click.echo(f"{len(cluster.servers)} brokers answer at {cluster.bootstrap} after {time.monotonic() - begun:.0f} s")
        with _log_at(cluster.bootstrap):
            yield
    finally:
        cluster.down(delete=True)


@contextmanager
def _log_at(servers: str) -> Iterator[None]:
    """Within, the log is on Kafka at these servers; with '' it is local."""
    before = os.environ.get(SERVERS)
    os.environ[SERVERS] = servers
    try:
        yield
    finally:
        del os.environ[SERVERS]
        if before is not None:
            os.environ[SERVERS] = before


def reports_of(data: Path) -> Reports:
    """Every report of the periods on a ledger."""
    found: Reports = {}
    with open_store(data, clock=SystemClock()) as store, view(store, TENANT) as facts:
        for period in (parse_period(grain, name, ZONE) for grain, name in PERIODS):
            for code, report in REPORTS.items():
                if period.grain in report.grains:
                    found[f"{code} {period.name}"] = _said(run_report(facts, Request(code, period)))
    return found


def _said(result: Result) -> str:
    """All but what tells of the very ledger: the footer (where its log goes to, when its facts were made) and a statement's
    digest, which covers the places of its evidence in the log."""
    told = to_plain(result) | {"parameters": {name: value for name, value in result.parameters.items() if name != "digest"}}
    del told["footer"]
    return json.dumps(told, ensure_ascii=False, indent=1)


def compared(expected: Reports, found: Reports) -> Compared:
    """Two ledgers' reports, byte by byte."""
    different = tuple(name for name in expected | found if expected.get(name) != found.get(name))
    rows = sum(len(json.loads(text)["rows"]) for text in expected.values())
    return Compared(len(expected), rows, different)


def _tell(result: Compared, local: Path, sunk: Path) -> int:
    equal = result.reports - len(result.different)
    click.secho(f"\nreports of {local} and {sunk}: {equal} of {result.reports} are the same to the byte", bold=True)
    click.echo(
        f"  {result.rows:,} rows compared, with totals, sections, targets and names; footers and digests tell of their own log"
    )
    for name in result.different:
        click.echo(f"  different: {name}", err=True)
    return EXIT_INCOMPLETE if result.different else 0
