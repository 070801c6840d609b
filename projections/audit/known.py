"""What the ledger knows of the things that commands are about: read from the events, so that no fact table has to be fresh."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol
from uuid import UUID

from opsledger.domain.catalogue import STREAMS
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
    batch = tuple(commands)
    complaints: dict[tuple[str, str], ComplaintFacts] = {}
    evaluations: dict[tuple[str, str], EvaluationFacts] = {}
    for (tenant, stream), subjects in _subjects(batch).items():
        bound = {"tenant": tenant, "subjects": sorted(subjects)}
        if stream == "complaint":
            rows = engine.query(_sql("known_complaints"), bound).result_rows
            complaints |= {(tenant, str(row[0])): ComplaintFacts(*row[1:]) for row in rows}
        elif stream == "evaluation":
            rows = engine.query(_sql("known_evaluations"), bound).result_rows
            evaluations |= {(tenant, str(row[0])): EvaluationFacts(*row[1:]) for row in rows}
    return KnownFacts(complaints, evaluations, _things(engine, batch), _stored(engine, batch))


def _things(engine: Engine, commands: Sequence[Command]) -> dict[tuple[str, str], tuple[tuple[str, UUID], ...]]:
    """The events of what the commands are about, where they say so (``about``)."""
    asked: dict[tuple[str, str], set[str]] = {}
    for command in commands:
        stream, _, subject = str(getattr(command.body, "about", None) or "").partition("/")
        if stream in STREAMS and subject:
            asked.setdefault((command.tenant, stream), set()).add(subject)
    found: dict[tuple[str, str], tuple[tuple[str, UUID], ...]] = {}
    for (tenant, stream), subjects in asked.items():
        bound = {"tenant": tenant, "stream": stream, "subjects": sorted(subjects)}
        rows = engine.query(_sql("events_of_things"), bound).result_rows
        found |= {(tenant, f"{stream}/{subject}"): tuple((str(of), id_) for of, id_ in events) for subject, events in rows}
    return found


def _stored(engine: Engine, commands: Sequence[Command]) -> dict[tuple[str, UUID], tuple[str, ...]]:
    """Which of the events that the commands name as evidence are in the ledger, and whose they are."""
    asked: dict[str, set[str]] = {}
    for command in commands:
        asked.setdefault(command.tenant, set()).update(str(id_) for id_ in getattr(command.body, "evidence", None) or ())
    found: dict[tuple[str, UUID], tuple[str, ...]] = {}
    for tenant, ids in asked.items():
        if ids:
            bound = {"tenant": tenant, "ids": sorted(ids), "tables": f"^({'|'.join(STREAMS)})$"}
            rows = engine.query(_sql("stored_ids"), bound).result_rows
            found |= {(tenant, id_): tuple(map(str, sources)) for id_, sources in rows}
    return found


def _subjects(commands: Iterable[Command]) -> dict[tuple[str, str], set[str]]:
    asked: dict[tuple[str, str], set[str]] = {}
    for command in commands:
        asked.setdefault((command.tenant, command.stream), set()).add(command.subject)
    return asked


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
