"""Tries again what the table of errors says may work later, waiting longer each time; stops where it says so."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from opsledger.infra.sink.errors import as_user_error, is_final, rule_of, wait_s

T = TypeVar("T")
Trouble = Callable[[BaseException, str, float], None]
"""Called with an error that is tried again, what was being done, and the seconds until then."""


class Stopped(Exception):  # noqa: N818  nothing is wrong
    """The sink was asked to stop while it waited to try again."""


class Retrier:
    """``stop`` ends the waiting; ``chance`` spreads it, so that several sinks do not come all at once.

    ``over`` is called with what was being done once it has worked after all.
    """

    def __init__(self, stop: Event, trouble: Trouble, over: Callable[[str], None], chance: random.Random) -> None:
        self._stop, self._trouble, self._over, self._chance = stop, trouble, over, chance

    def call(self, doing: str, act: Callable[[], T]) -> T:
        """What ``act`` returns once it works. Raises what is final, said so that the user knows what to do, or Stopped."""
        failures = 0
        while True:
            try:
                found = act()
            except Stopped:
                raise
            except Exception as error:  # every error is looked up in the table
                failures += 1
                if is_final(rule_of(error), failures):
                    told = as_user_error(error, doing)
                    if told is error:
                        raise
                    raise told from error
                pause = wait_s(failures, self._chance)
                self._trouble(error, doing, pause)
                if self._stop.wait(pause):
                    raise Stopped from error
            else:
                if failures:
                    self._over(doing)
                return found
