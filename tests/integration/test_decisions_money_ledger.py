"""A penalty's evidence is looked up in the ledger: all events of a thing that count, and no event of somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.store import Store, open_store
from tests.desk_samples import NOW, at, complaint, event, given
from tests.new_ledger import new_ledger

ASSESS = {
    "command": "penalty.assess",
    "subject": "pn-1",
    "actor": "clerk",
    "contract": "desk",
    "rule": "complaints",
    "party": "vendor",
    "party_id": "v1",
    "quantity": "1",
    "unit_amount": "500",
    "currency": "CNY",
    "period": "2026-01",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as opened:
        yield opened


def _id(line: bytes) -> UUID:
    return UUID(json.loads(line)["id"])


def _assessed(store: Store, **more: Any) -> tuple[list[UUID], list[str]]:
    carried = given(store, [], {**ASSESS, **more})
    return [id_ for made in carried.events for id_ in made.data.evidence], carried.refused  # type: ignore[attr-defined]  # assessed


def test_the_evidence_is_every_event_of_the_thing_that_counts(store: Store) -> None:
    filed, looked = complaint("p1"), event("complaint.investigated", "p1", at("01-13"), findings="so it was")
    given(store, [filed, looked, complaint("p2")])
    evidence, refused = _assessed(store, about="complaint/p1")
    assert (evidence, refused) == ([_id(filed), _id(looked)], [])
    rows = store.client.query("SELECT evidence FROM penalty").result_rows
    assert [list(row[0]) for row in rows] == [evidence]


def test_events_that_the_ledger_does_not_hold_are_no_evidence(store: Store) -> None:
    filed = complaint("p1")
    given(store, [filed])
    evidence, refused = _assessed(store, evidence=[str(_id(filed))])
    assert (evidence, refused) == ([_id(filed)], [])
    _, refused = _assessed(store, subject="pn-2", evidence=[str(UUID(int=9))])
    assert "is not in the ledger" in refused[0]
    _, refused = _assessed(store, subject="pn-2", about="complaint/p9")
    assert "nothing is known of 'complaint/p9'" in refused[0]
    _, refused = _assessed(store, subject="pn-2", about="secrets/p1")
    assert "nothing is known of 'secrets/p1'" in refused[0]
