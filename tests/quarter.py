"""A simulated quarter in a data directory, imported and decided once: the reports of the suite are held against it."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import view
from opsledger.infra.store import open_store
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Simulation, write
from opsledger.ingest.simulator.truth import Truth
from opsledger.projections.metrics.measure import Facts, teams_of
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report
from tests.e2e.conftest import Cli
from tests.kafka_cluster import alone, run_folder
from tests.naive_core import Row
from tests.naive_suite import campaign_calls
from tests.naive_views import lost_entries

OPTIONS = Options(start=date(2026, 1, 1), days=90, calls_per_day=60, seed=3)
ZONE = OPTIONS.zone
MONTH = make_period(Grain.MONTH, date(2026, 2, 1), ZONE)


@dataclass
class Quarter:
    """The facts of the quarter and the simulator's own count."""

    facts: Facts
    truth: Truth

    def run(self, code: str, period: Period = MONTH, **asked: Any) -> Result:
        """A report of the quarter; its laws hold."""
        result = run_report(self.facts, Request(code, period, **asked))
        assert result.ok, result.footer.warnings
        return result

    def rows(self, table: str) -> list[Row]:
        """All rows of a fact table, or of what the reports make of one."""
        if table == "campaign_calls":
            return campaign_calls(self.rows("calls"))
        if table == "lost_entries" and table not in self._tables:
            self._tables[table] = list(lost_entries({name: self.rows(name) for name in ("legs", "calls", "callbacks")}))
        if table not in self._tables:
            found: Any = self.facts.engine.query(f"SELECT * FROM {table} FINAL WHERE tenant = '{self.facts.tenant}'", {})
            self._tables[table] = [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]
        return self._tables[table]

    @cached_property
    def _tables(self) -> dict[str, list[Row]]:
        return {}

    @cached_property
    def teams(self) -> dict[str, str]:
        """Agent → team at the end of February."""
        return teams_of(self.facts, MONTH)


@contextmanager
def quarter(factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    """The simulated quarter, imported and decided, in a folder of this module's own: made once a run and copied."""
    run, folder = run_folder(factory), factory.mktemp("quarter")
    with alone(run / "quarter.lock"):
        if not (run / "quarter").exists():
            _make(folder / "made")
            (folder / "made").rename(run / "quarter")
    shutil.copytree(run / "quarter" / "data", folder / "data", symlinks=True)
    truth: Truth = pickle.loads((run / "quarter" / "truth").read_bytes())
    with (
        open_store(folder / "data", clock=FixedClock(datetime(2026, 12, 31, tzinfo=UTC))) as store,
        view(store, OPTIONS.tenant) as facts,
    ):
        yield Quarter(facts, truth)


def _make(folder: Path) -> None:
    """Simulate, import and decide a quarter in a folder."""
    folder.mkdir()
    simulation, events, commands = Simulation(OPTIONS), folder / "events.jsonl", folder / "commands.jsonl"
    with events.open("wb") as out:
        write(OPTIONS, out, simulation=simulation)
    commands.write_text("".join(json.dumps(command) + "\n" for command in simulation.commands()), encoding="utf-8")
    cli = Cli(folder / "data")
    cli.ok("init", "--tenant", OPTIONS.tenant, "--zone", ZONE)
    cli.ok("ingest", events, "--tenant", OPTIONS.tenant, "--quiet")
    cli.ok("decide", "--file", commands)
    (folder / "truth").write_bytes(pickle.dumps(simulation.truth))
