"""The data of an INSERT by way of a passing file, the one way in which the engine tells of all that goes wrong.

Its streaming insert says how many rows it has read and is silent where they could not be stored: too many parts or
partitions, a constraint, an expression of a column that throws, a full disk. Data behind the text of a statement are no way
either: the engine goes on behind a semicolon among them, with a next statement that nobody has judged.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from opsledger.infra.gateway.errors import NOT_ENOUGH_SPACE, ServerError, refused
from opsledger.infra.gateway.statement import tokens

_BEFORE_A_NAME = (b"INSERT", b"INTO", b"TABLE", b".")
_TWICE = re.compile(r"\A(Code: (\d+)\. DB::\w*Exception: )Code: \2\. DB::\w*Exception: ")
_WHERE = re.compile(r": \(in file/uri /dev/fd/\d+\)|(?:: While executing File)?: data for INSERT was parsed from file")
_NAMED_TWICE = re.compile(r"(\([A-Z0-9_]+\)) \(version [0-9.]+(?: \([^)]*\))?\)\. \1\Z")


@contextmanager
def staged(data: Iterator[bytes]) -> Iterator[str]:
    """A file with the data, under a name by which this process alone finds it. ServerError where there is no room."""
    with tempfile.TemporaryFile() as file:  # has no name, so that nothing stays behind, and none that is taken for a pattern
        try:
            while (piece := next(data, None)) is not None:
                file.write(piece)
            file.seek(0)
        except OSError as error:
            raise refused(
                NOT_ENOUGH_SPACE, f"The body cannot be kept in a passing file: {os.strerror(error.errno or 0)}"
            ) from error
        yield f"/dev/fd/{file.fileno()}"


def from_file(head: bytes, path: str, format_: str) -> bytes:
    """An INSERT that takes its data from a file; ``head`` is all that stands before FORMAT or VALUES."""
    at = _settings_at(head)
    return b"%b\nFROM INFILE '%b' %b\nFORMAT %b" % (head[:at], path.encode(), head[at:], format_.encode())


def _settings_at(head: bytes) -> int:
    """Where the statement's settings begin; its end where it has none."""
    before = b""
    for token in tokens(head):
        if token.depth == 0:
            if token.text == b"SETTINGS" and token.kind == "word" and before not in _BEFORE_A_NAME:
                return token.start
            before = token.text
    return len(head)


def without_file(error: ServerError) -> ServerError:
    """The error without what is said of the file."""
    text = _NAMED_TWICE.sub(r"\1", _WHERE.sub("", _TWICE.sub(r"\1", error.text)))
    return ServerError(error.code, text, error.reason)
