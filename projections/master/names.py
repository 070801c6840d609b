"""What ids are called: agents by name and staff number, queues by name, as in force at the end of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

_SQL = (Path(__file__).parent / "names.sql").read_text("utf-8")
KINDS: Mapping[str, str] = {
    "agent": "agent",
    "from_agent": "agent",
    "to_agent": "agent",
    "evaluator": "agent",
    "assignee": "agent",
    "party_id": "agent",
    "queue": "queue",
    "from_queue": "queue",
    "to_queue": "queue",
}
"""Column or dimension → the kind of id that stands in it."""


class Engine(Protocol):
    """What runs SQL with parameters bound by the server."""

    def query(self, query: str, parameters: dict[str, Any]) -> Any:
        """Run a SELECT."""
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """Kind (``agent``, ``queue``) → id → what it is called: ``Li Na (1007)``, ``Repairs``."""

    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, column: str, id_: str) -> str:
        """What the id in a column is called; the id itself where nothing is known."""
        if column == "to":  # where a transfer went: an agent, a queue, or a number outside
            return self.known.get("agent", {}).get(id_) or self.known.get("queue", {}).get(id_) or id_
        return self.known.get(KINDS.get(column, ""), {}).get(id_) or id_


NO_NAMES = Names()


def names_of(engine: Engine, tenant: str, stop: datetime) -> Names:
    """The names in force before ``stop`` (UTC). Reads the ledger: ``staff.joined``, ``queue.described``.

    Where several ids of a kind have one name, the id stands behind it, so that no two read the same.
    """
    bound = {"tenant": tenant, "stop": stop.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")}
    rows = [(str(kind), str(id_), _text(name, number)) for kind, id_, name, number in engine.query(_SQL, bound).result_rows]
    often: dict[tuple[str, str], int] = {}
    for kind, _, text in rows:
        often[kind, text] = often.get((kind, text), 0) + 1
    known: dict[str, dict[str, str]] = {}
    for kind, id_, text in rows:
        if text:
            known.setdefault(kind, {})[id_] = text if often[kind, text] == 1 else f"{text} [{id_}]"
    return Names(known)


def _text(name: object, number: object) -> str:
    return f"{name} ({number})" if name and number else str(name or number or "")
