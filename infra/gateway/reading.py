"""The database of views for readers: one a fact table, with the rows that the one who asks may see.

The condition stands under a LIMIT that cuts nothing. The engine moves no filter and no expression of a question below a
LIMIT, so what a user writes never meets a row that is not theirs: no error tells a value of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from opsledger.infra.gateway.audience import condition
from opsledger.infra.gateway.engine import Handle, quoted
from opsledger.infra.gateway.judge.places import HOME, READING
from opsledger.projections.facts.tables import FACTS, PHYSICAL, FactTable

_NO_END = 2**63 - 1
_COLUMNS = "SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String} AND default_kind = ''"
_COMMENTS = "SELECT name, comment FROM system.tables WHERE database = {database:String}"


def view_of(fact: FactTable, columns: Sequence[str]) -> str:
    """The SELECT of a fact's view: its facts, nothing of how a row is stored."""
    shown = ", ".join(f"`{name}`" for name in columns if name not in PHYSICAL)
    whose = f"{condition('tenant')} AND {condition('vendor')}"
    return f"SELECT {shown} FROM `{HOME}`.`{fact.name}` FINAL WHERE {whose} LIMIT {_NO_END}"


def make_views(handle: Handle) -> None:
    """Make the views of all facts, where they are not there as they should be."""
    handle.query(f"CREATE DATABASE IF NOT EXISTS `{READING}`".encode(), "Null", {})
    there = {row[0]: row[1] for row in _pairs(handle, _COMMENTS, database=READING)}
    for fact in FACTS:
        columns = [name for (name,) in _pairs(handle, _COLUMNS, database=HOME, table=fact.name)]
        if not columns:
            continue
        select = view_of(fact, columns)
        made_of = sha256(select.encode()).hexdigest()
        if there.get(fact.name) != made_of:
            text = f"CREATE OR REPLACE VIEW `{READING}`.`{fact.name}` AS {select} COMMENT {quoted(made_of)}"
            handle.query(text.encode(), "Null", {})


def _pairs(handle: Handle, text: str, **parameters: str) -> list[tuple[str, ...]]:
    lines = str(handle.query(text.encode(), "TabSeparatedRaw", parameters)[0], "utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines]
