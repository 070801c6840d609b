"""The facts as they stand against the same made anew in a database that passes; nothing is put in place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opsledger.projections.facts import past
from opsledger.projections.facts.comparison import Comparison, FactState, compare
from opsledger.projections.facts.queries import Positions
from opsledger.projections.facts.rebuild import Progress
from opsledger.projections.facts.tables import FACTS


def verified(
    client: Any, reached: Positions, known: Mapping[str, FactState], now: datetime, progress: Progress
) -> tuple[Comparison, ...]:
    """Compare each fact table with what the ledger up to ``reached`` gives; ``known`` are tables that are not to be read."""
    found = []
    with past.database(client, reached, None, lambda _stream, _events: True, now) as anew:
        for done, fact in enumerate(FACTS):
            progress(done, len(FACTS), fact.name)
            anew.make([fact])
            before, after = (f"`{database}`.`{fact.name}`" for database in (anew.home, anew.name))
            found.append(compare(client, fact, before, after, known.get(fact.name)))
            client.command(f"DROP TABLE {after}")
    progress(len(FACTS), len(FACTS), "")
    return tuple(found)
