"""Shares partitions out among the sinks of a group so that each topic's are spread, not just their number over all topics.

Kafka's own sticky assignors count partitions, whatever their topic: of a log where one topic has nine tenths of the messages,
one sink may get all partitions of that topic and the other those where nothing happens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsledger.ingest.log.client import ConsumerProtocolAssignment, CooperativeStickyAssignor

Place = tuple[str, int]
"""(topic, partition)"""


def spread(places: Iterable[Place], members: Sequence[str], owners: Mapping[Place, str]) -> dict[Place, str]:
    """Place → member: of each topic every member gets the same number, or one more; who has a place keeps it where it can.

    Given its own answer as ``owners`` it changes nothing.
    """
    by_topic: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(places):
        by_topic[place[0]].append(place)
    found: dict[Place, str] = {}
    totals = dict.fromkeys(sorted(members), 0)
    for mine in by_topic.values():
        shared = _shared(mine, totals, owners)
        for member in shared.values():
            totals[member] += 1
        found |= shared
    return found


def _shared(places: Sequence[Place], totals: Mapping[str, int], owners: Mapping[Place, str]) -> dict[Place, str]:
    """The places of one topic; ``totals``: how many of other topics each member has by now, the names in order."""
    each, more = divmod(len(places), len(totals))
    had = {member: sum(owners.get(place) == member for place in places) for member in totals}
    # one more for those who have more already, then for those who have the least of all topics
    first = sorted(totals, key=lambda member: (-min(had[member], each + 1), totals[member]))
    room = {member: each + (rank < more) for rank, member in enumerate(first)}
    found: dict[Place, str] = {}
    for place in places:
        owner = owners.get(place, "")
        if room.get(owner, 0):
            found[place] = owner
            room[owner] -= 1
    for place in places:
        if place not in found:
            member = max(room, key=lambda name: room[name])
            found[place] = member
            room[member] -= 1
    return found


class SpreadAssignor(CooperativeStickyAssignor):  # type: ignore[misc]  # the client is not typed
    """``spread`` by Kafka's cooperative protocol: what has to move is given up first, and handed on in the next round.

    ``partitions``: topic → how many it has at least. The client joins before it has heard of its topics, and would hand out
    nothing until then; killed at that moment, it leaves this to its next run, which as a member known by name is given what
    it had, nothing, for ever.
    """

    name = "opsledger-spread"

    def __init__(self, partitions: Mapping[str, int]) -> None:
        super().__init__()
        self._partitions = partitions
        self.has_answer = False
        """Whether a join has come to its end: the client knows what is ours, nothing maybe."""

    def on_assignment(self, assignment: ConsumerProtocolAssignment, generation: int) -> None:
        """The client calls it after each join, with what we are given."""
        super().on_assignment(assignment, generation)
        self.has_answer = True

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, ConsumerProtocolAssignment]:
        """The leader's answer to all members: (topic, partitions) of each."""
        told = {member.member_id: self.parse_member_metadata(member.metadata) for member in members}
        owners = {(tp.topic, tp.partition): member for member, said in told.items() for tp in said.partitions}
        topics = {topic for said in told.values() for topic in said.subscription}
        heard = {topic: cluster.partitions_for_topic(topic) or set() for topic in topics}
        places = [(topic, n) for topic in topics for n in heard[topic] | {*range(self._partitions.get(topic, 0))}]
        given: dict[str, dict[str, list[int]]] = {member: defaultdict(list) for member in told}
        for (topic, partition), member in spread(places, list(told), owners).items():
            if owners.get((topic, partition), member) == member:  # another's has to be given up before it is given
                given[member][topic].append(partition)
        return {
            member: ConsumerProtocolAssignment(self.version, sorted((t, sorted(ps)) for t, ps in mine.items()), b"")
            for member, mine in given.items()
        }
