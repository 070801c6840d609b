"""Follows every cell of a result that leads somewhere, for tests that hold what is found there against the cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.cells import parse_ref, ref_of
from opsledger.projections.reports.model import Request, Result, Value
from opsledger.projections.reports.run import run_report
from opsledger.projections.reports.targets import Lead, Table, tables_of

COUNTED = {Lead.CHECK: ("count", "open", "settled", "future"), Lead.PROOF: ("evidence",), Lead.LINE: ("evidence",)}


def follow(facts: Facts, ref: str, **more: Any) -> Result:
    return run_report(facts, Request("call_detail", parse_ref(ref).request.period, cell=ref, **more))


def cells_of(result: Result) -> Iterator[tuple[Table, int, int, str]]:
    """Every cell that leads somewhere: table, number of the row, place of the column, reference."""
    for table in tables_of(result):
        for row in [*range(len(table.rows)), *([-1] if table.totals is not None else [])]:
            for index, column in enumerate(table.columns):
                ref = ref_of(result, row, column.name, table.number)
                if ref is not None:
                    yield table, row, index, ref


def counted(table: Table, row: int, index: int, ref: str) -> Value:
    """How many rows are to stand behind a cell; None where it counts none."""
    place = parse_ref(ref).place
    if not place or table.columns[index].name not in COUNTED.get(place[0], ()) or (place[0] == Lead.LINE and not place[-1]):  # type: ignore[call-overload]  # a lead is a text
        return None
    return table.rows[row][index]


def shown(listed: Result) -> int:
    """The rows listed; of imports, the records that they add up to."""
    if listed.totals is not None and listed.columns[-1].name == "duplicate":
        return int(str(listed.totals[-1]))
    return len(listed.rows)
