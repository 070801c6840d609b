"""The local log: the port's suite, and what is particular to a log that is the ledger tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from opsledger.domain.clock import FixedClock
from opsledger.domain.ports import Log
from opsledger.infra.store import Store, open_store
from opsledger.projections.ledger import arrow_insert
from opsledger.projections.ledger.arrow_insert import slim
from tests.integration.log_port_suite import LogPortSuite, whole
from tests.ledger_samples import NOW, calls, line, tables
from tests.merges import no_merges
from tests.new_ledger import new_ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


class TestLocalLog(LogPortSuite):
    @pytest.fixture
    def log(self, store: Store) -> Log:
        return store.log


def test_offsets_go_on_after_the_directory_was_closed_and_opened(tmp_path: Path) -> None:
    for n in range(3):
        with open_store(tmp_path / "data", clock=FixedClock(NOW)) as store:
            (span,) = store.log.append(tables(calls(4, first=4 * n)))
            assert span.first == 4 * n


def test_the_ledger_has_the_typed_columns_of_what_was_appended(store: Store) -> None:
    raw = line(
        "a", vendor="v9", actor="7", corrects="00000000-0000-0000-0000-0000000000ab", data={"queue": "q7", "priority": 3}
    )
    store.log.append(tables([raw]))
    row = next(iter(store.client.query("SELECT * FROM call").named_results()))
    assert (row["queue"], row["priority"], row["vendor"], row["actor"]) == ("q7", 3, "v9", "7")
    assert (row["agent"], row["ring_ms"], row["caused_by"].int) == ("", None, 0)
    assert row["corrects"].int == 0xAB
    assert str(row["event_id"]) in raw.decode()
    assert row["recorded_at"] == NOW


def test_the_engine_computes_the_hash_of_the_payload(store: Store) -> None:
    store.log.append(tables(calls(3)))
    assert store.client.command("SELECT countIf(payload_hash = xxh3(payload)) FROM call") == 3


def test_a_backfill_is_marked_in_the_ledger(store: Store) -> None:
    store.log.append(tables(calls(2)))
    store.log.append(tables(calls(3, first=2)), backfill=True)
    assert store.client.query("SELECT backfill, count() FROM call GROUP BY backfill ORDER BY backfill").result_rows == [
        (False, 2),
        (True, 3),
    ]


def wide_rows(count: int) -> pa.Table:
    """One row of a queued call many times over, with ids of their own: quick to make in any number."""
    one = tables([line("a", note="x" * 100)])["call"]
    table = pa.concat_tables([one]).take(pa.array(np.zeros(count, np.int64)))
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), count, [None, pa.py_buffer(np.random.default_rng(1).bytes(16 * count))]
    )
    return table.set_column(table.schema.get_field_index("event_id"), "event_id", ids)


def test_an_insert_of_the_greatest_size_lands_whole_in_one_part(store: Store) -> None:
    rows = wide_rows(300_000)
    with no_merges(store.client, "call"):
        store.log.append({"call": rows})
        parts = "SELECT rows FROM system.parts WHERE table = 'call' AND active"
        assert store.client.query(parts).result_rows == [(300_000,)]


def test_parts_are_not_merged_where_a_test_says_so(store: Store) -> None:
    """Of ``no_merges``: the same statement merges them behind it."""
    merge, parts = "OPTIMIZE TABLE call SETTINGS optimize_throw_if_noop = 1", "SELECT count() FROM system.parts WHERE active"
    with no_merges(store.client, "call"):
        for number in range(2):
            store.log.append(tables(calls(2, first=2 * number)))
        with pytest.raises(DatabaseError, match="CANNOT_ASSIGN_OPTIMIZE"):
            store.client.command(merge)
        assert store.client.query(f"{parts} AND table = 'call'").result_rows == [(2,)]
    store.client.command(merge)
    assert store.client.query(f"{parts} AND table = 'call'").result_rows == [(1,)]


def test_a_greater_batch_is_cut_and_keeps_its_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_insert, "MAX_INSERT_ROWS", 4)
    lines = calls(10)
    spans = store.log.append(tables(lines))
    assert [(span.first, span.count) for span in spans] == [(0, 4), (4, 4), (8, 2)]
    assert [record.value for record in whole(store.log, "call")] == lines


def test_a_batch_of_long_payloads_is_cut_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = tables([line(f"c{n}", note="x" * 10_000) for n in range(100)])["call"]
    monkeypatch.setattr(arrow_insert, "MAX_INSERT_BYTES", 100_000)
    parts = list(arrow_insert.cut(table))
    assert sum(part.num_rows for part in parts) == 100
    assert max(part.num_rows for part in parts) <= 10


def test_a_column_is_left_out_only_when_it_holds_nothing() -> None:
    table = tables([line("a"), line("b", data={"queue": "q1", "priority": 1})])["call"]
    kept = slim(table).column_names
    assert {"queue", "priority", "payload", "event_id"} <= set(kept)
    assert not {"agent", "ring_ms", "corrects", "caused_by", "record"} & set(kept)


def test_a_place_that_was_stored_twice_is_read_once(store: Store) -> None:
    store.log.append(tables(calls(3)))
    store.client.command("INSERT INTO call SELECT * FROM call WHERE offset = 1")
    assert [record.position.offset for record in whole(store.log, "call")] == [0, 1, 2]
