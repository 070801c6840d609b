"""The HTTP ingest in a process of its own, made to be killed: ``python -m tests.chaos.serve_child DATA [OPTION…]``.

It is ``opsledger serve`` on a free port, its log that of the environment. Options: ``kill=<point>:<n>`` kills it at the n-th
append: ``before-append``, ``during-append``, ``after-append`` (stored, and nobody has been answered); ``boast`` makes it answer
before it stores (negative control).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from opsledger.domain.dead_letters import Outcome
from opsledger.domain.envelope import Position
from opsledger.infra.cli.main import main as command
from opsledger.ingest.http.committer import Committer
from opsledger.ingest.http.verdict import Verdict
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.projections.ledger.local_log import LocalLog

DURING_S = 0.002


def killed_at(point: str, nth: int) -> None:
    """Have every kind of log kill this process at an append."""
    passed = 0
    for kind in (KafkaLog, LocalLog):
        append = kind.append

        def acted(self: Any, events: Any, *, backfill: bool = False, append: Any = append) -> Any:
            nonlocal passed
            passed += 1
            if passed == nth and point == "before-append":
                os.kill(os.getpid(), signal.SIGKILL)
            if passed == nth and point == "during-append":
                blow = threading.Thread(
                    target=lambda: (time.sleep(DURING_S), os.kill(os.getpid(), signal.SIGKILL)), daemon=True
                )
                blow.start()
            spans = append(self, events, backfill=backfill)
            if passed >= nth and point != "before-append":
                os.kill(os.getpid(), signal.SIGKILL)
            return spans

        kind.append = acted  # type: ignore[method-assign]  # the kill


def boast() -> None:
    """The control's defect: an answer before the log's."""
    take = Committer.take

    def boasted(self: Committer, owner: Any, items: Sequence[Any]) -> list[Verdict]:
        threading.Thread(target=take, args=(self, owner, items), daemon=True).start()
        return [Verdict(Outcome.ACCEPTED, Position("", 0, 0)) for _ in items]

    Committer.take = boasted  # type: ignore[method-assign]  # the defect


def main(data: str, *options: str) -> None:
    for option in options:
        if option == "boast":
            boast()
        else:
            point, _, nth = option.removeprefix("kill=").partition(":")
            killed_at(point, int(nth))
    command(["--data", data, "serve", "--port", "0"])


if __name__ == "__main__":
    main(*sys.argv[1:])
