"""The rows behind the sums of a question: which they are, what each adds, whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from opsledger.projections.metrics.folds import SUM, part_sql
from opsledger.projections.metrics.model import Fold
from opsledger.projections.metrics.query import Cell, Filters, Question, column_sql, moment_sql, rows_sql, slot_sql, spans_sql
from opsledger.projections.metrics.tables import TABLES


def evidence_sql(cell: Cell, filters: Filters, *others: Cell) -> str:
    """The predicate of the rows that make up a sum; with ``others`` (of the same branch), any of these sums."""
    return f"{rows_sql(cell, filters)}{_counted(cell, *others)}"


def _counted(*cells: Cell) -> str:
    wheres = [cell.amount.where for cell in cells]
    return f"\n  AND ({' OR '.join(f'({w})' for w in wheres) if len(wheres) > 1 else wheres[0]})" if all(wheres) else ""


def behind_sql(question: Question, columns: Sequence[str]) -> str:
    """The rows behind the sums of a question whose cells are all of one branch, in time: ``columns`` of each row (its key
    first), then what it adds to each sum. Where time is cut, those of interval ``{interval:UInt32}`` alone.

    Of a union, a row adds what no row before it has covered, in milliseconds and parts of them.
    """
    first = question.cells[0]
    counted = _counted(*question.cells)
    if not first.spread:
        counted = f"\n  AND {evidence_sql(first, question.filters, *question.cells[1:])}"
    if question.cut is not None:
        counted += f"\n  AND {{intervals:Array(UInt32)}}[1 + {slot_sql(first)}] = {{interval:UInt32}}"
    source = spans_sql(question, first) if first.spread else TABLES[first.amount.table].source
    rows = f"SELECT *{_uncovered(question)}\nFROM {source}\nWHERE true{counted}"
    shares = [_share(cell) for cell in question.cells]
    quoted = [f"`{name}`" for name in columns]
    if first.spread:  # a row stands there once a quarter hour
        shares = [f"sum({share})" for share in shares]
        quoted = [f"any({name})" for name in quoted]
    key = ", ".join(f"`{name}`" for name in TABLES[first.amount.table].key)
    moment = moment_sql(first)
    group = f"\nGROUP BY {key}\nORDER BY any({moment}), {key}" if first.spread else f"\nORDER BY {moment}, {key}"
    selected = ", ".join(f"{text} AS c{i}" for i, text in enumerate([*quoted, *shares]))
    return f"SELECT {selected}\nFROM ({rows}){group}\nLIMIT {{limit:UInt64}}"


def subjects_sql(question: Question, condition: str) -> str:
    """The subjects behind the sums of a question whose cells are all of one branch, with where each stands: the subject, the
    interval's number where time is cut, the dimensions. ``condition`` narrows them; the subject is the first of the key."""
    first = question.cells[0]
    table = first.amount.table
    counted = _counted(*question.cells)
    if not first.spread:
        counted = f"\n  AND {evidence_sql(first, question.filters, *question.cells[1:])}"
    source = spans_sql(question, first) if first.spread else TABLES[table].source
    selected = [f"toString(`{TABLES[table].key[0]}`) AS x_subject"]
    if question.cut is not None:
        selected.append(f"{{intervals:Array(UInt32)}}[1 + {slot_sql(first)}] AS interval")
    selected += [f"{column_sql(table, d)} AS d{i}" for i, d in enumerate(question.dimensions)]
    return f"SELECT DISTINCT {', '.join(selected)}\nFROM {source}\nWHERE {condition}{counted}"


def _share(cell: Cell) -> str:
    amount = cell.amount
    covered = "x_new / 1000" if amount.fold is Fold.UNION else part_sql(amount)
    value = covered if cell.spread else amount.value
    share = f"CAST({value}, '{SUM}')"
    return f"if({amount.where}, {share}, 0)" if amount.where else share


def _uncovered(question: Question) -> str:
    """For a union: the microseconds of a row that no row before it covers."""
    if all(cell.amount.fold is not Fold.UNION for cell in question.cells):
        return ""
    each = "" if question.cut is None else "PARTITION BY x_slot "
    before = f"max(x_b) OVER ({each}ORDER BY x_a, x_b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    return (
        ", greatest(x_from, x_lo) AS x_a, least(x_to, x_hi) AS x_b,\n"
        f"    greatest(toInt64(x_b) - greatest(toInt64(x_a), toInt64({before})), 0) AS x_new"
    )
