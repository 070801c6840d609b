"""What the engine or the disk refuses, said so that the user knows what to do; everything else stays a fault of ours."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.projections.ledger.tables import LEDGER

_NOT_ENOUGH_SPACE = 243
_MEMORY_LIMIT_EXCEEDED = 241
_UNKNOWN_TABLE = 60
_DAMAGE = frozenset({6, 27, 32, 33, 40, 74, 89, 107, 117, 128, 131, 226, 227, 228, 246, 271, 272, 432})
"""What the engine says of data that are not what it has written: files gone, cut short or other than their checksums, a
codec or a length that cannot be. Of the most it says so of what it was sent, too: then its words name no part of a table."""
_NAMED = re.compile(r"in table `?\w+`?\.`?(\w+)`? \(")
_PART = re.compile(r"store/[0-9a-f]{3}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?:detached/)?([\w.-]+)")
_UNKNOWN = re.compile(r"(?:Table (?:\w+\.)?|table expression identifier '(?:\w+\.)?)`?(\w+)`?")
_ANYWAY = ", or go on with an empty one, on record: opsledger --accept-loss COMMAND"
_ALL = "; opsledger doctor --deep names all that is damaged"
_TABLE_OF = "SELECT name FROM system.tables WHERE toString(uuid) = {uuid:String} LIMIT 1"

_ADVICE: dict[int, str] = {
    errno.ENOSPC: "the disk is full; make room and run the same command again",
    errno.EDQUOT: "the disk quota is used up; make room and run the same command again",
    errno.EFBIG: "a file would grow past this user's limit (ulimit -f); raise it and run the same command again",
    errno.EROFS: "the file system is read-only; use a directory that can be written (--data)",
    errno.EACCES: "permission denied; use a directory that this user may write (--data), or have its owner changed",
    errno.EPERM: "the operating system does not allow it; use another directory (--data)",
    errno.EMFILE: "too many open files; raise the limit (ulimit -n 4096) and run the same command again",
    errno.EIO: "the disk reports an input/output error; check it before anything else",
}
_TEXTS: tuple[tuple[int, str], ...] = tuple(
    (number, re.escape(os.strerror(number))) for number in _ADVICE if number not in (errno.EPERM, errno.EIO)
)


@contextmanager
def told_to_user(doing: str) -> Iterator[None]:
    """Turn errors of disk, rights and memory into UserError (exit code 4); ``doing`` names what was tried."""
    try:
        yield
    except (ClickHouseError, OSError) as error:
        advice = _advice(error)
        if advice is None:
            raise
        raise UserError(f"{doing}: {advice}", EXIT_ENVIRONMENT) from error


def _advice(error: Exception) -> str | None:
    if isinstance(error, OSError) and error.errno in _ADVICE:
        return _ADVICE[error.errno]
    if not isinstance(error, ClickHouseError):
        return None
    code = getattr(error, "code", None)
    if code == _NOT_ENOUGH_SPACE:
        return _ADVICE[errno.ENOSPC]
    if code == _MEMORY_LIMIT_EXCEEDED:
        return "the engine's memory limit is reached; close other programs and run the same command again"
    return advice_in(str(error))


def advice_in(text: str) -> str | None:
    """What to do about an error of disk or rights that the engine's words tell of; None where they tell of none."""
    number = re.search(r"errno: (\d+)", text)
    if number and int(number[1]) in _ADVICE:
        return _ADVICE[int(number[1])]
    return next((_ADVICE[known] for known, pattern in _TEXTS if re.search(pattern, text, re.IGNORECASE)), None)


def is_damage(error: BaseException) -> bool:
    """Whether the engine says of data that they are not what it has written."""
    code = getattr(error, "code", None)
    return isinstance(error, ClickHouseError) and code in _DAMAGE and bool(_PART.search(str(error)))


@contextmanager
def damage_told(client: Any, *, whole: bool = True) -> Iterator[None]:
    """Turn the engine's errors over damaged data into UserError (exit code 4): which table, and what to do; so, too, those over
    disk, rights and memory.

    ``whole``: all tables have to be there, so that one that is unknown is gone; a server's may only not have been made yet.
    """
    try:
        yield
    except ClickHouseError as error:
        if is_damage(error):
            raise UserError(of_damage(client, error), EXIT_ENVIRONMENT) from error
        if advice := _advice(error):
            raise UserError(f"the engine could not go on: {advice}", EXIT_ENVIRONMENT) from error
        gone = _UNKNOWN.search(str(error)) if whole and getattr(error, "code", None) == _UNKNOWN_TABLE else None
        if gone and gone[1].removesuffix("_once") in LEDGER:
            told = f"the ledger's table '{gone[1]}' is gone: {remedy(gone[1])}{_ANYWAY}{_ALL}"
            raise UserError(told, EXIT_ENVIRONMENT) from error
        raise


def of_damage(client: Any, error: Exception) -> str:
    """Which table is damaged, and what to do: in most cases the engine names it, in others only the folder of its part."""
    text = str(error)
    part = _PART.search(text)
    named, where = _NAMED.search(text), part[0] if part else "a table"
    with suppress(Exception):  # the engine itself may be what is at an end
        name = named[1] if named else str(client.query(_TABLE_OF, parameters={"uuid": part[1] if part else ""}).first_row[0])
        place = f", in part {part[2]}" if part else ""
        return f"data of table '{name}' are damaged{place} ({summary(text)}): {remedy(name)}{_ALL}"
    return f"data are damaged in {where} ({summary(text)}): {remedy('')}{_ALL}"


def remedy(table: str) -> str:
    """What to do about a damaged table; '' where it is not known which."""
    if table in LEDGER:
        return "restore the ledger from a backup"
    if table:
        return "make the facts anew from the ledger: opsledger rebuild"
    return "restore it from a backup"


def summary(text: str) -> str:
    """What the engine says, without where and how."""
    said = text.partition("DB::Exception: ")[2] or text
    return said.split("\n", 1)[0].split(" Reference:", 1)[0].split(": While ", 1)[0][:160].rstrip(".: ")
