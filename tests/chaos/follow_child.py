"""A following in a process of its own, made to be killed: ``python -m tests.chaos.follow_child FILE STATE LOG [OPTION…]``.

LOG is a data directory, or ``kafka`` for the one in the environment. It follows until nothing is new, then says so in a
line of JSON. Options: ``kill=<point>:<n>`` kills it at the n-th passing of a point (before-append, after-append, before-save,
after-save), ``hasty`` saves the place before the lines are stored (negative control).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from opsledger.domain.clock import FixedClock
from opsledger.infra.following import Following, Target
from opsledger.infra.ingesting import Ask
from opsledger.infra.kafka.log import open_kafka_log, stores_of
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.infra.store import open_store
from opsledger.ingest import stages
from opsledger.ingest.follow import follower, tail
from opsledger.ingest.follow.state import StateFile
from opsledger.ingest.importer import Stores
from opsledger.ingest.tally import Tally
from tests.chaos.import_child import FLUSH_EVENTS, killing, tell
from tests.ledger_samples import NOW

TURN_BYTES = 32 * 1024


def hasty_turn(self: follower.Follower) -> Any:
    """The defect: the place is saved first, with the lines before it counted as done; the lines are stored then."""
    part = self._tail.next()
    if part is None:
        return None
    held = list(self._reading.chunks(part))
    read = sum(chunk.read for chunk in held)
    self._tail.taken(part)
    self.counts = self.counts.plus(Tally(read, accepted=read))
    self._save()
    return self._store(held)


def follow(target: Target, file: str, state: str, options: list[str]) -> None:
    """Until nothing is new."""
    stores: Any = target.stores
    for option in options:
        if option.startswith("kill="):
            point, _, nth = option.removeprefix("kill=").partition(":")
            stores.log.append = killing(point, int(nth), stores.log.append, "append")
            StateFile.save = killing(point, int(nth), StateFile.save, "save")  # type: ignore[method-assign]  # the kill
    ask = Ask("jsonl", tenant="t1", source="sim:test")
    following = Following([file], ask, target, Path(state), FixedClock(NOW), lambda _text: None)
    if "hasty" in options:
        follower.Follower.turn = hasty_turn  # type: ignore[method-assign]  # the control's defect
    tell(opened=True)
    while following.round():
        tell(read=following.followed[0].total.read)
    counts = following.followed[0].total
    following.close()
    tell(done=True, read=counts.read, accepted=counts.accepted, duplicate=counts.duplicate, dead=counts.dead)


def main(file: str, state: str, log: str, *options: str) -> None:
    stages.FLUSH_EVENTS, tail.TURN_BYTES, tail.QUIET_S = FLUSH_EVENTS, TURN_BYTES, 0.0
    if log == "kafka":
        with open_kafka_log(needed(kafka_settings())) as kafka:
            follow(Target("kafka", stores_of(kafka)), file, state, list(options))
        return
    with open_store(Path(log), clock=FixedClock(NOW)) as store:
        stores = Stores(store.log, store.ledger, store.dead_letters, store.imports)
        follow(Target("ledger", stores), file, state, list(options))


if __name__ == "__main__":
    main(*sys.argv[1:])
