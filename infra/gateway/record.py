"""One request's line in the query log, while it comes together."""

from __future__ import annotations

import time

from opsledger.infra.gateway.engine import Counts
from opsledger.infra.gateway.errors import QUERY_WAS_CANCELLED, ServerError, refused
from opsledger.infra.gateway.query_log import LoggedQuery, QueryLog, digest_of, now_text
from opsledger.infra.gateway.roles import User


class Record:
    """What is known of a request so far; ``ended`` writes it."""

    def __init__(self, log: QueryLog, user: User, remote: str) -> None:
        self._log, self._user, self._remote = log, user, remote
        self._at, self._since = now_text(), time.monotonic()
        self.statement, self.kind, self.query_id = b"", "", ""
        self.counts = Counts()
        ended_before = refused(QUERY_WAS_CANCELLED, "the answer was not taken to its end")
        self._code, self._why = ended_before.code, ended_before.reason

    def failed(self, error: ServerError) -> None:
        """The request was refused, or its statement ended with an error."""
        self._code, self._why = error.code, error.reason

    def answered(self) -> None:
        """The answer came to its end."""
        self._code, self._why = 0, ""

    def ended(self) -> None:
        """Write the line."""
        self._log.write(
            LoggedQuery(
                at=self._at,
                user=self._user.name,
                role=self._user.role,
                remote=self._remote,
                kind=self.kind,
                digest=digest_of(self.statement) if self.statement else "",
                ms=round((time.monotonic() - self._since) * 1000),
                read_rows=self.counts.read_rows,
                written_rows=self.counts.written_rows,
                result_rows=self.counts.result_rows,
                code=self._code,
                why=self._why,
                query_id=self.query_id,
            )
        )
