"""The contracts that the ledger holds, and the events of one of them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from clickhouse_connect.driver.client import Client


def contract_payloads(client: Client, tenant: str, contract: str) -> list[bytes]:
    """The events of a contract as the log has them, each once, in the order in which they were decided."""
    asked = {"tenant": tenant, "contract": contract}
    rows = client.query(_sql("contract_events"), parameters=asked, column_formats={"payload": "bytes"}).result_rows
    return [payload for (payload,) in rows]


def contracts(client: Client, tenant: str) -> tuple[str, ...]:
    """The contracts that were signed, by name."""
    return tuple(str(name) for (name,) in client.query(_sql("contracts"), parameters={"tenant": tenant}).result_rows)


@cache
def _sql(name: str) -> str:
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
