"""The contracts that the ledger holds, and the events of one of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from uuid import UUID

from opsledger.domain.catalogue import TYPES
from opsledger.domain.envelope import Event
from opsledger.domain.errors import UserError
from opsledger.domain.plain import from_plain
from opsledger.domain.upcast import UPCASTERS, upcast
from opsledger.projections.metrics.measure import Facts


def contract_events(facts: Facts, contract: str) -> list[Event]:
    """The events of a contract, each once, in the order in which they were decided. UserError for one that cannot be read."""
    asked = {"tenant": facts.tenant, "contract": contract}
    rows = facts.engine.query(_sql("contract_events"), parameters=asked).result_rows
    try:
        return [_event(facts.tenant, contract, *row) for row in rows]
    except (KeyError, ValueError, UserError) as error:
        raise UserError(f"contract '{contract}': an event of the ledger cannot be read: {error}") from error


def _event(tenant: str, contract: str, event_id: UUID, type_: str, version: int, at: datetime, payload: str) -> Event:
    declared = TYPES[type_]
    data = upcast(type_, json.loads(payload)["data"], version, declared.VERSION, UPCASTERS)
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Event(event_id, contract, tenant, moment, "decision", from_plain(declared, data))


def contracts(facts: Facts) -> tuple[str, ...]:
    """The contracts that were signed, by name."""
    rows = facts.engine.query(_sql("contracts"), parameters={"tenant": facts.tenant}).result_rows
    return tuple(str(name) for (name,) in rows)


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
