"""Partitions fill one after the other: the facts of one whose first event comes late are made as well."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from opsledger.infra.facts import refresh
from opsledger.infra.store import open_store
from opsledger.projections.ledger.log_topics import LogTopics, TopicKnown
from tests.ledger_samples import calls, chunks, importer, spec

_LATE = """
INSERT INTO call SELECT * REPLACE ('late' AS subject, 1 AS partition, 0 AS offset, generateUUIDv4() AS event_id)
FROM call LIMIT 1
"""


def test_a_partition_that_begins_below_where_the_others_are_is_seen(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        importer(store).run(chunks(calls(12)), spec())
        refresh(store, lambda *_: None)
        LogTopics(store.client, store.clock).note([TopicKnown("opsledger.call", UUID(int=1), "cluster", 2)])
        store.client.command(_LATE)
        assert refresh(store, lambda *_: None) == "facts: 1 new events; updated: call"
        assert store.client.command("SELECT count() FROM calls FINAL") == 13
        assert refresh(store, lambda *_: None) == "facts: 0 new events; nothing to do"
