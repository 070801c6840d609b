"""Dead letters and their attempts in tables beside the ledger's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import astuple, fields, replace
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.client import Client

from opsledger.domain.dead_letters import Attempt, DeadLetter, DeadLetterFilter, Outcome, Status
from opsledger.domain.errors import UserError
from opsledger.projections.ledger.engine_errors import told_to_user
from opsledger.projections.ledger.sql import sql

_STORED = [f.name for f in fields(DeadLetter) if f.name not in ("status", "attempts")]
_TRIED = [f.name for f in fields(Attempt)]
_AT_ONCE = 10_000
_BYTES_AT_ONCE = 64 * 1024 * 1024

_NO_LIMIT = 2**32 - 1


class TableDeadLetters:
    """The dead letter port on two tables."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def keep(self, letters: Sequence[DeadLetter]) -> int:
        """Store those that are not stored yet; returns how many that were."""
        batch: list[DeadLetter] = []
        size = kept = 0
        for letter in letters:
            batch.append(letter)
            size += len(letter.raw)
            if len(batch) == _AT_ONCE or size > _BYTES_AT_ONCE:
                kept += self._keep(batch)
                batch, size = [], 0
        return kept + self._keep(batch)

    def _keep(self, letters: list[DeadLetter]) -> int:
        if not letters:
            return 0
        ids = {"ids": [str(letter.id) for letter in letters]}
        known = {id_ for (id_,) in self._client.query(sql("known_dead_letters"), parameters=ids).result_rows}
        fresh = {letter.id: letter for letter in letters if letter.id not in known}
        if fresh:
            rows = [[getattr(letter, name) for name in _STORED] for letter in fresh.values()]
            with told_to_user(f"storing {len(rows)} dead letters"):
                self._client.insert("dead_letters", rows, column_names=_STORED)
        return len(fresh)

    def list(self, wanted: DeadLetterFilter) -> Sequence[DeadLetter]:
        """The letters that match, by time, file and line."""
        return self._list(wanted, prefix="")

    def count(self, wanted: DeadLetterFilter) -> int:
        """How many letters match, whatever the filter's ``limit``; reads none of their records."""
        every = _parameters(replace(wanted, limit=_NO_LIMIT), prefix="")
        rows = self._client.query(f"SELECT count() FROM ({sql('list_dead_letters')})", parameters=every).result_rows
        return int(rows[0][0])

    def show(self, prefix: str) -> DeadLetter:
        """The one letter whose id begins so; UserError when there is none or more than one."""
        if not re.fullmatch(r"[0-9a-fA-F-]{4,36}", prefix):
            raise UserError(f"'{prefix}' is not the beginning of a dead letter's id (at least 4 of its characters)")
        found = self._list(DeadLetterFilter(limit=2), prefix=prefix.lower())
        if len(found) != 1:
            problem = "no dead letter has" if not found else "more than one dead letter has"
            raise UserError(f"{problem} an id that begins with '{prefix}'; 'opsledger dead-letters list' shows them")
        return found[0]

    def _list(self, wanted: DeadLetterFilter, prefix: str) -> Sequence[DeadLetter]:
        names = [f.name for f in fields(DeadLetter)]
        parameters = _parameters(wanted, prefix)
        rows = self._client.query(sql("list_dead_letters"), parameters=parameters, column_formats={"raw": "bytes"}).result_rows
        return [
            DeadLetter(**(values := dict(zip(names, row, strict=True))) | {"status": Status(values["status"])}) for row in rows
        ]

    def attempts(self, letter: UUID) -> Sequence[Attempt]:
        """What was tried with a letter, oldest first."""
        rows = self._client.query(sql("list_attempts"), parameters={"letter": str(letter)}).result_rows
        return [Attempt(id_, at, Outcome(outcome), *rest) for id_, at, outcome, *rest in rows]

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Store attempts."""
        if attempts:
            with told_to_user(f"recording {len(attempts)} attempts"):
                self._client.insert("dead_letter_attempts", [list(astuple(a)) for a in attempts], column_names=_TRIED)


def _parameters(wanted: DeadLetterFilter, prefix: str) -> dict[str, Any]:
    return dict(zip([f.name for f in fields(wanted)], astuple(wanted), strict=True)) | {"prefix": prefix}
