"""Waits until the ledger has what the log had when somebody asked: whoever decides has to see what happened before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.decisions.base import Command
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.sink.goal import stored_up_to
from opsledger.infra.store import Store
from opsledger.ingest.log.kafka import KafkaLog
from opsledger.projections.ledger.sink_writer import SinkWriter

PATIENCE_S = 10.0
_ASK_EVERY_S = 0.25
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
    """Return when the ledger has all that the log has now of what the commands are checked against.

    UserError, exit code 4, where it does not get there in time.
    """
    streams = streams_of(commands)
    if not streams:
        return
    ends = {place: end for place, end in log.ends([log.topics.of(stream) for stream in streams]).items() if end}
    until = time.monotonic() + patience_s
    while missing := _missing(store, streams, ends):
        if time.monotonic() > until:
            (topic, partition), behind = max(missing.items(), key=lambda item: item[1])
            raise UserError(
                f"the ledger {store.place} is behind the log: of topic '{topic}', partition {partition}, up to {behind:,} "
                f"messages are missing ({len(missing)} partitions in all), so that nobody can say what may be decided; let "
                "'opsledger sink' bring them, then run the command again",
                EXIT_ENVIRONMENT,
            )
        time.sleep(_ASK_EVERY_S)


def _missing(store: Store, streams: Sequence[str], ends: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """Partition → how many messages at most are not stored."""
    reached = SinkWriter(store.client).ends(streams)
    done = stored_up_to(store, ends, reached)
    return {place: end - reached.get(place, 0) for place, end in ends.items() if place not in done}
