"""What is in force at a moment: the tenant's configuration, its queues, its people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsledger.projections.master.names import Engine

_SQL = (Path(__file__).parent / "in_force.sql").read_text("utf-8")
_PEOPLE = (Path(__file__).parent / "people.sql").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Described:
    """A tenant or a queue as last described: ``data`` are the event's fields, ``since`` when they took effect (UTC)."""

    kind: str
    id: str
    since: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here at a moment; texts are empty where nothing is known."""

    agent: str
    name: str
    staff_number: str
    extension: str
    team: str
    vendor: str
    since: datetime


def _bound(tenant: str, at: datetime) -> dict[str, str]:
    return {"tenant": tenant, "at": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")}


def described(engine: Engine, tenant: str, at: datetime) -> list[Described]:
    """The tenant and its queues as in force at a moment, the tenant first. Reads the ledger."""
    rows = engine.query(_SQL, parameters=_bound(tenant, at)).result_rows
    return [Described(str(kind), str(id_), since, json.loads(payload)["data"]) for kind, id_, _, payload, since in rows]


def people(engine: Engine, tenant: str, at: datetime) -> list[Person]:
    """Who works here at a moment, by agent id. Reads the ledger (``staff.*``)."""
    rows = engine.query(_PEOPLE, parameters=_bound(tenant, at)).result_rows
    return [
        Person(agent, name, number, extension, team, vendor, since)
        for agent, name, number, extension, team, vendor, since in rows
    ]
