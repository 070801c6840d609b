"""A drain that finds everything stored: whoever stored it may have died before the facts were made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.infra.facts import fact_tables
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.sink.facts_duty import FactsDuty
from opsledger.infra.store import Store, open_store
from opsledger.ingest.log.group import Group
from opsledger.ingest.log.kafka import KafkaLog
from tests.gateways import Running
from tests.ledger_samples import calls, tables
from tests.sink_scene import drained


@pytest.fixture
def remote(gateway: Running, settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A ledger over the network, where one of several sinks makes the facts."""
    monkeypatch.setenv("OPSLEDGER_CLICKHOUSE_URL", gateway.address(settings.topics.prefix))
    with open_store(tmp_path / "data", writes=True) as opened:
        yield opened


@pytest.fixture
def stored(log: KafkaLog, settings: KafkaSettings, remote: Store) -> Store:
    """All of the log is stored, and the facts know of a part of it."""
    log.append(tables(calls(10)))
    drained(remote, settings)
    log.append(tables(calls(20, first=10)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FactsDuty, "is_owed", lambda _self: False)  # it dies here
        drained(remote, settings)
    assert facts_of(remote) == 10
    return remote


def facts_of(store: Store) -> int:
    return int(store.client.command("SELECT count() FROM calls FINAL"))


def test_the_facts_of_a_sink_that_died_before_it_made_them_are_made(settings: KafkaSettings, stored: Store) -> None:
    drained(stored, settings)
    assert facts_of(stored) == 30
    assert not fact_tables(stored).is_behind()


def test_a_drain_that_does_not_wait_to_join_would_leave_them(
    settings: KafkaSettings, stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: everything is stored, and it does not hear that the facts are its to make."""
    monkeypatch.setattr(Group, "has_joined", lambda _self: True)
    drained(stored, settings)
    assert facts_of(stored) == 10
