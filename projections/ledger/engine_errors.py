"""What the engine or the disk refuses, said so that the user knows what to do; everything else stays a fault of ours."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

_NOT_ENOUGH_SPACE = 243
_MEMORY_LIMIT_EXCEEDED = 241

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
    text = str(error)
    number = re.search(r"errno: (\d+)", text)
    if number and int(number[1]) in _ADVICE:
        return _ADVICE[int(number[1])]
    return next((_ADVICE[known] for known, pattern in _TEXTS if re.search(pattern, text, re.IGNORECASE)), None)
