"""What leads from a figure of a page to the rows behind it: the parts of the references of its cells, stored once each."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from opsledger.projections.reports.cells import ref_of
from opsledger.projections.reports.model import Result

_OF_ROWS, _OF_ROWS_BY_METRIC = ("d", "i"), ("m",)
_OF_COLUMNS, _OF_COLUMNS_BY_METRIC = ("m", "x"), ("x",)
TOTALS = -1


@dataclass(frozen=True, slots=True)
class Links:
    """The parts of a page's references: those of every cell, of a row (−1: the totals), of a column; a cell's reference is
    made of the three, in ``order``, by the page's script."""

    base: Mapping[str, Any]
    rows: Mapping[int, Mapping[str, Any]]
    columns: Mapping[int, Mapping[str, Any]]
    order: tuple[str, ...]
    lang: str

    def as_json(self) -> str:
        """For the page: no character that could end the element that it stands in."""
        last = max((row for row in self.rows if row >= 0), default=-1)
        rows = [self.rows.get(row) for row in range(last + 1)]
        found = {
            "base": self.base,
            "rows": rows,
            "totals": self.rows.get(TOTALS),
            "columns": {str(c): part for c, part in self.columns.items()},
            "order": self.order,
            "lang": self.lang,
        }
        return json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")


def links_of(result: Result) -> Links | None:
    """The parts of the references of a result's figures; None where none leads anywhere."""
    if result.request is None:
        return None
    by_metric = any(c.name == "metric" for c in result.columns)
    of_rows = _OF_ROWS_BY_METRIC if by_metric else _OF_ROWS
    of_columns = _OF_COLUMNS_BY_METRIC if by_metric else _OF_COLUMNS
    columns = _columns(result)
    if not columns:
        return None
    rows = {}
    for number in [*range(len(result.rows)), *([TOTALS] if result.totals is not None else [])]:
        found = next((ref for c in columns if (ref := ref_of(result, number, result.columns[c].name))), None)
        if found is not None:
            rows[number] = _only(_content(found), of_rows)
    base = {k: v for k, v in next(iter(columns.values())).items() if k not in (*of_rows, *of_columns)}
    places = {index: _only(content, of_columns) for index, content in columns.items()}
    return Links(base, rows, places, _ALL, result.lang)


_ALL = ("r", "t", "p", "z", "m", "o", "a", "s", "f", "e", "c", "w", "k", "d", "i", "x")
"""The keys of a reference in their order."""


def _columns(result: Result) -> dict[int, dict[str, Any]]:
    """Column → the content of the first reference in it."""
    found = {}
    for index, column in enumerate(result.columns):
        for number in [*([TOTALS] if result.totals is not None else []), *range(len(result.rows))]:
            if (ref := ref_of(result, number, column.name)) is not None:
                found[index] = _content(ref)
                break
            if number > _FEW:
                break
    return found


_FEW = 200
"""A column without a figure in so many rows gets no links."""


def _only(content: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {k: content[k] for k in keys if k in content}


def _content(ref: str) -> dict[str, Any]:
    body = ref.partition(".")[0]
    found = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "surrogatepass"))
    return dict(found)


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
