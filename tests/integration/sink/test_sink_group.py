"""The client's own troubles, which a member of the group gets over."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.ingest.log import group as group_module
from opsledger.ingest.log.group import REBALANCING, Group

WAITED_S = 4.0


@pytest.fixture
def member(settings: KafkaSettings) -> Iterator[Group]:
    topic = settings.topics.of("call")
    made = Group(settings.client, [topic], f"{topic}.sink", "one", lambda _: True, session_ms=6_000)
    yield made
    made.close()


def joined(member: Group, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while not member.assigned() and time.monotonic() < end:
        member.poll(0.1)
    return bool(member.assigned())


def forget_the_join(member: Group) -> None:
    """The state in which the client was found: rebalancing, its join at an end, and nobody who asks for another."""
    coordinator = member.consumer._coordinator
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
