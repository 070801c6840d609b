"""A ledger that several sinks write to over the network: its manifest is a table, checked by who writes and who reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import Span
from opsledger.infra import manifest_file
from opsledger.infra.manifest import ManifestGuard, OnLoss, accepted_losses
from opsledger.infra.manifest_home import TableHome
from opsledger.infra.server import URL_VARIABLE
from opsledger.infra.store import Store, open_store
from opsledger.projections.ledger import sink_writer
from opsledger.projections.ledger.arrow_insert import insert_whole, slim
from opsledger.projections.ledger.local_log import _placed
from opsledger.projections.ledger.manifest import Extent, Place
from opsledger.projections.ledger.sink_writer import Reading, SinkWriter
from tests.damage import opened
from tests.gateways import Running, running
from tests.ledger_samples import NOW, calls, tables
from tests.new_ledger import new_ledger

TOPIC = "ops.call"
ROWS = 40


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(new_ledger(tmp_path_factory.mktemp("gateway") / "data")) as found:
        yield found


class Net:
    """A ledger of its own in a gateway."""

    def __init__(self, gateway: Running, monkeypatch: pytest.MonkeyPatch, database: str = "") -> None:
        monkeypatch.setenv(URL_VARIABLE, gateway.address(database or f"ledger_{token_hex(4)}"))

    def open(self, *, writes: bool = True, on_loss: OnLoss = OnLoss.REFUSE) -> Store:
        return open_store("nowhere", clock=FixedClock(NOW), writes=writes, on_loss=on_loss)


@pytest.fixture
def net(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> Net:
    return Net(gateway, monkeypatch)


def rows(partition: int, first: int, stop: int) -> Any:
    table = tables(calls(stop - first, first=1_000 * partition + first))["call"]
    return _placed(table, Span(TOPIC, partition, first, stop - first), NOW, backfill=False)


def sink(store: Store, partition: int) -> SinkWriter:
    """A sink to which a partition has just come."""
    writer = SinkWriter(store.client, store.manifest)
    place = TOPIC, partition
    writer.begin({place: writer.ends(["call"]).get(place, 0)})
    return writer


def write(writer: SinkWriter, partition: int, first: int, stop: int) -> None:
    writer.write(Reading("call", TOPIC, rows(partition, first, stop), {partition: (first, stop)}))


def said(store: Store) -> dict[Place, Extent]:
    found = store.client.query(
        "SELECT toString(topic), partition, max(rows), max(last), max(next) FROM manifest "
        "WHERE epoch = (SELECT max(epoch) FROM manifest) AND topic != '' GROUP BY ALL"
    ).result_rows
    return {(topic, partition): Extent(*extent) for topic, partition, *extent in found}


def filed(data: Path) -> dict[Place, Extent]:
    found = manifest_file.load(data / manifest_file.FILE)
    assert found is not None
    return dict(found[0].places)


def extent(count: int) -> Extent:
    return Extent(count, count - 1, count)


def test_each_of_several_sinks_notes_what_it_stored(net: Net) -> None:
    with net.open() as one, net.open() as other:
        first, second = sink(one, 0), sink(other, 1)
        for step in range(2):
            write(first, 0, ROWS * step, ROWS * (step + 1))
            write(second, 1, ROWS * step, ROWS * (step + 1))
            one.manifest.write()
            other.manifest.write()
        assert said(one) == {(TOPIC, 0): extent(2 * ROWS), (TOPIC, 1): extent(2 * ROWS)}
    with net.open(writes=False) as reader:
        assert not reader.findings


def test_a_sink_that_was_killed_before_its_note_is_followed_by_the_next(net: Net) -> None:
    with net.open() as store:
        write(sink(store, 0), 0, 0, ROWS)
        store.manifest.write()
        write(sink(store, 0), 0, ROWS, 2 * ROWS)  # and no note of it
    with net.open(writes=False) as reader:
        assert [each.refuses for each in reader.findings] == [False]
        assert said(reader) == {(TOPIC, 0): extent(ROWS)}, "who reads notes nothing"
    with net.open() as store:
        assert said(store) == {(TOPIC, 0): extent(2 * ROWS)}


def test_places_that_are_stored_twice_and_read_again_are_no_loss(net: Net) -> None:
    with net.open() as store:
        writer = sink(store, 0)
        write(writer, 0, 0, ROWS)
        insert_whole(store.client, "call", slim(rows(0, 0, ROWS)))  # a sink that had lost its place
        store.manifest.write()
        write(sink(store, 0), 0, ROWS, ROWS + 5)  # the next one counts what is there
        store.manifest.write()
        assert said(store) == {(TOPIC, 0): Extent(2 * ROWS + 5, ROWS + 4, ROWS + 5)}
        again = SinkWriter(store.client, store.manifest)
        again.begin({(TOPIC, 0): ROWS + 5})
        write(again, 0, 0, ROWS)  # it reads from the beginning
        store.manifest.write()
        assert said(store)[TOPIC, 0].rows == 2 * ROWS + 5
    with net.open(writes=False) as reader:
        assert not reader.findings


def test_an_insert_whose_end_was_not_known_is_counted(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    with net.open() as store:
        writer = sink(store, 0)

        def lost(*arguments: Any, **more: Any) -> None:
            sent(*arguments, **more)
            raise ConnectionError

        sent = sink_writer.insert_block
        with monkeypatch.context() as patch:
            patch.setattr(sink_writer, "insert_block", lost)
            with pytest.raises(ConnectionError):
                write(writer, 0, 0, ROWS)
        write(writer, 0, 0, ROWS + 3)
        store.manifest.write()
        assert said(store) == {(TOPIC, 0): extent(ROWS + 3)}


def test_less_than_was_noted_is_refused_to_sinks_and_readers_and_accepted_on_record(net: Net) -> None:
    with net.open() as store:
        write(sink(store, 0), 0, 0, ROWS)
        store.manifest.write()
        store.client.insert(
            "manifest",
            [[1, TOPIC, 0, ROWS + 9, ROWS + 8, ROWS + 9]],
            column_names=["epoch", "topic", "partition", "rows", "last", "next"],
        )
    for writes in (True, False):
        with pytest.raises(UserError, match=f"9 are missing, from offset {ROWS} on; make the ledger anew from the log") as told:
            net.open(writes=writes)
        assert told.value.exit_code == EXIT_ENVIRONMENT
    with net.open(on_loss=OnLoss.ACCEPT) as store:
        assert said(store) == {(TOPIC, 0): Extent(ROWS, ROWS - 1, ROWS + 9)}
        assert len(accepted_losses(store.client)) == 1
        writer = sink(store, 0)
        write(writer, 0, ROWS, ROWS + 9)  # Kafka has it yet: the sink reads on where the ledger ends
        store.manifest.write()
    with net.open(writes=False) as reader:
        assert not reader.findings
        assert said(reader) == {(TOPIC, 0): extent(ROWS + 9)}


def test_a_table_that_was_emptied_is_named(tmp_path: Path) -> None:
    """By way of a gateway nobody may; whoever owns a server may."""
    with opened(new_ledger(tmp_path / "data")) as store:
        guard = ManifestGuard(store.client, TableHome(store.client), store.clock, "there")
        guard.check(OnLoss.REFUSE)
        guard.keeper()
        ManifestGuard(store.client, TableHome(store.client), store.clock, "there").check(OnLoss.REFUSE)
        store.client.command("TRUNCATE TABLE manifest")
        with pytest.raises(UserError, match="the manifest is gone"):
            ManifestGuard(store.client, TableHome(store.client), store.clock, "there").check(OnLoss.REFUSE, makes=False)


def test_what_came_by_way_of_a_gateway_is_in_the_file_of_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = new_ledger(tmp_path / "data")
    with running(data) as gateway:
        with monkeypatch.context() as patch, Net(gateway, patch, "default").open() as store:
            write(sink(store, 0), 0, 0, ROWS)
            store.manifest.write()
        gateway.process.kill()  # its file knows of nothing
    assert filed(data) == {}
    with opened(data) as directory:
        assert directory.manifest.said.places == {(TOPIC, 0): extent(ROWS)}
    with running(data) as gateway, monkeypatch.context() as patch, Net(gateway, patch, "default").open() as store:
        write(sink(store, 0), 0, ROWS, 2 * ROWS)
    assert filed(data) == {(TOPIC, 0): extent(2 * ROWS)}
