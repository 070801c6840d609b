"""What leads from a figure of a page to the rows behind it: the parts of the references of its cells, stored once each."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from opsledger.projections.reports.cells import ORDER, content_of
from opsledger.projections.reports.model import Result
from opsledger.projections.reports.targets import TOTALS, Table, Target, tables_of, target_of

_OF_ROWS, _OF_COLUMNS = ("d", "i", "g"), ("m", "x", "j")
_OF_ROWS_BY_METRIC, _OF_COLUMNS_BY_METRIC = ("m",), ("x",)
Parts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Links:
    """The parts of the references of one table's cells: those of every cell, of a row (−1: the totals), of a column, and of
    single cells where row and column do not say it. A cell's reference is made of them by the page's script."""

    base: Parts
    rows: Mapping[int, Parts]
    columns: Mapping[int, Parts]
    cells: Mapping[tuple[int, int], Parts]

    def leads(self, row: int, column: int) -> bool:
        """Whether a cell that holds something leads anywhere."""
        return row in self.rows and (column in self.columns or (row, column) in self.cells)

    def plain(self) -> Mapping[str, object]:
        """As the page's script reads it."""
        last = max((row for row in self.rows if row >= 0), default=-1)
        return {
            "base": self.base,
            "rows": [self.rows.get(row) for row in range(last + 1)],
            "totals": self.rows.get(TOTALS),
            "columns": {str(c): part for c, part in self.columns.items()},
            "cells": {f"{row}.{c}": part for (row, c), part in self.cells.items()},
        }


def links_of(result: Result) -> dict[int, Links]:
    """Number of a table (0: the first, then the sections) → the parts of its references; tables that lead nowhere left out."""
    if result.request is None:
        return {}
    found = {number: _links(result, table) for number, table in enumerate(tables_of(result))}
    return {number: links for number, links in found.items() if links is not None}


def as_json(links: Mapping[int, Links], lang: str) -> str:
    """For the page: no character that could end the element that it stands in."""
    found = {"tables": {str(n): each.plain() for n, each in links.items()}, "order": ORDER, "lang": lang}
    return json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")


def _links(result: Result, table: Table) -> Links | None:
    by_metric = table.number is None and any(c.name == "metric" for c in table.columns)
    of_rows = _OF_ROWS_BY_METRIC if by_metric else _OF_ROWS
    of_columns = _OF_COLUMNS_BY_METRIC if by_metric else _OF_COLUMNS
    numbers = [*range(len(table.rows)), *([TOTALS] if table.totals is not None else [])]
    some = [*([TOTALS] if table.totals is not None else []), *range(min(_FEW, len(table.rows)))]
    firsts = {i: t for i in range(len(table.columns)) if (t := _first(result, table, some, i)) is not None}
    if not firsts:
        return None
    base = content_of(result, next(iter(firsts.values()))) or {}
    columns = {index: _only(content_of(result, target) or {}, of_columns) for index, target in firsts.items()}
    rows, cells = {}, {}
    for number in numbers:
        for index in firsts:
            if (target := target_of(result, table, number, index)) is None:
                continue
            if number not in rows:
                rows[number] = _part(target, of_rows)
                first = target
            elif target.place != first.place:
                cells[number, index] = _part(target, of_rows)
            else:
                break
    return Links({k: v for k, v in base.items() if k not in (*of_rows, *of_columns)}, rows, columns, cells)


def _first(result: Result, table: Table, rows: Sequence[int], index: int) -> Target | None:
    """The first target in a column."""
    return next((t for row in rows if (t := target_of(result, table, row, index)) is not None), None)


def _part(target: Target, keys: tuple[str, ...]) -> Parts:
    """What a row says of its cells' references, without what is not said in one."""
    all_ = {"m": target.metric, "d": dict(target.keys), "i": target.interval, "g": list(map(str, target.place))}
    return {k: all_[k] for k in keys if all_[k]}


_FEW = 200
"""A column without a figure in so many rows gets no links."""


def _only(content: Parts, keys: tuple[str, ...]) -> dict[str, Any]:
    return {k: content[k] for k in keys if k in content}


@cache
def script() -> str:
    """The page's own script: it makes a cell's reference and leads to it, or shows the command that does."""
    return (Path(__file__).parent / "page.js").read_text("utf-8")


@cache
def script_policy() -> str:
    """The part of a page's policy that lets this one script run and no other."""
    return f"'sha256-{_base64(sha256(script().encode()).digest())}'"


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().replace("-", "+").replace("_", "/")
