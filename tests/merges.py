"""Keeps a table's parts as the inserts have made them; the engine's own user may not stop merges by SYSTEM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client

SETTING = "max_bytes_to_merge_at_max_space_in_pool"


@contextmanager
def no_merges(client: Client, table: str) -> Iterator[None]:
    """No merge begins in a table as long as the context lasts, since no parts are small enough."""
    client.command(f"ALTER TABLE `{table}` MODIFY SETTING {SETTING} = 1")
    try:
        yield
    finally:
        client.command(f"ALTER TABLE `{table}` RESET SETTING {SETTING}")
