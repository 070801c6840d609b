"""``opsledger sink`` in a process of its own, whose Kafka client begins to spin: ``python -m tests.chaos.spinning_child DATA``.

As the client did over a batch that it could not read: in Python, without end, holding what it holds. With ``bare`` the call is
made by the main thread, as it was (negative control).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from opsledger.infra.cli.main import run
from opsledger.infra.sink.calls import Calls
from opsledger.ingest.log.group import Group


def spin(_self: Group, _timeout_s: float) -> None:
    while True:
        pass


def bare(_self: Calls, _doing: str, act: Callable[[], Any]) -> Any:
    return act()


if __name__ == "__main__":
    polled = Group.poll

    def poll(self: Group, timeout_s: float) -> Any:
        if self.assigned() and not self.fresh():
            sys.stderr.write("spins\n")
            sys.stderr.flush()
            return spin(self, timeout_s)
        return polled(self, timeout_s)

    Group.poll = poll  # type: ignore[method-assign]  # the fault
    if "bare" in sys.argv:
        Calls.once = bare  # type: ignore[method-assign]  # the defect
    sys.exit(run(["--data", sys.argv[1], "sink", "--quiet", "--metrics-port", "0"]))
