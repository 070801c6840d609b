"""The engine that the gateway owns: one handle a request, its settings gone with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from opsledger.infra.engine.library import load
from opsledger.infra.gateway.errors import SYNTAX_ERROR, UNKNOWN_SETTING, ServerError, from_engine, refused
from opsledger.infra.gateway.infile import from_file, staged, without_file
from opsledger.infra.gateway.judge.places import HOME

_CONNECT: Any = load().connect
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_TEXT = re.compile("[\udc80-\udcff]")
"""How bytes that are no text stand in a text."""
_NOT_STREAMED = "Streaming query is not supported"


@dataclass(slots=True)
class Counts:
    """What a statement read and wrote; the fields of X-ClickHouse-Summary."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    def summary(self) -> str:
        """The value of X-ClickHouse-Summary."""
        values = {name: str(getattr(self, name)) for name in self.__slots__} | {"total_rows_to_read": "0"}
        return json.dumps(values, separators=(",", ":"))

    def of_answer(self) -> Counts:
        """Only what the answer itself shows."""
        return Counts(result_rows=self.result_rows, result_bytes=self.result_bytes)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a statement does: how many there are in the text, and whether it only reads."""

    statements: int
    reads: bool

    @property
    def changes(self) -> bool:
        """Whether something is changed; nothing is by what is no statement."""
        return self.statements > 0 and not self.reads


class Engine:
    """chDB on one path. ``connection`` is chDB's connection string; a base handle keeps the engine alive."""

    def __init__(self, connection: str, settings: Mapping[str, str] | None = None) -> None:
        self._connection = connection
        self._settings = dict(settings or {})
        self._base = Handle(_CONNECT(connection))
        self.version = self._base.text("SELECT version()")

    def handle(self, settings: Mapping[str, str] | None = None) -> Handle:
        """A handle of its own, with the gateway's settings and further ones. ServerError for a setting that is none."""
        made = Handle(_CONNECT(self._connection))
        try:
            made.set({**self._settings, **(settings or {})})
        except BaseException:
            made.close()
            raise
        return made

    def stop(self, mark: str) -> None:
        """End the statements that run with this ``log_comment``. What does not run any more is no error."""
        text = b"KILL QUERY WHERE Settings['log_comment'] = {mark:String} ASYNC"
        with suppress(ServerError), self.handle() as handle:
            handle.query(text, "Null", {"mark": mark})

    def close(self) -> None:
        """Let the engine go."""
        self._base.close()


