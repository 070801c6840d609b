"""The judge: asks the engine's parser what a statement is, and lets run what its user's role may run."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise
from threading import Lock

from opsledger.infra.gateway.engine import Engine, Handle, one_statement, quoted, value
from opsledger.infra.gateway.errors import QUERY_IS_TOO_LARGE, SYNTAX_ERROR, ServerError, refused
from opsledger.infra.gateway.judge.calls import judge_calls, judge_files
from opsledger.infra.gateway.judge.changing import CHANGES, judge_brought
from opsledger.infra.gateway.judge.lists import listed
from opsledger.infra.gateway.judge.places import HOME
from opsledger.infra.gateway.judge.reading import SELECT, judge_reading
from opsledger.infra.gateway.judge.settings import OF_TABLES, may_set
from opsledger.infra.gateway.judge.showing import PLAIN, SHOWS, judge_explain, judge_plain
from opsledger.infra.gateway.judge.tree import Node, NotUnderstoodError, parsed
from opsledger.infra.gateway.judge.verdict import Case, Verdict, denied, not_understood
from opsledger.infra.gateway.roles import BOUNDS, User
from opsledger.infra.gateway.statement import MAX_STATEMENT_BYTES, first_words, tokens

_ASK = b"EXPLAIN AST "
_PLACE = re.compile(r"(?<=failed at position )\d+")
_BEGINNINGS = listed("""
    SELECT WITH FROM ( INSERT CREATE DROP TRUNCATE ALTER RENAME EXCHANGE DELETE UPDATE SHOW DESCRIBE DESC EXISTS
    EXPLAIN SET USE
""")
"""What a statement may begin with. Anything else could be read as an option of EXPLAIN, and not as the statement that it is."""
_OF_SERVERS = listed("""
    SYSTEM KILL GRANT REVOKE BACKUP RESTORE ATTACH DETACH UNDROP CHECK EXECUTE MOVE
""")
_BOUNDS = {"max_query_size": "0", "max_memory_usage": "1000000000", "max_execution_time": "30"}
"""What it takes to read a statement is bounded, too, by less than any role's bounds."""
_CACHED, _CACHED_BYTES = 4_096, 32 * 1024
_FORMAT = "SELECT formatQuerySingleLine({text:String})"
_SCOPE = ": In scope SELECT formatQuery"
_EXISTS = "SELECT count() FROM system.tables WHERE database = {database:String} AND name = {name:String}"
_MARKS = ("dead_letters", "dead_letter_attempts", "imports")
"""Which database is a ledger's is told by these tables; as views they are those of a look at the past."""
_LEDGER_TABLES = f"""
SELECT count() FROM system.tables
WHERE database = {{database:String}} AND name IN ({", ".join(map(quoted, _MARKS))}) AND engine != 'View'
"""


class Judge:
    """Judges for all users. What it has let run is remembered, by user's role, database and the words."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._known: OrderedDict[tuple[object, ...], Verdict] = OrderedDict()

    def judged(
        self,
        user: User,
        statement: bytes,
        parameters: Mapping[str, str],
        database: str,
        along: frozenset[str] = frozenset(),
    ) -> Verdict:
        """What a statement is, if its user may run it. ServerError if not, or if it is none."""
        key = self._key(user, statement, parameters, database, along)
        if key and (known := self._known.get(key)):
            return known
        if len(statement) > MAX_STATEMENT_BYTES:
            raise refused(QUERY_IS_TOO_LARGE, f"a statement has more than {MAX_STATEMENT_BYTES:,} bytes")
        _begin(user, statement)
        judge_files(user, statement)
        # a handle without the user's settings: with some of them only a part of a parser's answer would come
        with self._engine.handle(_BOUNDS) as handle:
            one_statement(statement, handle.kind(statement))  # of several, EXPLAIN would run all but the first
            # first as a text: what is no whole statement could be an option of EXPLAIN
            text = _formatted(handle, statement)
            judge_files(user, text)
            judge_calls(user, text)
            tree = _tree(user, handle, statement, parameters)
        case = Case(user, tree, text, database or HOME, self._exists, self._holds_ledger, self._format_of, along)
        verdict = _verdict(case)
        if key and not case.depends and (verdict.reads or verdict.kind == "InsertQuery"):
            with self._lock:
                self._known[key] = verdict
                while len(self._known) > _CACHED:
                    self._known.popitem(last=False)
        return verdict

    def brought(self, user: User, statement: bytes) -> None:
        """ServerError for the statement that makes a table that comes along, if it does anything else."""
        with self._engine.handle(_BOUNDS) as handle:
            judge_files(user, statement)
            text = _formatted(handle, statement)
            judge_calls(user, text)
            tree = _tree(user, handle, statement, {})
        judge_brought(Case(user, tree, text, HOME, lambda *_: False, lambda _: False))

    def _key(
        self, user: User, statement: bytes, parameters: Mapping[str, str], database: str, along: frozenset[str]
    ) -> tuple[object, ...] | None:
        """By what a verdict is remembered; None where that does not settle it, as where names are bound."""
        if len(statement) > _CACHED_BYTES or along or b"identifier" in statement.lower():
            return None
        return user.role, user.is_bound, database, statement, frozenset(parameters)

    def _format_of(self, text: str) -> bytes:
        with self._engine.handle() as handle:
            return _formatted(handle, text.encode())

    def _exists(self, database: str, table: str) -> bool:
        return self._count(_EXISTS, {"database": value(database), "name": value(table)}) > 0

    def _holds_ledger(self, database: str) -> bool:
        return database == HOME or self._count(_LEDGER_TABLES, {"database": value(database)}) == len(_MARKS)

    def _count(self, text: str, parameters: Mapping[str, str]) -> int:
        with self._engine.handle() as handle:  # one that sees all names
            return int(str(handle.query(text.encode(), "TabSeparatedRaw", parameters)[0], "utf-8"))


def _begin(user: User, statement: bytes) -> None:
    words = first_words(statement, 2)
    first = words[0] if words else ""
    if first in _BEGINNINGS or (first == "OPTIMIZE" and words[1:] == ("TABLE",)):
        return
    if first in _OF_SERVERS:
        raise denied(user, f"{first} is not a statement of the gateway")
    nothing = "no statement begins"
    raise refused(SYNTAX_ERROR, f"Syntax error: failed at position 1: {nothing} with {first[:40]!r} here", f"{nothing} so")


def _tree(user: User, handle: Handle, statement: bytes, parameters: Mapping[str, str]) -> Node:
    try:
        lines = handle.query(_ASK + statement, "TabSeparatedRaw", parameters)[0]
    except ServerError as error:
        moved = _PLACE.sub(lambda found: str(max(1, int(found[0]) - len(_ASK))), error.text)
        raise ServerError(error.code, moved) from error
    try:
        return parsed(str(lines, "utf-8", "replace"))
    except NotUnderstoodError as error:
        raise not_understood(user, str(error)) from error


def _verdict(case: Case) -> Verdict:
    kind = case.tree.kind
    _judge_settings(case)
    if kind in SELECT:
        judge_reading(case, case.tree)
        return Verdict(kind, reads=True)
    if kind == "Explain":
        judge_explain(case)
        return Verdict(kind, reads=True)
    if kind in SHOWS:
        if kind in PLAIN:
            judge_plain(case)
        SHOWS[kind](case)
        return Verdict(kind, reads=True)
    if kind in CHANGES and case.user.writes:
        CHANGES[kind](case)
        return Verdict(kind, reads=False)
    if kind in CHANGES:
        raise denied(case.user, "nothing is changed")
    raise not_understood(case.user, case.tree.text, case.tree.kind)


def _judge_settings(case: Case) -> None:
    """ServerError for a setting in the statement itself that the user's requests may not have."""
    clauses = sum(node.kind == "Set" for _, node in case.tree.walk())
    if not clauses:
        return
    found = _settings(case.formatted)
    explains = case.tree.kind == "Explain"
    if not found and not explains:
        raise denied(case.user, "settings of a statement have to be written as SETTINGS name = value")
    of_table = OF_TABLES if case.tree.kind in ("CreateQuery", "AlterQuery") and case.user.writes else frozenset()
    for name in found:
        if case.tree.kind == "Set" and name in _OF_ONE_ANSWER:
            raise denied(
                case.user, f"'{name}' is sent with a request, not set for a session, where it would hold for all answers"
            )
        if name in BOUNDS[case.user.role]:
            raise denied(case.user, f"'{name}' is sent with the request, not in the statement, so that it stays within bounds")
        if not may_set(case.user, name) and name not in of_table and not (explains and name in _OF_EXPLAIN):
            raise denied(case.user, f"the setting '{name[:80]}' is not one that clients may send")


_OF_ONE_ANSWER = frozenset({"limit", "offset", "readonly", "max_query_size"})
_OF_EXPLAIN = frozenset(
    {"indexes", "actions", "header", "description", "json", "sorting", "graph", "compact", "optimize", "pretty"}
)
_BEGIN = frozenset({b"SETTINGS", b"SETTING", b"SET", b"EXPLAIN"})
_END = frozenset({b"SELECT", b"INSERT", b"WITH", b"FORMAT", b"("})


def _settings(text: bytes) -> list[str]:
    """The names before ``=`` in a statement's lists of settings: behind SETTINGS, MODIFY SETTING, SET and EXPLAIN."""
    found: list[str] = []
    depth: int | None = None
    for token, following in pairwise((*tokens(text), None)):
        if token is None:
            break
        if token.kind == "word" and token.text in _BEGIN:
            depth = token.depth
        elif depth is None:
            continue
        elif token.depth < depth or token.text in _END:
            depth = None
        elif following is not None and following.text == b"=" and token.kind in ("word", "quoted"):
            found.append(text[token.start : token.end].decode(errors="replace").strip("`"))
    return found


def _formatted(handle: Handle, statement: bytes) -> bytes:
    text = statement.decode(errors="replace")
    try:
        found = handle.query(_FORMAT.encode(), "TabSeparatedRaw", {"text": value(text)})[0]
    except ServerError as error:
        told, of_ours, _ = error.text.partition(_SCOPE)
        raise ServerError(error.code, f"{told}. ({error.reason})" if of_ours else error.text, error.reason) from error
    return found.tobytes().rstrip(b"\n")
