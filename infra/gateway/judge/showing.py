"""Judges what only tells about tables and statements: SHOW, DESCRIBE, EXISTS, EXPLAIN."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

from opsledger.infra.gateway.judge.places import HOME, READING
from opsledger.infra.gateway.judge.reading import SELECT, judge_reading, judge_table
from opsledger.infra.gateway.judge.verdict import Case, denied, not_understood
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.statement import first_words, tokens

_LISTS = frozenset({"TABLES", "DATABASES", "SETTINGS"})
_OF_WORDS = frozenset({"EXPLAIN AST", "EXPLAIN SYNTAX"})
"""They say how the words are read, and run nothing; other kinds count rows and parts, those of other tenants, too."""


def may_use(user: User, database: str) -> None:
    """ServerError for a database that has nothing for a reader: of some he may not even know that they are there."""
    allowed = (READING,) if user.is_bound else (HOME, READING, "system")
    if user.role is Role.READER and database not in allowed:
        raise denied(user, f"the database '{database[:80]}' is not for reading")


def judge_explain(case: Case) -> None:
    """A reader may have explained what he may run; who is bound to a tenant or vendor only its words."""
    questions = [child for child in case.tree.children if child.kind not in ("Set", "Identifier")]
    if len(questions) != 1 or questions[0].kind not in SELECT:
        raise denied(case.user, "only questions are explained")
    has_options = any(child.kind == "Set" for child in case.tree.children)
    if case.user.is_bound and (case.tree.name not in _OF_WORDS or has_options):
        raise denied(case.user, "of the kinds of EXPLAIN, those that count other tenants' rows")
    judge_reading(case, questions[0])


def judge_plain(case: Case) -> None:
    """ServerError for more than names, texts and numbers: the engine runs conditions that its parser does not show."""
    found = [*tokens(case.formatted)]
    settings = False
    for token, following in zip_longest(found, found[1:]):
        settings = settings or token.text == b"SETTINGS"
        last = following is None or following.text in (b"FORMAT", b"SETTINGS")
        plain = token.kind in ("word", "quoted", "number") or token.text in (b".", b",") or (settings and token.text == b"=")
        if not plain or token.text == b"WHERE" or (token.kind == "number" and not (settings or last)):
            raise not_understood(case.user, "a condition", case.tree.kind)
        if token.text == b"LIMIT" and (following is None or following.kind != "number"):
            raise not_understood(case.user, "a LIMIT that is no number", case.tree.kind)


def _judge_list(case: Case) -> None:
    words = first_words(case.formatted, 3)
    what = next((word for word in words[1:] if word not in ("FULL", "TEMPORARY")), "")
    if what not in _LISTS:
        raise denied(case.user, f"SHOW {what}")


def _judge_named(case: Case) -> None:
    names = [child.name for child in case.tree.children if child.kind == "Identifier"]
    if case.user.role is Role.READER:
        judge_table(case, ".".join(names) if names else "")


def _judge_exists(case: Case) -> None:
    """Whether there is a table is told to readers of what they may read."""
    if case.tree.kind == "ExistsDatabaseQuery":
        _judge_use(case)
        return
    _judge_named(case)


def _judge_use(case: Case) -> None:
    for child in case.tree.children:
        may_use(case.user, child.name)


def _judge_create_text(case: Case) -> None:
    if case.user.role is Role.READER:
        raise denied(case.user, "how a table was made is not for readers")


def _judge_describe(case: Case) -> None:
    for child in case.tree.children:
        if child.kind not in ("Set", "TableExpression", "Identifier"):
            raise not_understood(case.user, child.text, child.kind)
        judge_reading(case, child)


def _nothing(_: Case) -> None:
    """There is nothing to be said against it."""


def _not_for_readers(case: Case) -> None:
    if case.user.role is Role.READER:
        raise denied(case.user, case.tree.kind)


SHOWS: dict[str, Callable[[Case], None]] = {
    "ShowTables": _judge_list,
    "ShowFunctions": _nothing,
    "ShowSetting": _nothing,
    "ShowColumns": _not_for_readers,
    "ShowIndexes": _not_for_readers,
    "ShowEngineQuery": _nothing,
    "ShowProcesslistQuery": _not_for_readers,
    "ShowCreateTableQuery": _judge_create_text,
    "ShowCreateViewQuery": _judge_create_text,
    "ShowCreateDatabaseQuery": _judge_create_text,
    "DescribeQuery": _judge_describe,
    "ExistsTableQuery": _judge_exists,
    "ExistsViewQuery": _judge_exists,
    "ExistsDatabaseQuery": _judge_exists,
    "UseQuery": _judge_use,
    "Set": _nothing,
}
"""What tells about names and statements, by kind; no other kind does here."""
PLAIN = SHOWS.keys() - {"DescribeQuery", "Set"}
"""Of them those that hold nothing but names, texts and numbers."""
