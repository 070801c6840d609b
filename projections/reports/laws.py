"""The two laws that numbers of a report must obey (spec: laws); a breach is shown on the report's face."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from opsledger.projections.metrics.measure import Row, Sum
from opsledger.projections.metrics.model import Fold
from opsledger.projections.metrics.query import Cell


def additivity(cells: Sequence[Cell], rows: Sequence[Row], totals: Sequence[Sum]) -> list[str]:
    """Law 1: the rows of every additive sum add up to the total that was counted without them. Returns the breaches."""
    found = []
    for index, cell in enumerate(cells):
        if cell.amount.fold is not Fold.SUM or (cell.amount.currency and totals[index] is None):
            continue  # amounts in several currencies have no total
        added = sum((Decimal(row[1][index] or 0) for row in rows), Decimal(0))
        total = Decimal(totals[index] or 0)
        if added != total:
            found.append(f"{_name(cell)}: rows add up to {added:f}, the total is {total:f}")
    return found


def identity(sums: Sequence[Sum]) -> list[str]:
    """Law 2: entries = answered + every way of leaving + still waiting (in the order of ``catalogue.IDENTITY``)."""
    entries, parts = Decimal(sums[0] or 0), sum((Decimal(s or 0) for s in sums[1:]), Decimal(0))
    if entries == parts:
        return []
    return [f"{entries:f} queue entries, but answered + left + still waiting make {parts:f}"]


def _name(cell: Cell) -> str:
    amount = cell.amount
    value = "count" if amount.value == "1" else f"sum of {amount.value or 'time'}"
    return f"{amount.table}, {value}{f' where {amount.where}' if amount.where else ''}, by {cell.attribution}"
