"""The rebuild of facts from the ledger into new tables, which then take the place of the old ones all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Any

from opsledger.projections.facts.comparison import Comparison, FactState, compare
from opsledger.projections.facts.queries import Positions, events, fact_select, within
from opsledger.projections.facts.schema import create_beside, drop
from opsledger.projections.facts.tables import FactTable, facts_of
from opsledger.projections.facts.turn import Turn

NEXT = "__next"
"""The suffix of the tables that a rebuild fills begins so."""
Progress = Callable[[float, float | None, str], None]
"""progress(done, total, note)"""

# a subject's events lie together, so a group is complete when the next one begins: memory stays flat
_SETTINGS = "optimize_aggregation_in_order = 1, max_partitions_per_insert_block = 0"


def fill(client: Any, fact: FactTable, until: Positions, target: str, ledger: str = "") -> None:
    """Insert a fact's rows, as of positions, into a (qualified) table."""
    ended = within(fact.stream, until)
    select = fact_select(fact, events(fact.stream, ended.text, ledger=ledger))
    client.command(f"INSERT INTO {target} SELECT *, 0 FROM ({select}) SETTINGS {_SETTINGS}", parameters=ended.parameters)


def suffix(turn: Turn) -> str:
    """What the names of the tables beside the facts end with in a writer's turn."""
    return f"{NEXT}_{turn.token}"


def build_beside(client: Any, streams: Sequence[str], until: Positions, progress: Progress, turn: Turn) -> None:
    """Make the facts of streams, as of positions, in new tables; readers see nothing of it."""
    facts = [fact for stream in streams for fact in facts_of(stream)]
    for stream in streams:
        create_beside(client, stream, suffix(turn), turn.database)
    for done, fact in enumerate(facts):
        progress(done, len(facts), fact.name)
        fill(client, fact, until, f"`{fact.name}{suffix(turn)}`")
    progress(len(facts), len(facts), "")


def exchange(client: Any, streams: Sequence[str], turn: Turn, *, lost: Set[str] = frozenset()) -> None:
    """Put the new tables in the old ones' place, all in one statement, and drop the old ones. Of ``lost`` ones there are none.

    Raises TurnLost before, or fails, where the turn was lost: who takes it drops the new tables after the passing database.
    """
    facts = [fact for stream in streams for fact in facts_of(stream)]
    turn.check()
    pairs = [f"`{fact.name}` AND `{fact.name}{suffix(turn)}`" for fact in facts if fact.name not in lost]
    if pairs:
        client.command("EXCHANGE TABLES " + ", ".join(pairs))
    for fact in (fact for fact in facts if fact.name in lost):
        client.command(f"RENAME TABLE `{fact.name}{suffix(turn)}` TO `{fact.name}`")
    drop_beside(client, streams)


def drop_beside(client: Any, streams: Sequence[str]) -> None:
    """Drop what rebuilds, whoever's, left beside the facts."""
    drop(client, [f"{fact.name}{NEXT}" for stream in streams for fact in facts_of(stream)])


def compared(client: Any, fact: FactTable, turn: Turn, state: FactState | None = None) -> Comparison:
    """Compare a fact table with the one made beside it; see ``comparison``."""
    return compare(client, fact, f"`{fact.name}`", f"`{fact.name}{suffix(turn)}`", state)
