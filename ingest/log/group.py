"""A member of the group of sinks: which partitions are ours, and what comes off them, from the places that the ledger names.

Offsets committed to Kafka are for those who watch; nothing here ever starts from them. A partition that is newly ours stands
still until ``seek`` says where the ledger goes on.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

from opsledger.ingest.log.client import (
    READ_COMMITTED,
    REBALANCING,
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaError,
    MemberToRemove,
    OffsetAndMetadata,
    Standing,
    TopicPartition,
    has_forgotten_its_join,
    is_joined,
    join_again,
    read_by,
    standing,
)
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.reader import ends_of
from opsledger.ingest.log.spread import SpreadAssignor
from opsledger.ingest.log.unpack import Run, Runs, joined

__all__ = ["REBALANCING", "Group", "Place", "instance_id"]
Place = tuple[str, int]
"""(topic, partition)"""
MAX_POLL_BATCHES = 16
SESSION_MS = 15_000
"""A member that says nothing for so long is taken for gone, and its partitions go to the others."""
_FETCH: Mapping[str, int] = {
    "max_partition_fetch_bytes": 4 * 1024 * 1024,
    "fetch_max_bytes": 32 * 1024 * 1024,
    "fetch_max_wait_ms": 100,
    "receive_buffer_bytes": 1024 * 1024,
}
_ENDS_S = 30.0
"""So long the brokers may take to say where their partitions end, as long as the client itself would wait."""
METADATA_MS = 30_000
"""So often the topics are looked at anew: partitions that were added come to us then."""
FORGOTTEN_S = 1.0
"""After so long a join that nobody waits for is asked for again."""
_LETTING_GO_S = 5.0
"""So long a partition that is taken away may still wait for the insert under way; well below the session's end."""


