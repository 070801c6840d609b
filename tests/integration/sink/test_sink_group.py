"""The client's own troubles, which a member of the group gets over."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from kafka.cluster import ClusterMetadata
from kafka.coordinator.base import MemberState

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.ingest.log import group as group_module
from opsledger.ingest.log.group import REBALANCING, Group
from opsledger.ingest.log.spread import SpreadAssignor

WAITED_S = 4.0


def member_of(settings: KafkaSettings, partitions: int = 6) -> Group:
    topic = settings.topics.of("call")
    return Group(settings.client, {topic: partitions}, f"{topic}.sink", "one", lambda _: True, session_ms=6_000)


@pytest.fixture
def member(settings: KafkaSettings) -> Iterator[Group]:
    made = member_of(settings)
    yield made
    made.close()


def joined(member: Group, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while not member.assigned() and time.monotonic() < end:
        member.poll(0.1)
    return bool(member.assigned())


def killed_at_its_first_join(member: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers as the leader before its client has heard of any topic, and does nothing more."""
    coordinator, told = member.consumer._coordinator, SpreadAssignor.assign
    monkeypatch.setattr(SpreadAssignor, "assign", lambda self, _cluster, members: told(self, ClusterMetadata(), members))
    end = time.monotonic() + 60
    while coordinator.state is not MemberState.STABLE and time.monotonic() < end:
        member.poll(0.01)
    assert coordinator.state is MemberState.STABLE
    member.close(leave=False)
    monkeypatch.undo()


def forget_the_join(member: Group) -> None:
    """The state in which the client was found: rebalancing, its join at an end, and nobody who asks for another."""
    coordinator = member.consumer._coordinator
    coordinator._assignment_snapshot = None  # as of one that does not lead: what it hears of topics has it ask for nothing
    coordinator._subscription.assign_from_subscribed([])
    coordinator.state, coordinator.rejoin_needed = REBALANCING, False
    assert not member.assigned()


def test_a_join_that_the_client_forgot_is_asked_for_again(member: Group) -> None:
    assert joined(member, 60)
    forget_the_join(member)
    assert joined(member, 60)


def test_without_asking_again_the_member_would_stay_without_partitions(member: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    assert joined(member, 60)
    monkeypatch.setattr(group_module, "FORGOTTEN_S", float("inf"))
    forget_the_join(member)
    assert not joined(member, WAITED_S)


def test_a_member_killed_before_it_heard_of_its_topics_leaves_them_to_its_next_run(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at_its_first_join(member_of(settings), monkeypatch)
    following = member_of(settings)
    assert joined(following, 60)
    following.close()


def test_a_member_that_goes_by_what_its_client_heard_would_leave_nothing(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control; also why the number of partitions is given."""
    killed_at_its_first_join(member_of(settings, partitions=0), monkeypatch)
    following = member_of(settings)
    assert not joined(following, WAITED_S)
    following.close()
