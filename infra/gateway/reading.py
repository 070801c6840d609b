"""The database of views for readers: one a fact table, with the rows that the one who asks may see.

The condition stands under a LIMIT that cuts nothing. The engine moves no filter and no expression of a question below a
LIMIT, so what a user writes never meets a row that is not theirs: no error tells a value of it.

Above the LIMIT the dictionaries of columns are made anew. A filter leaves them as they are, with the values of all rows of a
part, which some formats and functions show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from opsledger.infra.gateway.audience import condition
from opsledger.infra.gateway.engine import Handle, quoted
from opsledger.infra.gateway.judge.places import HOME, READING
from opsledger.projections.facts.tables import FACTS, PHYSICAL, FactTable

_NO_END = 2**63 - 1
_KEYED = re.compile(r"LowCardinality\(((?:[^()]|\([^()]*\))*)\)")
"""A type whose values are numbers of a dictionary's."""
_COLUMNS = (
    "SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String} AND default_kind = ''"
)
_COMMENTS = "SELECT name, comment FROM system.tables WHERE database = {database:String}"


def view_of(fact: FactTable, columns: Mapping[str, str]) -> str:
    """The SELECT of a fact's view, from the types of the table's columns: its facts, nothing of how a row is stored."""
    shown = {name: type_ for name, type_ in columns.items() if name not in PHYSICAL}
    whose = f"{condition('tenant')} AND {condition('vendor')}"
    theirs = (
        f"SELECT {', '.join(f'`{name}`' for name in shown)} FROM `{HOME}`.`{fact.name}` FINAL WHERE {whose} LIMIT {_NO_END}"
    )
    return f"SELECT {', '.join(_anew(name, type_) for name, type_ in shown.items())} FROM ({theirs})"


def _anew(name: str, type_: str) -> str:
    """A column of the same type and values, with a dictionary of these values alone."""
    plain = _KEYED.sub(r"\1", type_)
    if plain == type_:
        return f"`{name}`"
    if type_ == "LowCardinality(String)":
        # of the ways to say it the quick one: not all rows are written out, but the words that are in use
        return f"toString(`{name}`) AS `{name}`"
    return f"CAST(CAST(`{name}` AS {plain}) AS {type_}) AS `{name}`"


def make_views(handle: Handle) -> None:
    """Make the views of all facts, where they are not there as they should be."""
    handle.query(f"CREATE DATABASE IF NOT EXISTS `{READING}`".encode(), "Null", {})
    there = dict(_pairs(handle, _COMMENTS, database=READING))
    for fact in FACTS:
        columns = dict(_pairs(handle, _COLUMNS, database=HOME, table=fact.name))
        if not columns:
            continue
        select = view_of(fact, columns)
        made_of = sha256(select.encode()).hexdigest()
        if there.get(fact.name) != made_of:
            text = f"CREATE OR REPLACE VIEW `{READING}`.`{fact.name}` AS {select} COMMENT {quoted(made_of)}"
            handle.query(text.encode(), "Null", {})


def _pairs(handle: Handle, text: str, **parameters: str) -> Iterator[tuple[str, str]]:
    for line in str(handle.query(text.encode(), "TabSeparatedRaw", parameters)[0], "utf-8").splitlines():
        first, _, second = line.partition("\t")
        yield first, second
