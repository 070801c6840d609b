"""An import in a process of its own, made to be killed: ``python -m tests.chaos.import_child DATA FILE [OPTION…]``.

It prints one line of JSON each time that more is stored. Options: ``kill=<point>:<n>`` kills it at the n-th passing of a
point (before-dead, after-dead, before-append, after-append); ``boast`` makes it report what is not stored yet, and
``blind`` makes it believe that nothing is stored (negative controls); ``nobody`` takes root's rights from it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.store import Store, open_store
from opsledger.ingest import stages
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.tally import Tally
from tests.ledger_samples import NOW, chunks, importer, spec

CHUNK_RECORDS = 150
FLUSH_EVENTS = 400
NOBODY = 65534


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


def told(tally: Tally) -> None:
    tell(stored=tally.events, dead=tally.dead, read=tally.read)


def killing(point: str, nth: int, act: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same act, with the process killed at the n-th passing before or after it."""
    passed = 0

    def acted(*args: Any, **more: Any) -> Any:
        nonlocal passed
        passed += 1
        if point == f"before-{name}" and passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = act(*args, **more)
        if point == f"after-{name}" and passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return acted


def boasting(source: Iterator[Chunk]) -> Iterator[Chunk]:
    """Report each chunk as stored the moment that it is read."""
    read = 0
    for chunk in source:
        read += chunk.read
        tell(stored=read, dead=0, read=read)
        yield chunk


def blind(store: Store) -> None:
    empty = pa.table({"row": pa.array([], pa.uint32()), "same": pa.array([], pa.uint8())})
    store.ledger.stored = lambda asked: empty  # type: ignore[method-assign]  # the control's defect


def run(store: Store, lines: list[bytes], options: list[str]) -> None:
    for option in options:
        if option.startswith("kill="):
            point, _, nth = option.removeprefix("kill=").partition(":")
            store.log.append = killing(point, int(nth), store.log.append, "append")  # type: ignore[method-assign]  # the kill
            store.dead_letters.keep = killing(point, int(nth), store.dead_letters.keep, "dead")  # type: ignore[method-assign]
    if "blind" in options:
        blind(store)
    source = chunks(lines, CHUNK_RECORDS)
    result = importer(store).run(boasting(source) if "boast" in options else source, spec(), told)
    tally, problem = result.tally, str(result.problem or "")
    tell(problem=problem, interrupted=result.interrupted, stored=tally.events, dead=tally.dead, read=tally.read)
    sys.exit(result.problem.exit_code if result.problem else 0)


def main(data: str, file: str, *options: str) -> None:
    stages.FLUSH_EVENTS = FLUSH_EVENTS
    if "nobody" in options:
        os.setgroups([])
        os.setuid(NOBODY)
    try:
        with open_store(Path(data), clock=FixedClock(NOW), command="opsledger ingest") as store:
            tell(opened=True)
            run(store, Path(file).read_bytes().splitlines(), list(options))
    except UserError as error:
        tell(problem=str(error), exit_code=error.exit_code)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
