"""The handle that a request runs on: a fresh one with its role's bounds, or that of a writer's session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opsledger.infra.gateway.audience import SETTING, mark
from opsledger.infra.gateway.engine import Engine, Handle
from opsledger.infra.gateway.errors import BAD_ARGUMENTS, UNKNOWN_FORMAT, UNKNOWN_SETTING, ServerError, refused
from opsledger.infra.gateway.judge.formats import may_come
from opsledger.infra.gateway.judge.judge import Judge
from opsledger.infra.gateway.judge.places import HOME, READING
from opsledger.infra.gateway.judge.settings import bounded, may_set
from opsledger.infra.gateway.judge.showing import may_use
from opsledger.infra.gateway.judge.verdict import denied
from opsledger.infra.gateway.request import External, Request
from opsledger.infra.gateway.roles import User
from opsledger.infra.gateway.sessions import Sessions
from opsledger.infra.gateway.statement import is_name, without_format

_ALONE: dict[str, str] = {"use_query_condition_cache": "0", "output_format_write_statistics": "0"}
"""For who sees a part of the rows: nothing is taken from what another's question has left in a cache, and an answer does not
tell how much was read for it."""


class Handles:
    """Makes handles. What a request brings along or sets is gone with it, but for what a session keeps."""

    def __init__(self, engine: Engine, judge: Judge) -> None:
        self._engine, self._judge = engine, judge
        self.sessions = Sessions(engine)
        with engine.handle() as handle:
            self._known = frozenset(handle.text("SELECT name FROM system.settings").split("\n"))

    @contextmanager
    def of(self, user: User, request: Request, number: str) -> Iterator[Handle]:
        """The handle for a request. ServerError for a setting or a table that may not come along, or a session in use."""
        self._check(user, request.settings)
        settings = {**bounded(user, request.settings), SETTING: mark(user, number)}
        database = request.options.get("database", "")
        if database:
            may_use(user, database)
        if user.writes and request.options.get("session_id"):
            with self._in_session(user, request, settings, database) as handle:
                yield handle
            return
        if not user.writes:
            settings |= {"readonly": "1"} | (_ALONE if user.is_bound else {})
            database = database or (READING if user.is_bound else HOME)
        elif request.method == "GET" and settings.get("readonly", "0") == "0":
            settings["readonly"] = "2"
        last = {"readonly": settings.pop("readonly")} if "readonly" in settings else {}
        with self._engine.handle(settings) as handle:
            self._bring(user, handle, request.external, [])
            if database not in ("", HOME):  # a new handle is there
                handle.use(database)
            handle.set(last)
            yield handle

    def types_of(self, user: User, request: Request, statement: bytes, handle: Handle | None = None) -> list[str]:
        """The types of the columns of a question that may be asked; none where they cannot be told.

        Asked of a handle, or of one beside that on which the question runs.
        """
        text = b"DESCRIBE TABLE (" + without_format(statement).rstrip(b" \t\r\n;") + b"\n)"
        try:
            if handle is not None:
                return handle.types(text, request.parameters)
            with self._engine.handle({**bounded(user, {}), SETTING: mark(user, "types")}) as beside:
                beside.use(request.options.get("database", "") or (READING if user.is_bound else HOME))
                return beside.types(text, request.parameters)
        except ServerError:
            return []

    @contextmanager
    def _in_session(self, user: User, request: Request, settings: dict[str, str], database: str) -> Iterator[Handle]:
        name = f"{user.name} {request.options['session_id']}"  # nobody comes into another's
        with self.sessions.hold(name, request.session_timeout_s, check=request.on("session_check")) as handle:
            settings.pop("readonly", None)  # the engine would not take it back; the statement is looked at instead
            handle.database, before = handle.kept(settings)
            home = handle.database
            made: list[str] = []
            try:
                handle.set(settings)
                self._bring(user, handle, request.external, made)
                if database:
                    handle.use(database)
                yield handle
            finally:
                handle.put_back(before)
                if database and database != home:
                    handle.use(home)
                for name in made:
                    handle.query(f"DROP TEMPORARY TABLE IF EXISTS `{name}`".encode(), "Null", {})

    def _check(self, user: User, settings: Mapping[str, str]) -> None:
        for name in settings:
            if name not in self._known:
                raise refused(UNKNOWN_SETTING, f"Unknown setting '{name[:100]}'")
            if not may_set(user, name):
                raise denied(user, f"the setting '{name[:80]}' is not one that clients may send")

    def _bring(self, user: User, handle: Handle, tables: tuple[External, ...], brought: list[str]) -> None:
        for table in tables:
            if not is_name(table.name):
                raise refused(BAD_ARGUMENTS, f"a table that comes along cannot be called {table.name[:100]!r}")
            if not may_come(table.format):
                raise refused(UNKNOWN_FORMAT, f"a table does not come along as {table.format[:100]!r}")
            text = f"CREATE TEMPORARY TABLE `{table.name}` ({table.structure})".encode("utf-8", "surrogateescape")
            self._judge.brought(user, text)
            handle.query(text, "Null", {})
            brought.append(table.name)
            handle.insert(f"INSERT INTO `{table.name}`".encode(), table.format, iter((table.data,)))
