"""What the user can mend: errors that carry a message and an exit code instead of a traceback."""

from __future__ import annotations

EXIT_USAGE = 2
"""The command or its input is wrong: the message says what, where and what to do."""
EXIT_INCOMPLETE = 3
"""The work was done and something needs attention: dead letters, a law that does not hold."""
EXIT_ENVIRONMENT = 4
"""Disk full, no permission, the data directory is in use by another process, what is stored is damaged."""
EXIT_INTERRUPTED = 130
"""Stopped by Ctrl-C; what was accepted before is stored."""


class UserError(Exception):
    """Something the user can mend. The message says what was wrong, where, and what to do."""

    def __init__(self, message: str, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def nearest(word: str, valid: list[str] | tuple[str, ...]) -> str:
    """A hint for a misspelt word: ``; did you mean 'queue'?``, or the valid words when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  only needed when something is wrong

    close = get_close_matches(word, valid, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; valid: {', '.join(sorted(valid))}"
