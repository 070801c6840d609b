"""The SQL files and what is put before them: the same text serves the live update, the rebuild and the view of the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from opsledger.projections.facts.tables import FACTS, FactTable

Positions = Mapping[tuple[str, int], int]
"""(stream, partition) → the offset after the last event that counts."""

NO_ID = "toUUID('00000000-0000-0000-0000-000000000000')"
_TOLD_APART = "reinterpretAsUUID(bitXor(reinterpretAsUInt128(event_id), toUInt128(sipHash64(source))))"
"""In the half of the id that ids are not sorted by: events of one moment keep their order."""
TIMELINES = "call_timelines"
"""The step that calls, legs and transfers share: a file like the facts', but not a fact table."""


@dataclass(frozen=True, slots=True)
class Query:
    """A piece of SQL with the parameters that the server is to bind."""

    text: str
    parameters: dict[str, int]


@cache
def file_text(name: str) -> str:
    """The text of ``<name>.sql`` in this folder."""
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def digest() -> str:
    """SHA-256 of all that fact tables are made by: another digest means that they are to be made anew."""
    total = sha256()
    for name in (TIMELINES, *(fact.name for fact in FACTS)):
        total.update(f"{name}\0{file_text(name)}\0".encode())
    for fact in FACTS:
        total.update("\0".join((fact.name, *fact.times, *fact.derived)).encode())
    return total.hexdigest()


def within(stream: str, positions: Positions) -> Query:
    """The condition that an event lies before the positions; nothing does in a partition that they do not name."""
    places = sorted((partition, end) for (name, partition), end in positions.items() if name == stream)
    parts: list[str] = []
    parameters: dict[str, int] = {}
    for number, (partition, end) in enumerate(places):
        parts.append(f"(partition = {{partition_{number}:UInt16}} AND offset < {{end_{number}:UInt64}})")
        parameters |= {f"partition_{number}": partition, f"end_{number}": end}
    return Query(f"({' OR '.join(parts) or 'false'})", parameters)


def events(stream: str, condition: str, chosen: str = "true", ledger: str = "") -> str:
    """The events that count among those of a ledger table that meet a condition: all that no other one of them corrects.

    Facts tell the events of one thing apart by ``event_id`` alone, so here it has the source in it. ``chosen`` narrows the
    events and not the corrections; ``ledger`` is the ledger's database where it is not the session's.
    """
    table = f"{ledger}.`{stream}`" if ledger else f"`{stream}`"
    corrected = f"SELECT tenant, corrects_source, corrects FROM {table} WHERE {condition} AND corrects != {NO_ID}"
    counted = f"{condition} AND {chosen} AND (tenant, source, event_id) NOT IN ({corrected})"
    return f"SELECT * REPLACE ({_TOLD_APART} AS event_id) FROM (SELECT * FROM {table} WHERE {counted})"


def fact_select(fact: FactTable, source: str, timelines: str | None = None) -> str:
    """The fact's rows from the events of a SELECT; ``timelines`` is a SELECT that stands in for ``call_timelines.sql``."""
    names = [f"{fact.stream}_events AS ({source})"]
    if fact.stream == "call":
        names.append(f"{TIMELINES} AS ({timelines or file_text(TIMELINES)})")
    return f"WITH {', '.join(names)} SELECT * FROM ({file_text(fact.name)})"


def timelines_select(source: str) -> str:
    """The shared step of the call facts from the events of a SELECT."""
    return f"WITH call_events AS ({source}) SELECT * FROM ({file_text(TIMELINES)})"
