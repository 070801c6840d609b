"""The journal of imports in a table beside the ledger's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from clickhouse_connect.driver.client import Client

from opsledger.domain.ports import ImportRun
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.sql import sql

_NAMES = [f.name for f in fields(ImportRun)]


class TableImportJournal:
    """The journal port on one table, one row a state."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def write(self, run: ImportRun) -> None:
        """Store the state that an import has reached."""
        with told_to_user("recording the import"):
            self._client.insert("imports", [[getattr(run, name) for name in _NAMES]], column_names=_NAMES)

    def runs(self) -> Sequence[ImportRun]:
        """Every import in its latest state, oldest first."""
        rows = self._client.query(sql("list_imports")).named_results()
        return [ImportRun(**row) for row in rows]

    def columns(self, source: str, file: str) -> Sequence[str]:
        """The columns of the table that was last read from a source under this name; empty where none was."""
        rows = self._client.query(sql("columns_of_import"), parameters={"source": source, "file": file}).result_rows
        return tuple(rows[0][0]) if rows else ()
