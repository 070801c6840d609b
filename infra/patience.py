"""How work that never ends meets what is away for a while: told once, tried again until it works, later and later."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

LONGEST_WAIT_S = 30.0
"""Between two tries."""
Tell = Callable[[str], None]


class Patience:
    """Waits longer and longer while something is away, and tells of it once."""

    def __init__(self, stop: Event, tell: Tell) -> None:
        self._stop, self._tell, self._wait_s, self._told = stop, tell, 0.0, ""

    def wait(self, error: UserError) -> None:
        """Wait for the next try; raises what no waiting mends."""
        if error.exit_code != EXIT_ENVIRONMENT or self._stop.is_set():
            raise error
        if str(error) != self._told:
            self._told = str(error)
            self._tell(f"{error}; nothing is lost: it is tried again until it works")
        self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s or 1.0)
        self._stop.wait(self._wait_s)

    def over(self) -> None:
        """It went well."""
        if self._told:
            self._tell("it works again")
        self._told, self._wait_s = "", 0.0
