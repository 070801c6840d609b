"""Waits until the ledger has what the log had when somebody asked: whoever decides has to see what happened before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.decisions.base import Command
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.sink.goal import stored_up_to
from opsledger.infra.sink.tails import reached
from opsledger.infra.store import Store
from opsledger.ingest.log.group import Place
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.ingest.log.topics import Topics
from opsledger.projections.ledger.sink_writer import SinkWriter

PATIENCE_S = 10.0
"""So long it is waited without anything coming; as long as a sink brings something, it is waited on."""
_ASK_EVERY_S = 0.25
_SHOWN = 5
_ASKED = frozenset(["complaint", "evaluation"])
"""Streams of decisions that are checked against what happened to the thing itself."""


def streams_of(commands: Iterable[Command]) -> list[str]:
    """The streams that commands are checked against."""
    found: set[str] = set()
    for command in commands:
        found |= {command.stream} & _ASKED
        found |= {str(getattr(command.body, "about", None) or "").partition("/")[0]} & set(STREAMS)
        if getattr(command.body, "evidence", None):
            found |= set(STREAMS)
    return sorted(found)


def wait_for(store: Store, log: KafkaLog, commands: Sequence[Command], *, patience_s: float = PATIENCE_S) -> None:
    """Return when the ledger has all that the log has now of what the commands are checked against; see ``wait_until``."""
    streams = streams_of(commands)
    if streams:
        ends = log.ends([log.topics.of(stream) for stream in streams])
        wait_until(store, log.topics, ends, "nobody can say what may be decided", patience_s=patience_s)


def wait_until(store: Store, topics: Topics, ends: Mapping[Place, int], else_: str, *, patience_s: float = PATIENCE_S) -> None:
    """Return when the ledger has the log up to ``ends``, places of streams' topics.

    UserError, exit code 4, when nothing comes for ``patience_s``; ``else_`` is what follows from it, as the user is told.
    """
    least, until = None, time.monotonic() + patience_s
    missing = dict(ends)
    while missing := missing_in(store, topics, {place: ends[place] for place in missing}):
        left = sum(missing.values())
        if least is None or left < least:
            least, until = left, time.monotonic() + patience_s
        if time.monotonic() > until:
            raise _behind(store, missing, else_)
        time.sleep(_ASK_EVERY_S)


def missing_in(store: Store, topics: Topics, ends: Mapping[Place, int]) -> dict[Place, int]:
    """Partition → how many of its messages before its end are not stored, at most; asks the engine."""
    ends = {place: end for place, end in ends.items() if end}
    far = reached(store, SinkWriter(store.client, store.manifest).ends(sorted({topics.stream(topic) for topic, _ in ends})))
    done = stored_up_to(store, ends, far)
    return {place: end - far.get(place, 0) for place, end in ends.items() if place not in done}


def _behind(store: Store, missing: Mapping[Place, int], else_: str) -> UserError:
    worst = sorted(missing.items(), key=lambda item: -item[1])
    told = "; ".join(
        f"of topic '{topic}', partition {partition}, up to {behind:,} messages are missing"
        for (topic, partition), behind in worst[:_SHOWN]
    )
    more = f" (and {len(worst) - _SHOWN} more partitions)" if len(worst) > _SHOWN else ""
    return UserError(
        f"the ledger {store.place} is behind the log, and nothing comes: {told}{more}, so that {else_}; start "
        "'opsledger sink', which brings them, then run the command again",
        EXIT_ENVIRONMENT,
    )
