"""What a request's text is: an INSERT with its data behind it, or a statement with the format it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

MAX_STATEMENT_BYTES = 16 * 1024 * 1024
"""The text of a statement, without the data of an INSERT, may be so long."""

STREAMED = frozenset(
    {
        *("Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "TSKV", "Values", "LineAsString"),
        *("JSONEachRow", "JSONLines", "NDJSON", "JSONCompactEachRow", "JSONStringsEachRow"),
    }
)
"""Formats without a head or foot of their own: blocks one after the other are the whole answer."""

_TOKEN = re.compile(
    rb"""
    (?P<space>\s+|--[^\n]*\n?|\#!?\ [^\n]*\n?|/\*.*?\*/)
    |(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9][0-9A-Za-z_.]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LAST_LINE = re.compile(rb"\n[ \t]*FORMAT[ \t]+(\w+)[ \t\n]*\Z", re.IGNORECASE)
"""How clients ask for a format: on a line of its own, which is in no comment; looked for before the text is taken apart."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word (upper case) or another piece of a statement, at nesting ``depth``; ``end`` is where it ends."""

    kind: str
    text: bytes
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Insert:
    """The head of an INSERT whose data follow from ``data_at`` on, in a format."""

    head: bytes
    format: str
    data_at: int


def tokens(text: bytes) -> Iterator[Token]:
    """The tokens of a statement, without spaces and comments."""
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "other"
        if kind == "space":
            continue
        depth -= kind == "close"
        yield Token(kind, found[0].upper() if kind == "word" else found[0], found.start(), found.end(), depth)
        depth += kind == "open"


def is_insert(text: bytes) -> bool:
    """Whether a statement begins as an INSERT does."""
    first = next(tokens(text[:65_536]), None)
    return first is not None and first.text == b"INSERT"


def insert_of(text: bytes) -> Insert | None:
    """Where the data of an INSERT begin; None for one that has none (INSERT … SELECT), or whose head is not whole yet."""
    named = False
    wanted_format = False
    for token in tokens(text):
        if wanted_format:
            return _with_format(text, token)
        if token.depth:
            continue
        if not named:
            named = token.kind in ("word", "quoted") and token.text not in (b"INSERT", b"INTO", b"TABLE", b"FUNCTION")
        elif token.kind == "word" and token.text in (b"SELECT", b"WITH", b"FROM", b"WATCH"):
            return None
        elif token.kind == "word" and token.text == b"VALUES":
            return Insert(text[: token.start], "Values", token.end)
        else:
            wanted_format = token.text == b"FORMAT"
    return None


def _with_format(text: bytes, name: Token) -> Insert | None:
    """Data begin after the first line feed behind the format's name, or after the spaces behind it."""
    if name.kind != "word":
        return None
    written = text[name.start : name.end]
    head = text[: text[: name.start].upper().rindex(b"FORMAT")]
    at = name.end
    while text[at : at + 1] in (b" ", b"\t", b"\f"):
        at += 1
    at += text[at : at + 1] == b"\r"
    at += text[at : at + 1] == b"\n"
    return Insert(head, written.decode(), at)


def format_of(text: bytes) -> str:
    """The format that a statement asks for at its end; '' where it asks for none."""
    if plain := _LAST_LINE.search(text):
        return plain[1].decode()
    if b"FORMAT" not in text.upper():
        return ""
    top = [token for token in tokens(text) if token.depth == 0]
    if top and top[-1].text == b";":
        top.pop()
    for number in range(len(top) - 2, -1, -1):
        if top[number].text == b"FORMAT" and top[number + 1].kind == "word":
            rest = top[number + 2 :]
            if not rest or rest[0].text == b"SETTINGS":
                return text[top[number + 1].start : top[number + 1].end].decode()
    return ""


def first_word(text: bytes) -> str:
    """The first word of a statement, upper case; '' where it begins with something else."""
    first = next(tokens(text[:65_536]), None)
    return first.text.decode() if first and first.kind == "word" else ""


def writes_file(text: bytes) -> bool:
    """Whether a statement reads or writes a file of the server by INTO OUTFILE or FROM INFILE."""
    if not re.search(rb"(?:OUT|IN)FILE", text, re.IGNORECASE):
        return False
    words = [token.text for token in tokens(text) if token.kind == "word"]
    return any(pair in ((b"INTO", b"OUTFILE"), (b"FROM", b"INFILE")) for pair in pairwise(words))
