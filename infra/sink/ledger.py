"""The ledger that a sink looks repeats up in: where several sinks ask, each asks by a table of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from opsledger.infra.store import Store
from opsledger.projections.ledger.lookup import TableLedger
from opsledger.projections.ledger.sql import sql


@contextmanager
def shared_ledger(store: Store, *, alone: bool) -> Iterator[TableLedger]:
    """The lookup of a store; over the network by a passing table that only this process uses."""
    if alone:
        yield store.ledger
        return
    name = f"asked_events_{os.getpid()}_{token_hex(4)}"
    store.client.command(sql("asked_events").replace("asked_events", name))
    try:
        yield TableLedger(store.client, name)
    finally:
        store.client.command(f"DROP TABLE IF EXISTS `{name}`")
