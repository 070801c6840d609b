"""Which databases and tables each role may name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from opsledger.infra.engine.address import UNUSED
from opsledger.infra.gateway.judge.lists import listed
from opsledger.infra.gateway.roles import Role, User
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.ledger.tables import LEDGER

HOME = "default"
"""The ledger's database in a data directory."""
READING = "reading"
"""The database of the views that are made for readers."""
LOG = "gateway_log"
"""The database of the query log."""
SYSTEM = ("system", "information_schema", "INFORMATION_SCHEMA")
KEPT = frozenset({HOME, READING, LOG, UNUSED, *SYSTEM})
"""Databases that nobody drops, renames or makes."""
NOT_WRITTEN = KEPT - {HOME}
FACT_NAMES = frozenset(fact.name for fact in FACTS)
SHOWN = listed("""
    one numbers numbers_mt zeros zeros_mt tables columns settings functions data_type_families formats time_zones
    aggregate_function_combinators table_functions keywords
""")
"""Tables of ``system`` that a reader may ask: they say what the engine can do; of names only those that readers may ask. Not
``databases``, which says where the files are: SHOW DATABASES tells the names."""
_LOCAL_ONLY = frozenset({"zookeeper", "zookeeper_connection", "zookeeper_log", "s3queue", "azure_queue"})
"""Tables of ``system`` that nobody asks: they would reach out."""


class TablePlace(NamedTuple):
    """A table by its database and name."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


def may_read(user: User, place: TablePlace) -> bool:
    """Whether a user may read a table or view."""
    if place.database == UNUSED or (place.database in SYSTEM and place.table in _LOCAL_ONLY):
        return False
    if user.role is not Role.READER:
        return place.database != LOG or user.role is Role.AUDITOR
    if place.database == "system":
        return place.table in SHOWN
    return place.database == READING or (place.database == HOME and place.table in FACT_NAMES and not user.is_bound)


def is_kept(place: TablePlace, holds_ledger: Callable[[str], bool]) -> bool:
    """Whether a table is one that no role may drop, empty, rename, or take rows from: the ledger's own."""
    return place.database in NOT_WRITTEN or (place.table in LEDGER and holds_ledger(place.database))