class Handle:
    """One connection to the engine: settings and database are its own. Not to be shared by threads."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.database = HOME
        """Where names without a database are looked for; a statement's own USE is not followed."""

    def text(self, statement: str) -> str:
        """The one value of a small answer."""
        return str(self.query(statement.encode(), "TabSeparatedRaw", {})[0], "utf-8").rstrip("\n")

    def types(self, describing: bytes, parameters: Mapping[str, str]) -> list[str]:
        """The types that a DESCRIBE tells."""
        lines = self.query(describing, "JSONCompactEachRow", parameters)[0].tobytes().splitlines()
        return [str(json.loads(line)[1]) for line in lines]

    def kind(self, statement: bytes) -> Kind:
        """What a statement would do, without running it; no statements for a text that is none."""
        # the engine's own judge takes text only: bytes that are none stand in literals and change nothing here
        told = self._connection._conn.classify_query(statement.decode(errors="replace"))  # noqa: SLF001  chDB's only way in
        return Kind(int(told["statement_count"]), told["query_class"].name == "READ_ONLY")

    def set(self, settings: Mapping[str, str]) -> None:
        """Set settings. ServerError for an unknown one."""
        if settings:
            self._set(", ".join(f"{_setting(name)} = {quoted(value)}" for name, value in settings.items()))

    def use(self, database: str) -> None:
        """Make a database the handle's."""
        name = database.replace("\\", "\\\\").replace("`", "\\`")
        self.query(_bytes(f"USE `{name}`"), "Null", {})
        self.database = database

    def kept(self, settings: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The database, and settings as they are now, to be put back; '' stands for the default."""
        # one row, since a session may have bounds for its answers
        text = f"""
        SELECT currentDatabase(), groupArrayIf((name, value), changed) FROM system.settings
        WHERE name IN ({", ".join(map(quoted, settings))})
        """
        told = self.query(text.encode(), "JSONCompactEachRow", {})[0].tobytes()
        database, changed = json.loads(told.decode("utf-8", "surrogateescape"))
        return database, dict.fromkeys(settings, "") | dict(changed)

    def put_back(self, settings: Mapping[str, str]) -> None:
        """Undo what was set for one request of a session."""
        for name, value in settings.items():
            self._set(f"{_setting(name)} = {quoted(value) if value else 'DEFAULT'}")

    def _set(self, text: str) -> None:
        self.query(b"SET " + _bytes(text), "Null", {})

    def query(self, statement: bytes, format_: str, parameters: Mapping[str, str]) -> tuple[memoryview, Counts]:
        """Run a statement; its whole answer and what it counted."""
        try:
            result = self._connection.query(statement, format_, params=_bound(parameters))
        except Exception as error:  # the bindings raise their own kinds of Exception
            raise from_engine(error) from error
        counts = _counts(result)
        return memoryview(result.bytes()), counts

    def stream(self, statement: bytes, format_: str, parameters: Mapping[str, str]) -> Stream | None:
        """Begin a statement and give its answer block by block; None for one that the engine answers only as a whole."""
        try:
            return Stream(self._connection.send_query(statement, format_, params=_bound(parameters)))
        except Exception as error:  # as in ``query``
            if _NOT_STREAMED in str(error):
                return None
            raise from_engine(error) from error

    def insert(self, head: bytes, format_: str, data: Iterator[bytes]) -> Counts:
        """Run an INSERT with data of a format. ServerError unless all of it was taken and stored."""
        with staged(data) as path:
            try:
                found = self.query(from_file(head, path, format_), "Null", {})[1]
            except ServerError as error:
                raise without_file(error) from error
        rows, size = found.written_rows, found.written_bytes
        return Counts(rows, size, rows, size, elapsed_ns=found.elapsed_ns)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the handle back. A stream of it is to be closed before: the engine waits for it for ever."""
        self._connection.close()


class Stream:
    """An answer, block by block. Close it before its handle."""

    def __init__(self, result: Any) -> None:
        self._result = result
        self.counts = Counts()

    def __iter__(self) -> Iterator[memoryview]:
        """The blocks; ServerError when the engine breaks off."""
        while True:
            try:
                block = self._result.fetch()
            except Exception as error:  # as in ``query``
                raise from_engine(error) from error
            if block is None:
                return
            found = _counts(block)
            for name in Counts.__slots__:
                setattr(self.counts, name, getattr(self.counts, name) + getattr(found, name))
            yield memoryview(block.bytes())

    def close(self) -> None:
        """Stop the statement where it is not done."""
        with suppress(Exception):
            self._result.close()


def _counts(result: Any) -> Counts:
    return Counts(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read(),
        result_bytes=result.size(),
        elapsed_ns=int(result.elapsed() * 1e9),
    )


def _bytes(text: str) -> bytes:
    """A text of a client: bytes that are no text are what they were."""
    return text.encode("utf-8", "surrogateescape")


def _bound(parameters: Mapping[str, str]) -> dict[str, str]:
    """Bound values as the bindings take them, as texts: bytes that are none are written so that the engine reads them."""
    return {name.encode(errors="replace").decode(): _NO_TEXT.sub(_escaped, value) for name, value in parameters.items()}


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) & 0xFF:02x}"


def quoted(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def value(text: str) -> str:
    """A text as a bound value is written."""
    return text.translate({ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t"})


def _setting(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise refused(UNKNOWN_SETTING, f"Unknown setting {quoted(name[:100])}")
    return name


def one_statement(statement: bytes, kind: Kind) -> None:
    """ServerError for no text at all, and for several statements in one."""
    if not statement.strip():
        raise refused(SYNTAX_ERROR, "Empty query")
    if kind.statements > 1:
        raise refused(SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed)")


def no_statement(statement: bytes) -> ServerError:
    """What to say of a text that the engine answers with nothing at all, as it does to bytes that are no statement."""
    return refused(
        SYNTAX_ERROR,
        f"Syntax error: {json.dumps(statement[:40].decode(errors='replace'))} is no statement",
        "the text is no statement",
    )
