"""What a request's text is: an INSERT with its data behind it, or a statement with the format it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from opsledger.infra.gateway.errors import QUERY_IS_TOO_LARGE, SYNTAX_ERROR, refused

MAX_STATEMENT_BYTES = 1024 * 1024
"""The text of a statement, without the data of an INSERT, may be so long."""
MAX_HEAD_BYTES = 256 * 1024
"""Within so much of its text the data of an INSERT begin, or its SELECT."""

STREAMED = frozenset(
    {
        *("Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "TSKV", "Values", "LineAsString"),
        *("JSONEachRow", "JSONLines", "NDJSON", "JSONCompactEachRow", "JSONStringsEachRow"),
    }
)
"""Formats without a head or foot of their own: blocks one after the other are the whole answer."""

_TOKEN = re.compile(
    rb"""
    (?P<space>\s++|(?:--|//|\#!|\#\ )[^\n]*+\n?)
    |(?P<comment>/\*)
    |(?P<quoted>
        \xe2\x80\x98.*?(?:\xe2\x80\x99|\Z)|\xe2\x80\x9c.*?(?:\xe2\x80\x9d|\Z)|'(?:[^'\\]++|\\.|'')*+(?:'|\\?\Z)
        |"(?:[^"\\]++|\\.|"")*+(?:"|\\?\Z)
        |`(?:[^`\\]++|\\.|``)*+(?:`|\\?\Z))
    |(?P<tag>\$[A-Za-z0-9_]{0,64}\$)
    |(?P<word>[A-Za-z_][A-Za-z0-9_$]*+)
    |(?P<number>[0-9][0-9A-Za-z_.]*+)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""What is opened and not closed goes on to the end, as the engine has it: each byte is looked at once."""
_COMMENT = re.compile(rb"/\*|\*/")
_MAX_OPEN_TAGS = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
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
    """The tokens of a statement, without spaces and comments. ServerError for what no statement has."""
    depth, at, never_closed = 0, 0, set[bytes]()
    while found := _TOKEN.match(text, at):
        kind, end = found.lastgroup or "other", found.end()
        if kind == "tag":
            kind, end = _after_tag(text, found, never_closed)
        elif kind == "comment":
            kind, end = "space", _after_comment(text, end)
        at = end
        if kind == "space":
            continue
        depth -= kind == "close"
        yield Token(
            kind, text[found.start() : end].upper() if kind == "word" else text[found.start() : end], found.start(), end, depth
        )
        depth += kind == "open"


def _after_comment(text: bytes, at: int) -> int:
    """Where a comment ends that has begun before a place; there may be comments in it."""
    open_ = 1
    for found in _COMMENT.finditer(text, at):
        open_ += 1 if found[0] == b"/*" else -1
        if not open_:
            return found.end()
    return len(text)


def _after_tag(text: bytes, found: re.Match[bytes], never_closed: set[bytes]) -> tuple[str, int]:
    """Kind and end of what begins with ``$tag$``: a text up to the same tag, or no more than the characters themselves."""
    closed = -1 if found[0] in never_closed else text.find(found[0], found.end())
    if closed >= 0:
        return "quoted", closed + len(found[0])
    never_closed.add(found[0])
    if len(never_closed) > _MAX_OPEN_TAGS:
        raise refused(SYNTAX_ERROR, f"Syntax error: more than {_MAX_OPEN_TAGS} texts in dollar signs that do not end")
    return "other", found.start() + 1


def is_insert(text: bytes) -> bool:
    """Whether a statement begins as an INSERT does."""
    first = next(tokens(text[:65_536]), None)
    return first is not None and first.text == b"INSERT"


def insert_of(text: bytes) -> Insert | None:
    """Where the data of an INSERT begin; None for one that has none (INSERT … SELECT), or whose head is not whole yet.

    ServerError where neither data nor SELECT begin within the bound: a text of any length costs no more than that.
    """
    named = False
    wanted_format = False
    for token in tokens(text):
        if token.start > MAX_HEAD_BYTES:
            raise refused(QUERY_IS_TOO_LARGE, f"The text of an INSERT before its data is larger than {MAX_HEAD_BYTES} bytes")
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
    return _at_its_end(text)[0]


def without_format(text: bytes) -> bytes:
    """The statement without the format that it asks for, and what stands behind it."""
    _, at = _at_its_end(text)
    return text if at < 0 else text[:at]


def _at_its_end(text: bytes) -> tuple[str, int]:
    """The format, and where FORMAT stands; '' and -1 for none."""
    if plain := _LAST_LINE.search(text):
        return plain[1].decode(), plain.start()
    if b"FORMAT" not in text.upper():
        return "", -1
    top = [token for token in tokens(text) if token.depth == 0]
    if top and top[-1].text == b";":
        top.pop()
    for number in range(len(top) - 2, -1, -1):
        if top[number].text == b"FORMAT" and top[number + 1].kind == "word":
            rest = top[number + 2 :]
            if not rest or rest[0].text == b"SETTINGS":
                return text[top[number + 1].start : top[number + 1].end].decode(), top[number].start
    return "", -1


def first_words(text: bytes, count: int) -> tuple[str, ...]:
    """The first tokens of a statement, words in upper case."""
    return tuple(token.text.decode(errors="replace") for token in islice(tokens(text[:65_536]), count))


def first_word(text: bytes) -> str:
    """The first word of a statement, upper case; '' where it begins with something else."""
    first = next(tokens(text[:65_536]), None)
    return first.text.decode() if first and first.kind == "word" else ""


def is_name(text: str) -> bool:
    """Whether a text is a plain name, which needs no quotes."""
    return _NAME.fullmatch(text) is not None
