"""A table of the ledger that does not take its rows makes what writes to it fail, and nothing is counted as stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra import data_directory
from opsledger.infra.store import Store, open_store
from opsledger.projections.ledger.arrow_insert import insert_whole, slim
from tests.gateways import running
from tests.ledger_samples import NOW, calls, chunks, importer, spec, tables
from tests.new_ledger import new_ledger

REFUSING = "ALTER TABLE call ADD CONSTRAINT refusing CHECK throwIf(subject != '', 'refused by the test') = 0"


def counted(store: Store) -> tuple[int, int, set[tuple[str, int, int]]]:
    stored = [int(store.client.command(f"SELECT count() FROM {name}")) for name in ("call", "dead_letters")]
    return stored[0], stored[1], {(run.state, run.accepted, run.events) for run in store.imports.runs()}


def test_an_import_fails_and_counts_nothing(tmp_path: Path) -> None:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as store:
        store.client.command(REFUSING)
        with pytest.raises(DatabaseError, match="refused by the test"):
            importer(store).run(chunks(calls(5)), spec())
        with pytest.raises(DatabaseError, match="refused by the test"):
            store.log.append(tables(calls(5)))
        assert counted(store) == (0, 0, {("running", 0, 0)})
        store.client.command("ALTER TABLE call DROP CONSTRAINT refusing")
        importer(store).run(chunks(calls(5)), spec())
        assert counted(store) == (5, 0, {("running", 0, 0), ("finished", 5, 5)})


def test_so_does_an_insert_by_way_of_the_gateway(tmp_path: Path) -> None:
    """As the sink does it."""
    rows = slim(tables(calls(5))["call"])
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as store:
        store.client.command(REFUSING)
    with running(tmp_path / "data") as gateway:
        client = gateway.client()
        with pytest.raises(DatabaseError, match="refused by the test"):
            insert_whole(client, "call", rows, token="these")
        assert client.command("SELECT count() FROM call") == 0
    with open_store(tmp_path / "data", clock=FixedClock(NOW)) as store:
        store.client.command("ALTER TABLE call DROP CONSTRAINT refusing")
    with running(tmp_path / "data") as gateway:
        client = gateway.client()
        insert_whole(client, "call", rows, token="these")
        assert client.command("SELECT count() FROM call") == 5


@pytest.mark.parametrize("name", ["a{b,c}", "{1..3}", "why?"])
def test_a_folder_whose_name_the_engine_takes_for_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path / name, tmp_path / name / "data"):
        with pytest.raises(UserError, match="may not hold") as caught:
            open_store(folder, clock=FixedClock(NOW))
        assert caught.value.exit_code == EXIT_ENVIRONMENT
        assert not folder.exists()


@pytest.mark.parametrize("name", ["*", "[ab]", "it's", "a b", "b\\c", "电话"])
def test_other_signs_in_a_folders_name_lose_nothing(tmp_path: Path, name: str) -> None:
    with open_store(tmp_path / name, clock=FixedClock(NOW)) as store:
        store.log.append(tables(calls(3)))
        assert store.client.command("SELECT count() FROM call") == 3


def test_control_rows_would_be_lost_in_such_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why it is refused: the engine looks for the passing file of an insert by a pattern, finds none, and says nothing."""
    monkeypatch.setattr(data_directory, "_PATTERN", frozenset())
    with open_store(tmp_path / "a{b,c}", clock=FixedClock(NOW)) as store:
        store.log.append(tables(calls(3)))
        assert store.client.command("SELECT count() FROM call") == 0
