"""Which functions statements may call, by the lists beside this file: what is not on them is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files

from opsledger.infra.gateway.judge.structures import TYPES, holds_no_call
from opsledger.infra.gateway.roles import Role, User

_NOT_LISTED = "is not on the list of functions"
_NOT_TRUSTED = "is not for this role"
_NOT_A_STRUCTURE = "takes a structure as a plain text of names and types only, e.g. 'a Int64, b String'"
_LINE = re.compile(r"(?P<sign>[+w-])(?P<marks>[aihs]*) (?P<name>\w+)(?:  (?P<reason>.+))?")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """One of the lists: what is allowed, with its marks, and what is refused, with the reason."""

    allowed: dict[str, str] = field(default_factory=dict)
    trusted: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    """By names in lower case: a refusal holds in any case."""
    any_case: dict[str, str] = field(default_factory=dict)
    """Allowed names that the engine takes in any case, by the same in lower case."""
    aggregates: set[str] = field(default_factory=set)
    """Aggregates, allowed or not; refused ones in lower case."""

    def name(self, written: str) -> str | None:
        """The allowed name that one as written in a statement stands for."""
        return written if written in self.allowed else self.any_case.get(written.lower())


def read(text: str) -> Listed:
    """A list from the text of its file. ValueError for a line that is none."""
    out = Listed()
    for line in filter(None, text.splitlines()):
        if line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or (found["sign"] == "-") != bool(found["reason"]):
            raise ValueError(f"not a line of a list of functions: {line!r}")
        name, marks = found["name"], found["marks"]
        if found["sign"] == "-":
            name = name.lower()
            out.refused[name] = found["reason"]
        else:
            out.allowed[name] = marks
            if "i" in marks:
                out.any_case[name.lower()] = name
        if found["sign"] == "w":
            out.trusted.add(name)
        if "a" in marks:
            out.aggregates.add(name)
    return out


def list_of(file: str) -> Listed:
    """The list in one of the files beside this one."""
    return read((files(__package__) / file).read_text(encoding="utf-8"))


FUNCTIONS = list_of("functions.txt")
TABLE_FUNCTIONS = list_of("table_functions.txt")
COMBINATORS = list_of("combinators.txt")


def verdict(name: str, trusted: bool = False) -> str:
    """'' for a function that may be called, else why not, as what is said of it: "reads files of the server".

    ``trusted``: by a writer.
    """
    if len(name) > _LONGEST_NAME:
        return _NOT_LISTED
    if reason := FUNCTIONS.refused.get(name.lower()):
        return reason
    if (known := FUNCTIONS.name(name)) is not None:
        return _NOT_TRUSTED if known in FUNCTIONS.trusted and not trusted else ""
    if any(FUNCTIONS.name(shorter) in FUNCTIONS.aggregates for shorter in _without_combinators(name, COMBINATORS.allowed)):
        return ""
    for shorter in _without_combinators(name.lower(), [suffix.lower() for suffix in COMBINATORS.allowed]):
        if shorter in FUNCTIONS.refused and shorter in FUNCTIONS.aggregates:
            return FUNCTIONS.refused[shorter]
    return _NOT_LISTED


def call_verdict(name: str, user: User) -> str:
    """'' for a name that may stand in front of a parenthesis, else why not. What is nobody's function may: a table, a type."""
    if name in TYPES:  # some are functions' as well, of the engine's own
        return ""
    lower, trusted = name.lower(), user.role is not Role.READER
    if not verdict(name, trusted=user.writes) or not table_verdict(name, trusted, "Literal 1"):
        return ""
    for listed in (FUNCTIONS, TABLE_FUNCTIONS):
        if reason := listed.refused.get(lower):
            return reason
        if listed.name(name) is not None:
            return _NOT_TRUSTED
    return ""


def _without_combinators(name: str, suffixes: dict[str, str] | list[str]) -> Iterator[str]:
    """What remains of a name without one or more combinators at its end, in every way that it can be read."""
    waiting = [name]
    while waiting:
        whole = waiting.pop()
        for suffix in suffixes:
            if len(whole) > len(suffix) and whole.endswith(suffix):
                shorter = whole.removesuffix(suffix)
                yield shorter
                waiting.append(shorter)


def named_verdict(function: str, argument: str) -> str:
    """'' if a bare name may be an argument of a function, else why not.

    A function that takes functions also takes them by name: ``arrayMap(file, paths)`` calls ``file``, though the parser
    reads a column's name there. Names that are no function's are columns.
    """
    takes_functions = "h" in FUNCTIONS.allowed.get(function, "")
    return FUNCTIONS.refused.get(argument.lower(), "") if takes_functions else ""


def table_verdict(name: str, trusted: bool, first: str = "") -> str:
    """'' for a table function that may be read, else why not. ``trusted``: for a writer or an auditor.

    ``first`` is the first argument as EXPLAIN AST shows it, e.g. ``Literal 'a Int64'``. Where that may be a structure it must
    be a plain one: the engine also takes ``'a Int64, b String ALIAS file(…)'``, and calls what it says.
    """
    if reason := TABLE_FUNCTIONS.refused.get(name.lower()):
        return reason
    known = TABLE_FUNCTIONS.name(name)
    if known is None:
        return _NOT_LISTED
    if known in TABLE_FUNCTIONS.trusted and not trusted:
        return _NOT_TRUSTED
    return "" if "s" not in TABLE_FUNCTIONS.allowed[known] or holds_no_call(first) else _NOT_A_STRUCTURE


def takes_structure(name: str) -> bool:
    """Whether what a table function does depends on a text that it is given."""
    return "s" in TABLE_FUNCTIONS.allowed.get(TABLE_FUNCTIONS.name(name) or "", "")
