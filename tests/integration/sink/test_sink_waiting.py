"""What waits in the dead letters of the sink is tried again after an upgrade, and goes onto the log anew."""

from __future__ import annotations

import pytest
from _pytest.monkeypatch import MonkeyPatch

from opsledger.domain.catalogue import TYPES
from opsledger.domain.dead_letters import DeadLetterFilter, Outcome, Status
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.retrying import retry_letters
from opsledger.infra.sink.counts import total
from opsledger.infra.store import Store
from opsledger.ingest.border import bulk, judge
from opsledger.ingest.border.judge import Border
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics
from tests.ledger_samples import line
from tests.sink_scene import check_exact, drained, message, produce


@pytest.fixture
def settings(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    make_topics(kafka.settings)
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    return kafka.settings


def drained_by_an_older_product(store: Store, settings: KafkaSettings) -> None:
    """One that does not know ``call.held`` yet."""
    with MonkeyPatch.context() as patch:
        known = {name: declared for name, declared in TYPES.items() if name != "call.held"}
        patch.setattr(bulk, "TYPES", known)
        patch.setattr(judge, "TYPES", known)
        patch.setattr(Border, "_fast", lambda _self, _raw: None)
        bulk.decoder.cache_clear()
        drained(store, settings)
    bulk.decoder.cache_clear()


def test_a_type_that_was_not_known_is_taken_after_the_upgrade(settings: KafkaSettings, store: Store) -> None:
    held = line("h", subject="a", type_="call.held", data={"agent": "a1"})
    produce(settings, [{"topic": settings.topics.of("call"), **message(each)} for each in (line("a"), held)])
    drained_by_an_older_product(store, settings)
    (letter,) = store.dead_letters.list(DeadLetterFilter(status=Status.OPEN))
    assert letter.reason == "unknown_type"
    (attempt,) = retry_letters(store, [letter], None, "")
    assert attempt.outcome is Outcome.ACCEPTED
    assert total(drained(store, settings).counts).accepted == 1
    found = check_exact(store, settings)
    assert (found.rows, len(found.dead)) == (2, 1), "the old place stays the letter's, the event has a new one"
    assert store.dead_letters.list(DeadLetterFilter(status=Status.OPEN)) == []
    assert store.client.command("SELECT groupArray(type) FROM (SELECT type FROM call ORDER BY occurred_at, type)") is not None
    assert store.client.command("SELECT count() FROM call WHERE type = 'call.held'") == 1


def test_a_message_of_a_newer_version_waits_until_the_product_knows_it(settings: KafkaSettings, store: Store) -> None:
    newer = line("a", dataschema="urn:opsledger:call.queued:2")
    produce(settings, [{"topic": settings.topics.of("call"), **message(newer)}])
    drained(store, settings)
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    (attempt,) = retry_letters(store, [letter], None, "")
    assert (letter.reason, attempt.outcome, attempt.reason) == ("unknown_version", Outcome.DEAD, "unknown_version")
    assert store.dead_letters.list(DeadLetterFilter(status=Status.OPEN)) != []


def test_an_event_under_a_wrong_key_comes_home_when_it_is_tried_again(settings: KafkaSettings, store: Store) -> None:
    produce(settings, [{"topic": settings.topics.of("call"), **message(line("a"), key=b"t1/call/elsewhere")}])
    drained(store, settings)
    (letter,) = store.dead_letters.list(DeadLetterFilter())
    (attempt,) = retry_letters(store, [letter], None, "")
    assert attempt.outcome is Outcome.ACCEPTED
    drained(store, settings)
    assert store.client.command("SELECT count() FROM call_once") == 1
    (again,) = retry_letters(store, [letter], None, "")
    assert again.outcome is Outcome.DUPLICATE
