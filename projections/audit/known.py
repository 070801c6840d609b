"""What the ledger knows of the things that commands are about: read from the events, so that no fact table has to be fresh."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from opsledger.domain.decisions.base import Command, ComplaintFacts, EvaluationFacts, KnownFacts


class Rows(Protocol):
    """Rows of an answer."""

    @property
    def result_rows(self) -> Sequence[Sequence[Any]]:
        """The rows."""
        ...


class Engine(Protocol):
    """What runs SQL with parameters bound by the server (a clickhouse-connect client)."""

    def query(self, query: str, parameters: dict[str, Any]) -> Rows:
        """Run a SELECT."""
        ...


def known_facts(engine: Engine, commands: Iterable[Command]) -> KnownFacts:
    """The facts that some commands (a thousand at most, say) will be checked against: one query a stream and tenant."""
    complaints: dict[tuple[str, str], ComplaintFacts] = {}
    evaluations: dict[tuple[str, str], EvaluationFacts] = {}
    for (tenant, stream), subjects in _subjects(commands).items():
        bound = {"tenant": tenant, "subjects": sorted(subjects)}
        if stream == "complaint":
            rows = engine.query(_sql("known_complaints"), bound).result_rows
            complaints |= {(tenant, str(row[0])): ComplaintFacts(*row[1:]) for row in rows}
        elif stream == "evaluation":
            rows = engine.query(_sql("known_evaluations"), bound).result_rows
            evaluations |= {(tenant, str(row[0])): EvaluationFacts(*row[1:]) for row in rows}
    return KnownFacts(complaints, evaluations)


def _subjects(commands: Iterable[Command]) -> dict[tuple[str, str], set[str]]:
    asked: dict[tuple[str, str], set[str]] = {}
    for command in commands:
        asked.setdefault((command.tenant, command.stream), set()).add(command.subject)
    return asked


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
