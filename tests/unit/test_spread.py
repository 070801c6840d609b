"""Sinks of a group share each topic's partitions, and keep what they have where they can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import TopicPartition

from opsledger.ingest.log.spread import Place, SpreadAssignor, spread

MEMBERS = [f"sink-{n}" for n in range(5)]


def places_of(counts: dict[str, int]) -> list[Place]:
    return [(topic, n) for topic, count in counts.items() for n in range(count)]


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[Place], list[str], dict[Place, str]]:
    """Topics, the members now, and who has what, of members that may be gone."""
    counts = draw(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12), min_size=1))
    members = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, unique=True))
    places = places_of(counts)
    owners = draw(st.dictionaries(st.sampled_from(places), st.sampled_from(MEMBERS)))
    return places, members, owners


@given(groups())
def test_every_place_has_a_member_and_every_topic_is_spread(group: tuple[list[Place], list[str], dict[Place, str]]) -> None:
    places, members, owners = group
    found = spread(places, members, owners)
    assert sorted(found) == sorted(places)
    for topic in {topic for topic, _ in places}:
        shares = Counter(dict.fromkeys(members, 0))
        shares.update(member for place, member in found.items() if place[0] == topic)
        assert set(shares) == set(members)
        assert max(shares.values()) - min(shares.values()) <= 1


@given(groups())
def test_no_more_moves_than_have_to(group: tuple[list[Place], list[str], dict[Place, str]]) -> None:
    places, members, owners = group
    found = spread(places, members, owners)
    assert spread(places, members, found) == found
    for topic in {topic for topic, _ in places}:
        mine = [place for place in places if place[0] == topic]
        each, more = divmod(len(mine), len(members))
        had = sorted((sum(owners.get(place) == member for place in mine) for member in members), reverse=True)
        most = sum(min(count, each + (rank < more)) for rank, count in enumerate(had))
        assert sum(owners.get(place) == found[place] for place in mine) == most


class Cluster:
    """What the client knows of a cluster."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def topics(self) -> set[str]:
        return set(self._counts)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._counts[topic])) if topic in self._counts else None


class Member:
    """A member as the leader sees it; with what it has."""

    def __init__(self, made: Callable[[], CooperativeStickyAssignor], name: str, topics: set[str], has: list[Place]) -> None:
        told = made()
        told.member_assignment = [TopicPartition(*place) for place in has]
        self.member_id, self.metadata = name, told.metadata(topics)


def ours() -> SpreadAssignor:
    """As of a sink that has looked at the log."""
    return SpreadAssignor(COUNTS)


COUNTS = {f"topic-{n:02}": 6 for n in range(20)} | {"dead-letters": 1, "imports": 1}


def shares(assignor: Callable[[], CooperativeStickyAssignor], has: dict[str, list[Place]]) -> dict[str, list[Place]]:
    """What each member has after two rounds of the cooperative protocol."""
    for _ in range(2):
        members: Any = [Member(assignor, name, set(COUNTS), mine) for name, mine in has.items()]
        answer = assignor().assign(Cluster(COUNTS), members)
        has = {name: [(topic, n) for topic, ns in answer[name].assigned_partitions for n in ns] for name in has}
    return has


def busy(has: dict[str, list[Place]], topic: str = "topic-07") -> list[int]:
    return sorted(sum(place[0] == topic for place in mine) for mine in has.values())


def test_a_sink_that_joins_gets_half_of_every_topic() -> None:
    has = shares(ours, {"old": places_of(COUNTS), "new": []})
    assert sorted(place for mine in has.values() for place in mine) == sorted(places_of(COUNTS))
    assert all(busy(has, topic) == [3, 3] for topic in COUNTS if COUNTS[topic] == 6)


def test_in_the_first_round_nothing_is_given_that_another_has() -> None:
    has = {"old": places_of(COUNTS), "new": list[Place]()}
    members: Any = [Member(ours, name, set(COUNTS), mine) for name, mine in has.items()]
    answer = ours().assign(Cluster(COUNTS), members)
    assert answer["new"].assigned_partitions == []
    assert sum(len(ns) for _, ns in answer["old"].assigned_partitions) < len(places_of(COUNTS))


def test_all_is_handed_out_also_before_the_client_has_heard_of_its_topics_and_what_was_added_too() -> None:
    one: Any = [Member(ours, "one", set(COUNTS), [])]
    for heard, more in (({}, 0), (COUNTS, 0), (COUNTS | {"topic-07": 8}, 2)):
        ((_, answer),) = ours().assign(Cluster(heard), one).items()
        assert sum(len(ns) for _, ns in answer.assigned_partitions) == len(places_of(COUNTS)) + more
    assert SpreadAssignor({}).assign(Cluster({}), one)["one"].assigned_partitions == [], "negative control"


def test_the_client_s_own_assignor_would_leave_a_topic_with_one_sink() -> None:
    """Why there is one of ours (and the negative control)."""
    has = shares(CooperativeStickyAssignor, {"old": places_of(COUNTS), "new": []})
    assert any(busy(has, topic) == [0, 6] for topic in COUNTS if COUNTS[topic] == 6)
