"""What is said of a statement, and what it is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from opsledger.infra.gateway.errors import ACCESS_DENIED, ServerError, refused
from opsledger.infra.gateway.judge.places import Place
from opsledger.infra.gateway.judge.tree import Node
from opsledger.infra.gateway.roles import User


@dataclass(frozen=True, slots=True)
class Case:
    """A statement before its judge.

    ``tree`` is what the engine's parser makes of it, ``formatted`` the same as text: no comments, one way of quoting.
    ``exists(database, table)`` and ``holds_ledger(database)`` look into the engine's lists of names, nothing else.
    """

    user: User
    tree: Node
    formatted: bytes
    database: str
    exists: Callable[[str, str], bool]
    holds_ledger: Callable[[str], bool]
    format_of: Callable[[str], bytes] = str.encode
    """How the engine writes a statement out."""
    along: frozenset[str] = frozenset()
    """Names of tables that came along with the request."""
    depends: list[str] = field(default_factory=list)
    """What the verdict was found to depend on beside the words: it is not remembered then."""

    def place(self, name: str) -> Place:
        """The table that a name stands for."""
        database, dot, table = name.partition(".")
        return Place(database, table) if dot else Place(self.database, name)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A statement that may run. ``reads``: nothing is changed by it."""

    kind: str
    reads: bool


def denied(user: User, why: str, kept: str = "") -> ServerError:
    """The refusal of a statement, in the engine's words for a missing right. ``kept`` is logged for a ``why`` that quotes."""
    begin = f"{user.name}: Not enough privileges. As {user.role} you may not do this: "
    return refused(ACCESS_DENIED, begin + why, begin + (kept or why))


def not_understood(user: User, what: str, kind: str = "something in it") -> ServerError:
    """The refusal of what this judge has no rule for: ``what``, which may be a statement's words; its ``kind`` is logged."""
    unlisted = "is not on the list of what statements are made of here"
    return denied(user, f"{what[:120]!r} {unlisted}", f"{kind[:60]} {unlisted}")