def instance_id(name: str) -> str:
    """A name as Kafka allows it for a static member."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:200] or "sink"


class Group:
    """One member. All calls from one thread, but for what ``let_go`` does, which is called from the client's own.

    ``topics``: what is read, each with the number of its partitions.
    ``let_go`` is called with the partitions that are being taken away and returns True once nothing of theirs is on its way
    to the ledger; until then (at most some seconds) they stay ours.
    """

    def __init__(
        self,
        client: Mapping[str, Any],
        topics: Mapping[str, int],
        group: str,
        name: str,
        let_go: Callable[[frozenset[Place]], bool],
        *,
        session_ms: int = SESSION_MS,
    ) -> None:
        self._client, self._group, self._instance = dict(client), group, instance_id(name)
        self._listener = _Listener(self, let_go)
        self._fresh: set[Place] = set()
        self._forgotten_since: float | None = None
        self._guard = Lock()
        self._assignor = SpreadAssignor(topics)
        self.consumer = KafkaConsumer(
            **client,
            **_FETCH,
            client_id=self._instance,
            group_id=group,
            group_instance_id=self._instance,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_MS,
            max_poll_records=MAX_POLL_BATCHES,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=min(3_000, session_ms // 4),
            isolation_level=READ_COMMITTED,
        )
        read_by(self.consumer, Runs)
        self.consumer.subscribe(topics=sorted(topics), listener=self._listener)
        self.consumer.topics()  # asks the brokers: a client that hears of its topics after it has joined joins once more

    def has_joined(self) -> bool:
        """Whether the group has told us yet which partitions are ours; none, maybe."""
        return self._assignor.has_answer

    def is_joined(self) -> bool:
        """Whether the group is together, and we are in it."""
        return is_joined(self.consumer)

    def assigned(self) -> frozenset[Place]:
        """The partitions that are ours now."""
        return frozenset((tp.topic, tp.partition) for tp in self.consumer.assignment())

    def fresh(self) -> frozenset[Place]:
        """Those of them that stand still and wait for ``seek``."""
        with self._guard:
            return frozenset(self._fresh) & self.assigned()

    def seek(self, positions: Mapping[Place, int]) -> None:
        """Read on from these offsets."""
        for place, offset in positions.items():
            partition = TopicPartition(*place)
            if partition not in self.consumer.assignment():  # taken away again meanwhile
                continue
            self.consumer.seek(partition, offset)
            with self._guard:
                self._fresh.discard(place)
            self.consumer.resume(partition)

    def poll(self, timeout_s: float) -> list[Fetched]:
        """What has come, some batches at most; waits so long for the first. Errors of Kafka are raised as they are."""
        self._ask_again()
        try:
            found = self.consumer.poll(timeout_ms=int(timeout_s * 1000))
            fresh = self.fresh()
            places = {(tp.topic, tp.partition): runs for tp, runs in found.items()}
            return [_fetched(place, runs) for place, runs in places.items() if place not in fresh]
        except BaseException:
            self.assigned_again()
            raise

    def _ask_again(self) -> None:
        """The client now and then forgets a join under way (it is rebalancing, and nobody waits for the end): without this it
        would stay without partitions for ever."""
        if not has_forgotten_its_join(self.consumer):
            self._forgotten_since = None
        elif self._forgotten_since is None:
            self._forgotten_since = time.monotonic()
        elif time.monotonic() - self._forgotten_since >= FORGOTTEN_S:
            self._forgotten_since = None
            join_again(self.consumer)

    def assigned_again(self) -> None:
        """All is read anew from where the ledger ends: the client may have moved on past records that nobody has seen."""
        self.hold(self.assigned())

    def idle(self) -> None:
        """Stay a member while nothing more can be taken in: the partitions stand still for this moment."""
        moving = self.consumer.assignment() - self.consumer.paused()
        self.consumer.pause(*moving)
        try:
            missed = self.consumer.poll(timeout_ms=0)
            self.hold((tp.topic, tp.partition) for tp in missed)  # nothing comes of what stands still; if it did, again
        finally:
            with self._guard:
                waiting = set(self._fresh)
            ours = self.consumer.assignment()
            self.consumer.resume(*[tp for tp in moving if tp in ours and tuple(tp) not in waiting])

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """How far the partitions can be read: where they end, or where a transaction begins that is still open."""
        found = ends_of(self.consumer, [TopicPartition(*place) for place in places], _ENDS_S)
        return {(tp.topic, tp.partition): end for tp, end in found.items()}

    def standings(self) -> dict[Place, Standing]:
        """How each of our partitions stands that is being read, as of the last answers that came."""
        fresh = self.fresh()
        return {place: standing(self.consumer, TopicPartition(*place)) for place in self.assigned() - fresh}

    def position(self, place: Place) -> int:
        """How far one of our partitions was fetched: also past what the log holds and never hands out."""
        return standing(self.consumer, TopicPartition(*place)).position or 0

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Tell Kafka how far we are, for those who watch. Errors are raised; nothing depends on them."""
        ours = self.assigned()
        offsets = {TopicPartition(*p): OffsetAndMetadata(n, "", -1) for p, n in positions.items() if p in ours}
        if offsets:
            self.consumer.commit(offsets, timeout_ms=5_000)

    def close(self, *, leave: bool = True) -> None:
        """Leave the group, so that others take over at once; without ``leave`` our place is kept until the session ends."""
        with contextlib.suppress(KafkaError):
            self.consumer.close(autocommit=False, timeout_ms=5_000)
        if leave:
            with contextlib.suppress(KafkaError):
                _leave(self._client, self._group, self._instance)

    def hold(self, places: Iterable[Place]) -> None:
        """Have new partitions stand still at a place of no meaning, so that no committed offset is ever asked for."""
        for place in places:
            partition = TopicPartition(*place)
            if partition not in self.consumer.assignment():  # taken away again meanwhile
                continue
            with self._guard:
                self._fresh.add(place)
            self.consumer.seek(partition, 0)
            self.consumer.pause(partition)


class _Listener:
    """Hears of changes on the client's own thread: quick, but for letting go of what is on its way."""

    def __init__(self, group: Group, let_go: Callable[[frozenset[Place]], bool]) -> None:
        self._group, self._let_go = group, let_go

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._group.hold((tp.topic, tp.partition) for tp in assigned)

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self.on_partitions_revoked(lost)

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        places = frozenset((tp.topic, tp.partition) for tp in revoked)
        end = time.monotonic() + _LETTING_GO_S
        while places and not self._let_go(places) and time.monotonic() < end:
            time.sleep(0.01)


ConsumerRebalanceListener.register(_Listener)


def _fetched(place: Place, runs: Sequence[Run]) -> Fetched:
    run = joined(runs)
    return Fetched(*place, run.offsets, run.keys, run.values, run.at, run.headers, run.until, run.broken)


def _leave(client: Mapping[str, Any], group: str, instance: str) -> None:
    admin = KafkaAdminClient(**client)
    try:
        admin.remove_group_members(group, [MemberToRemove(group_instance_id=instance)])
    finally:
        admin.close()
