"""The decisions that the ledger has, to be held against those in their store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from opsledger.domain.decisions.application import RULES
from opsledger.domain.decisions.base import SOURCE


def count_decided(client: Any) -> int:
    """How many rows of the ledger are decisions, copies among them."""
    asked = ({"stream": stream, "source": SOURCE} for stream in RULES)
    return sum(int(client.query(_sql("decided"), parameters=each).first_row[0]) for each in asked)


def decided(client: Any) -> Iterator[tuple[UUID, bytes]]:
    """Each decision that readers of the ledger count: its id, and the bytes that the log has."""
    for stream in RULES:
        parameters = {"view": f"{stream}_once", "source": SOURCE}
        for _tenant, id_, payload in client.query(_sql("decisions_in_ledger"), parameters=parameters).result_rows:
            yield id_, payload.encode() if isinstance(payload, str) else payload


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
