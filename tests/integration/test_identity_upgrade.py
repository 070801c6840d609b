"""A ledger in which corrections named an id alone: what they took the place of stays so, and nothing is written for it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid5

from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import Store, open_store
from opsledger.projections.ledger.tables import additions
from tests.ledger_samples import NOW, SPACE, chunks, importer, line, spec
from tests.new_ledger import new_ledger


def opened(folder: Path) -> Store:
    return open_store(folder, clock=FixedClock(NOW))


def make(folder: Path) -> list[bytes]:
    """A ledger as it was then: of two sources, one has corrected the other's event, and an event of its own."""
    x, y = str(uuid5(SPACE, "x")), str(uuid5(SPACE, "y"))
    told = [
        line("x", source="pbx"),
        line("y", source="crm"),
        line("of-other", source="crm", subject="x", corrects=x, data={"queue": "by crm"}),
        line("of-own", source="crm", subject="y", corrects=y, data={"queue": "by itself"}),
        line("of-nobody", source="crm", subject="z", corrects=str(uuid5(SPACE, "later")), data={"queue": "early"}),
    ]
    with opened(folder) as store:
        importer(store).run(chunks(told), spec())
        store.client.command("DROP VIEW call_once")
        store.client.command("ALTER TABLE call DROP COLUMN corrects_source")
        store.client.command("ALTER TABLE asked_events DROP COLUMN tenant, DROP COLUMN source")
    (folder / "tables.sha256").unlink()
    return told


def test_what_was_corrected_stays_so_and_what_comes_is_judged_by_source(tmp_path: Path) -> None:
    folder = new_ledger(tmp_path / "data")
    told = make(folder)
    with opened(folder) as store:
        queues = store.client.query("SELECT queue FROM call_once ORDER BY queue").result_rows
        assert queues == [("by crm",), ("by itself",), ("early",)]
        sources = store.client.query("SELECT subject, corrects_source FROM call WHERE queue LIKE 'by %' ORDER BY subject")
        assert sources.result_rows == [("x", "pbx"), ("y", "crm")]
        assert importer(store).run(chunks(told), spec()).tally.duplicate == len(told)
        new = [line("later", source="pbx"), line("x2", source="crm", subject="x", corrects=str(uuid5(SPACE, "later")))]
        assert importer(store).run(chunks(new), spec()).tally.accepted == 2
        assert store.client.query("SELECT count() FROM call_once WHERE source = 'pbx'").result_rows == [(1,)]
        fact_tables(store).update()
        assert store.client.query("SELECT uniqExact(call) FROM legs FINAL").result_rows[0][0] >= 3
    before = sorted((folder / "engine").rglob("call*.sql"))
    with opened(folder) as store:  # a second time nothing is to be done
        assert store.client.query("SELECT count() FROM call_once").result_rows == [(5,)]
    assert sorted((folder / "engine").rglob("call*.sql")) == before


def test_control_without_the_sources_of_before_a_figure_would_change(tmp_path: Path) -> None:
    folder = new_ledger(tmp_path / "data")
    make(folder)
    statements = additions({"call": set()})
    assert any("`corrects_source` LowCardinality(String) DEFAULT source" in text for text in statements)
    with opened(folder) as store:
        store.client.command("ALTER TABLE call MODIFY COLUMN corrects_source LowCardinality(String) DEFAULT source")
        queues = store.client.query("SELECT queue FROM call_once ORDER BY queue").result_rows
        assert ("q1",) in queues
