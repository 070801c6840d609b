"""The typed columns of the ledger say what the payload says, for every stream that the simulator gives."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from opsledger.domain.catalogue import STREAMS, TYPES, column_name, columns_of, fields_of
from opsledger.domain.clock import FixedClock
from opsledger.domain.fields import Kind
from opsledger.infra.store import Store, open_store
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import write
from tests.ledger_samples import NOW, chunks, importer, spec

ROWS = 400


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    file = io.BytesIO()
    write(Options(days=3, calls_per_day=300), file)
    with open_store(tmp_path_factory.mktemp("columns") / "data", clock=FixedClock(NOW)) as opened:
        result = importer(opened).run(chunks(file.getvalue().splitlines(), 5_000), spec())
        assert result.tally.dead == 0
        yield opened


def expected(kind: Kind, value: Any) -> Any:
    """The value of a column for a value of the payload; None: absent."""
    if value is None:
        empty = {Kind.NAME: "", Kind.TEXT: "", Kind.CHOICE: "", Kind.ITEMS: "", Kind.DOCUMENT: "", Kind.IDS: []}
        return "00000000-0000-0000-0000-000000000000" if kind is Kind.ID else empty.get(kind)
    if kind is Kind.TIME:
        return datetime.fromisoformat(value).astimezone(UTC)
    if kind is Kind.DECIMAL:
        return Decimal(str(value))
    return value


def found(kind: Kind, value: Any) -> Any:
    if kind is Kind.ID:
        return str(value)
    if kind is Kind.IDS:
        return [str(one) for one in value]
    if kind in (Kind.ITEMS, Kind.DOCUMENT) and value:
        return json.loads(value)
    return value


@pytest.mark.parametrize("stream", STREAMS)
def test_every_typed_column_equals_the_payload(stream: str, store: Store) -> None:
    rows = store.client.query(f"SELECT * FROM {stream} ORDER BY cityHash64(event_id) LIMIT {ROWS}").named_results()
    for row in rows:
        event = json.loads(row["payload"])
        declared = {spec.name for spec in fields_of(row["type"])}
        assert set(event["data"]) <= declared
        for column in columns_of(stream):
            value = event["data"].get(column.name)
            assert found(column.rule.kind, row[column_name(column.name)]) == expected(column.rule.kind, value), column.name
        assert (row["tenant"], row["subject"], row["type"]) == (event["tenant"], event["subject"], event["type"])
        assert (row["vendor"], row["source"]) == (event.get("vendor", "in-house"), event["source"])
        assert (str(row["event_id"]), row["version"]) == (event["id"], TYPES[row["type"]].VERSION)
        assert row["occurred_at"] == datetime.fromisoformat(event["time"]).astimezone(UTC)


def test_the_simulator_gives_most_streams(store: Store) -> None:
    """What the test above was tried on; a stream without rows would prove nothing."""
    given = {topic for topic, _ in store.log.end_offsets()}
    assert {"call", "ticket", "callback", "complaint", "shift", "evaluation", "staff"} <= given
