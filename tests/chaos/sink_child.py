"""A sink in a process of its own, made to be killed: ``python -m tests.chaos.sink_child DATA [OPTION…]``.

It reads the log of its environment to the end, in small chunks, and prints a line of JSON for each. Options:
``kill=<point>:<n>`` kills it at the n-th passing of a point: ``before-look`` (at the ledger, before each insert) and
``after-look``, ``before-insert``, ``during-insert``, ``after-insert`` (it is stored, and nobody has heard of it),
``before-dead``, ``after-dead``; ``stop=<point>:<n>`` stops it there (SIGSTOP) instead; ``name=<name>``; ``blind`` makes it
go by what it believes instead of by the ledger (negative control); ``follow`` makes it go on at the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from opsledger.domain.errors import UserError
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.infra.sink import gather, run
from opsledger.infra.sink.counts import total
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.sink.status import Status
from opsledger.infra.store import open_store
from opsledger.ingest.log import group
from opsledger.projections.ledger import sink_writer
from opsledger.projections.ledger.sink_writer import SinkWriter
from tests.sink_scene import SESSION_MS

ROWS = 200
DURING_S = 0.002


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


def struck(options: list[str], name: str, act: Callable[..., Any]) -> Callable[..., Any]:
    """The same act, with the process struck at the n-th passing before, during or after it.

    Before and after, the blow is at the acting thread itself, which takes no step more: one at the process is taken by any of
    its threads, and the others go on until they hear of it, far enough for a request to be sent.
    """
    blows = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
    found = [
        (blows[o.partition("=")[0]], o.partition("=")[2].rpartition(":")) for o in options if o.startswith(("kill=", "stop="))
    ]
    passed = 0

    def strike(when: str) -> None:
        for blow, (point, _, nth) in found:
            if point == f"{when}-{name}" and passed == int(nth):
                if when == "during":
                    threading.Timer(DURING_S, os.kill, (os.getpid(), blow)).start()
                else:
                    signal.pthread_kill(threading.get_ident(), blow)

    def acted(*args: Any, **more: Any) -> Any:
        nonlocal passed
        passed += 1
        strike("before")
        strike("during")
        result = act(*args, **more)
        strike("after")
        return result

    return acted


def blind() -> None:
    """The control's defect: a resume from the committed offsets' place, and no look at the ledger before an insert."""

    def believed(self: SinkWriter, reading: Any) -> dict[int, int]:
        return {p: self._known[reading.topic, p].expected for p in reading.spans if (reading.topic, p) in self._known}

    SinkWriter._seen = believed  # type: ignore[method-assign]  # the defect
    SinkWriter.ends = lambda _self, _streams=(): {}  # type: ignore[method-assign,assignment,misc]  # likewise


def shown(status: Status) -> None:
    count = total(dict(status.counts))
    tell(read=count.read, accepted=count.accepted, partitions=len(status.assigned))


def main(data: str, *options: str) -> None:
    given = dict(option.partition("=")[::2] for option in options)
    gather.MAX_ROWS, run.GATHER_S, group.MAX_POLL_BATCHES = ROWS, 0.0, 2
    if "blind" in options:
        blind()
    with ExitStack() as stack:
        try:
            store = stack.enter_context(open_store(Path(data), writes=True))
            SinkWriter._seen = struck(list(options), "look", SinkWriter._seen)  # type: ignore[method-assign]  # the kill
            sink_writer.insert_block = struck(list(options), "insert", sink_writer.insert_block)
            store.dead_letters.keep = struck(list(options), "dead", store.dead_letters.keep)  # type: ignore[method-assign]  # the kill
            chosen = SinkOptions(given.get("name", "child"), until_end="follow" not in options, session_ms=SESSION_MS)
            sink = Sink(store, needed(kafka_settings()), chosen, shown)
            signal.signal(signal.SIGTERM, lambda *_: sink.stop())
            tell(opened=True)
            shown(sink.run())
            tell(ended=True)
        except UserError as error:
            tell(problem=str(error), exit_code=error.exit_code)
            sys.exit(error.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
