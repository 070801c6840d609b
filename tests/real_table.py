"""A real table in a data directory of its own, imported once by the command line; its reports, figures and facts."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opsledger.domain.calendar import Grain, Period, make_span, parse_period
from opsledger.infra.cli import common
from opsledger.infra.facts import view
from opsledger.infra.store import Store
from opsledger.projections.metrics.measure import Facts, Measured, measure
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report
from tests.e2e.conftest import Cli, Said
from tests.kafka_cluster import alone, run_folder
from tests.tables import EXAMPLES

_COUNTS = re.compile(r"read ([\d,]+) = accepted ([\d,]+) \+ duplicate ([\d,]+) \+ dead ([\d,]+)")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import said that it read; ``said`` is all that it said."""

    read: int
    accepted: int
    duplicate: int
    dead: int
    said: Said

    @property
    def kept(self) -> tuple[int, int, int, int]:
        return self.read, self.accepted, self.duplicate, self.dead


def counted(said: Said) -> list[Counts]:
    """The counts of each file that an import read."""
    found = [[int(text.replace(",", "")) for text in each.groups()] for each in _COUNTS.finditer(said.out)]
    assert found, said.out + said.err
    assert all(read == accepted + duplicate + dead for read, accepted, duplicate, dead in found)
    return [Counts(read, accepted, duplicate, dead, said) for read, accepted, duplicate, dead in found]


