"""Whose turn it is to write the facts: who takes it drops what the one before needs for writing, so that it cannot any more.

Two processes may take themselves for the one writer for a while: one whose place was taken does not know of it yet. What a
writer stages is in a passing database of its own. What changes facts or their journal reads from there, so that it fails once
that database is gone; what is under way then is waited for. The exchange of a rebuild cannot read from there: it looks whether
the database is there, and whoever takes the turn drops the rebuild's tables after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

_PREFIX = "facts_staged_"
_OTHERS = "SELECT name FROM system.databases WHERE startsWith(name, {prefix:String}) AND name != {ours:String}"


class TurnLost(Exception):  # noqa: N818  nothing is wrong: what was not written is written by who has the turn now
    """Another process has begun to write the facts."""


class Turn:
    """One writer's turn; ``database`` is its passing database, of a name that no other has."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.token = token_hex(4)
        self.database = f"{_PREFIX}{self.token}"
        self.is_taken = False

    @property
    def fence(self) -> str:
        """A table that is there as long as the turn is ours; what reads from it fails afterwards."""
        return f"`{self.database}`.turn"

    def take(self) -> None:
        """From now on nobody else writes."""
        parameters = {"prefix": _PREFIX, "ours": self.database}
        for (name,) in self._client.query(_OTHERS, parameters=parameters).result_rows:
            self._client.command(f"DROP DATABASE IF EXISTS `{name}` SYNC")
        self._client.command(f"CREATE DATABASE IF NOT EXISTS `{self.database}`")
        self._client.command(f"CREATE TABLE IF NOT EXISTS {self.fence} (taken UInt8) ENGINE = Memory")
        self.is_taken = True

    def is_ours(self) -> bool:
        """Whether nobody has taken it from us."""
        return bool(self._client.command(f"EXISTS DATABASE `{self.database}`"))

    def check(self) -> None:
        """TurnLost where somebody has."""
        if not self.is_ours():
            raise TurnLost

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What fails within because the turn was lost is told so."""
        try:
            yield
        except ClickHouseError as error:
            if self.is_taken and not self.is_ours():
                raise TurnLost from error
            raise
