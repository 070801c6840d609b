"""A command in a process of its own, made to be hurt: ``python -m tests.chaos.matrix.child [OPTION…] -- COMMAND…``.

The command is the real one; its chunks are small, and it prints a line of JSON whenever it would tell a user of progress.
An option is ``<blow>=<moment>-<act>:<nth>``. Acts: ``insert`` (into the ledger), ``look`` (at the ledger, before each
insert), ``append`` (to the log). Moments: before, during, after. Blows: ``kill`` (-9), ``stop`` (SIGSTOP). Besides:
``drop=<act>:<nth>`` says that the act was done and does not do it, ``blind`` has the sink go by what it believes, ``hasty``
a following save its place before the lines are stored (controls' defects), and ``slow=<act>:<seconds>`` makes each act
take longer.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from opsledger.infra.cli.main import main as command_line
from tests.chaos.follow_child import hasty_turn
from tests.chaos.sink_child import ROWS, blind, shown, struck, tell
from tests.sink_scene import SESSION_MS

RECORDS = 100
"""Of a chunk that is read, and appended at once."""
DECISIONS = 5
TURN_BYTES = 4 * 1024
"""Of a file that is followed, read at once."""
_ON_PARENTS_DEATH = 1
Act = Callable[..., Any]


def hurt(options: Sequence[str], name: str, act: Act) -> Act:
    """The same act, as the options want it."""
    act = struck(list(options), name, _changed(options, name, act))
    delays = [float(o.rpartition(":")[2]) for o in options if o.startswith(f"slow={name}:")]

    def slowed(*args: Any, **more: Any) -> Any:
        time.sleep(sum(delays))
        return act(*args, **more)

    return slowed if delays else act


def _changed(options: Sequence[str], name: str, act: Act) -> Act:
    dropped = {int(o.rpartition(":")[2]) for o in options if o.startswith(f"drop={name}:")}
    passed = 0

    def acted(*args: Any, **more: Any) -> Any:
        nonlocal passed
        passed += 1
        return [] if passed in dropped else act(*args, **more)

    return acted if dropped else act


@contextmanager
def _told(_what: str, **_: object) -> Iterator[Callable[..., None]]:
    """In place of the terminal's progress: the note says how much is acknowledged."""

    def report(_done: object, _total: object, note: str) -> None:
        tell(acknowledged=int(note.rpartition(": ")[2].split(" ", 1)[0].replace(",", "")))

    yield report


def prepare_sink(options: Sequence[str]) -> None:
    """Small chunks, quick to be missed by its group, and hurt."""
    from opsledger.infra.cli import sink as command
    from opsledger.infra.sink import gather, run
    from opsledger.ingest.log import group
    from opsledger.projections.ledger import sink_writer

    gather.MAX_ROWS, run.GATHER_S, group.MAX_POLL_BATCHES = ROWS, 0.0, 2
    if "blind" in options:
        blind()
    writer: Any = sink_writer.SinkWriter
    writer._seen = hurt(options, "look", writer._seen)
    sink_writer.insert_block = hurt(options, "insert", sink_writer.insert_block)
    changed: Any = command
    changed.SinkOptions = partial(command.SinkOptions, session_ms=SESSION_MS)
    changed._shown = lambda _report, **_: shown


def follow_closely(options: Sequence[str]) -> None:
    """Little is read in a turn, and a file that was rotated is left at its end."""
    from opsledger.ingest.follow import follower, tail

    changed: Any = follower.Follower
    tail.TURN_BYTES, tail.QUIET_S = TURN_BYTES, 0.0
    if "hasty" in options:
        changed.turn = hasty_turn


def prepare_source(options: Sequence[str], command: Sequence[str], verb: str) -> None:
    """Small appends, and hurt."""
    from opsledger.ingest import stages
    from opsledger.ingest.adapters import jsonlines
    from opsledger.ingest.log.kafka import KafkaLog

    jsonlines.CHUNK_RECORDS, stages.FLUSH_EVENTS = RECORDS, RECORDS // 2
    log: Any = KafkaLog
    log.append = hurt(options, "append", log.append)
    if "--follow" in command:
        follow_closely(options)
    elif verb == "ingest":
        changed: Any = import_module("opsledger.infra.cli.ingest_kafka")
        changed.progress = _told
    if verb == "relay":
        relaying: Any = import_module("opsledger.infra.relaying")
        relaying.relayed = partial(relaying.relayed, batch=DECISIONS)


def main(*arguments: str) -> None:
    ctypes.CDLL(None).prctl(_ON_PARENTS_DEATH, signal.SIGKILL)  # whatever ends the test ends this
    cut = arguments.index("--")
    options, command = arguments[:cut], arguments[cut + 1 :]
    verb = next(each for each in command if each in ("sink", "ingest", "relay", "serve"))
    if verb == "sink":
        prepare_sink(options)
    else:
        prepare_source(options, command, verb)
    tell(started=True)
    command_line(list(command))


if __name__ == "__main__":
    main(*sys.argv[1:])