class RealTable:
    """One data directory. Only one is open at a time in a process: another one's question closes the one before.

    Its commands and questions share the open ledger.
    """

    _open: ClassVar[RealTable | None] = None

    def __init__(self, folder: Path, tenant: str, zone: str) -> None:
        self.cli, self.tenant, self.zone = Cli(folder), tenant, zone
        self._ledger, self._view = ExitStack(), ExitStack()
        self._facts: Facts | None = None
        self._told: dict[Any, Any] = {}
        self.store: Store | None = None
        self.counts = Counts(0, 0, 0, 0, Said("", "", 0))

    def ingest(self, path: Path, mapping: str | Path) -> Counts:
        """Read a table by a mapping of examples/ (or a file) as a user does."""
        return self.ingest_all([path], mapping)[0]

    def ingest_all(self, paths: Iterable[Path], mapping: str | Path) -> list[Counts]:
        """Read tables with one command."""
        self._told.clear()
        self._alone()
        if not self.cli.data.exists():
            self.cli.ok("init", "--tenant", self.tenant, "--zone", self.zone)
        mapping = mapping if isinstance(mapping, Path) else EXAMPLES / mapping
        said = self.cli("ingest", *paths, "--format", "table", "--mapping", mapping, "--tenant", self.tenant, "--quiet")
        found = counted(said)
        self.counts = found[-1]
        return found

    def run(self, *arguments: str) -> Said:
        """Another command on this directory."""
        self._alone()
        return self.cli(*arguments)

    def copy(self, folder: Path) -> RealTable:
        """The same data in another directory, for what would spoil this one."""
        self.close()
        shutil.copytree(self.cli.data, folder, symlinks=True)
        return RealTable(folder, self.tenant, self.zone)

    def month(self, text: str) -> Period:
        return parse_period(Grain.MONTH, text, self.zone)

    def span(self, first: str, last: str) -> Period:
        days = [parse_period(Grain.DAY, text, self.zone).first for text in (first, last)]
        return make_span(days[0], days[1], self.zone)

    def printed(self, code: str, *asked: str) -> Row:
        """A report as the command line prints it for programs."""
        said = self.run("report", "run", code, *asked, "--format", "json")
        assert said.code == 0, said.err
        found: Row = json.loads(said.out)
        assert found["footer"]["laws_hold"]
        return found

    def report(self, code: str, period: Period, **asked: Any) -> Result:
        """A report, run once; its laws hold."""
        result: Result = self._once(
            ("report", code, period, str(asked)), lambda: run_report(self.facts, Request(code, period, **asked))
        )
        assert result.ok, result.footer.warnings
        return result

    def rows(self, code: str, period: Period, **asked: Any) -> list[Row]:
        """A report's rows by column name."""
        result = self.report(code, period, **asked)
        names = [c.name for c in result.columns]
        found: list[Row] = self._once(
            ("rows", code, period, str(asked)), lambda: [dict(zip(names, row, strict=True)) for row in result.rows]
        )
        return found

    def totals(self, code: str, period: Period, **asked: Any) -> Row:
        """A report's totals by column name."""
        result = self.report(code, period, **asked)
        assert result.totals is not None
        return dict(zip([c.name for c in result.columns], result.totals, strict=True))

    def indicators(
        self, periods: Iterable[Period], code: str = "service_indicators", **asked: Any
    ) -> dict[str, tuple[int, int]]:
        """Metric → (numerator, denominator) of a report with a row per metric, added up over periods; a count's 2nd is 1."""
        found: dict[str, list[int]] = {}
        for period in periods:
            for row in self.rows(code, period, **asked):
                sums = found.setdefault(row["metric"], [0, 0])
                count = row["numerator"] is None
                sums[0] += int((row["value"] if count else row["numerator"]) or 0)
                sums[1] = 1 if count else sums[1] + int(row["denominator"])
        return {metric: (a, b) for metric, (a, b) in found.items()}

    def measured(self, code: str, period: Period, by: str | None = None, **asked: Any) -> dict[str, Measured]:
        """A metric of the registry, for what no report shows in this cut."""
        found: dict[str, Measured] = self._once(
            ("measure", code, period, by, str(asked)), lambda: measure(self.facts, code, period, by=by, **asked)
        )
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the facts or the ledger."""
        answer = self._once(("query", sql), lambda: self.facts.engine.query(sql, parameters={}).result_rows)
        return [tuple(row) for row in answer]

    @property
    def facts(self) -> Facts:
        if self._facts is None:
            self._alone()
            self.store = self._view.enter_context(common.open_store(self.cli.data))
            self._facts = self._view.enter_context(view(self.store, self.tenant))
        return self._facts

    def close(self) -> None:
        self._look_away()
        self._ledger.close()
        if RealTable._open is self:
            RealTable._open = None

    def _look_away(self) -> None:
        self._view.close()
        self._facts = self.store = None

    def _alone(self) -> None:
        """Ready for a command: nothing is looked at, and no other ledger is open."""
        self._look_away()
        if RealTable._open is not self:
            if RealTable._open:
                RealTable._open.close()
            self._ledger.enter_context(self.cli.held())
            RealTable._open = self

    def _once(self, key: Any, ask: Any) -> Any:
        if key not in self._told:
            self._told[key] = ask()
        return self._told[key]


def imported(factory: pytest.TempPathFactory, name: str, zone: str, path: Path, mapping: str) -> RealTable:
    """A table of a module's own, its name the tenant's: imported once a run, by the first who asks, and copied."""
    run, folder = run_folder(factory), factory.mktemp(name)
    with alone(run / f"table-{name}.lock"):
        if not (made := run / f"table-{name}").exists():
            table = RealTable(folder / "made" / "data", name, zone)
            counts = table.ingest(path, mapping)
            table.close()
            (folder / "made" / "counts").write_bytes(pickle.dumps(counts))
            (folder / "made").rename(made)
    shutil.copytree(made / "data", folder / "data", symlinks=True)
    table = RealTable(folder / "data", name, zone)
    table.counts = pickle.loads((made / "counts").read_bytes())
    return table


def keys_of(values: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The keys of a reference: of a table of figures each of its columns is one, ``per_agent.calls``."""
    found: set[str] = set()
    for name, entry in values.items():
        inner = entry["value"]
        nested = isinstance(inner, dict) and inner and all(isinstance(each, dict) for each in inner.values())
        found |= {f"{name}.{column}" for each in inner.values() for column in each} if nested else {name}
    return found


def value_of(values: Mapping[str, Mapping[str, Any]], key: str) -> Any:
    """What a key of ``keys_of`` stands for: a column as a map from the table's rows."""
    name, _, column = key.partition(".")
    value = values[name]["value"]
    return {row: each[column] for row, each in value.items()} if column else value


def ratio(numerator: int | Decimal, denominator: int | Decimal, places: int = 6) -> float:
    """A ratio, rounded as the references round theirs."""
    return round(float(Decimal(numerator) / Decimal(denominator)), places)


seconds = partial(ratio, denominator=1000)
