"""One ledger by the embedded engine and over the network: the same bytes; who may write, what is said when it fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_hex

import pyarrow as pa
import pytest

from opsledger.domain.calendar import Grain, Period, make_period
from opsledger.domain.clock import Clock, FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.domain.ports import Log
from opsledger.infra.facts import age_of_facts, fact_tables, rebuild_facts, refresh, view
from opsledger.infra.ingesting import Ask, importer_of, run_imports
from opsledger.infra.render import render_result
from opsledger.infra.server import URL_VARIABLE, Server, parse_url, reaching
from opsledger.infra.store import Store, open_embedded, open_store
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Simulation, write
from opsledger.projections.audit.history import history
from opsledger.projections.ledger.arrow_insert import insert_whole, slim
from opsledger.projections.ledger.local_log import LocalLog
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests.gateways import Running, running
from tests.integration.log_port_suite import LogPortSuite
from tests.ledger_samples import NOW, calls, line, tables

OPTIONS = Options(start=date(2026, 1, 5), days=3, calls_per_day=50, seed=5)
FIRST, SECOND, LATER = (datetime(2026, 2, 1, hour, tzinfo=UTC) for hour in (6, 9, 12))
DAY = make_period(Grain.DAY, date(2026, 1, 6), OPTIONS.zone)
MONTH = make_period(Grain.MONTH, date(2026, 1, 6), OPTIONS.zone)
SOME = ("traffic", "data_quality", *tuple(REPORTS)[::6])
"""Reports that are also asked of the past."""
Answers = Mapping[str, bytes]


def _answers(store: Store) -> Answers:
    """Every report of a day, or of a month, some as known before the second half came; and one call's history."""
    found: dict[str, bytes] = {}
    for moment in (None, FIRST + timedelta(minutes=1)):
        with view(store, OPTIONS.tenant, moment) as facts:
            for period in (DAY,) if moment else (DAY, MONTH):
                some = SOME if moment else tuple(REPORTS)
                found |= {f"{code} {period.name} {moment}": body for code, body in _reports(facts, period, some)}
    subject = str(store.client.command("SELECT min(subject) FROM call"))
    positions = fact_tables(store).positions_at(SECOND)
    rows = history(store.client, OPTIONS.tenant, "call", subject, SECOND, positions=positions, zone=OPTIONS.zone)
    return found | {"history": repr([row.as_json() for row in rows]).encode()}


def _reports(facts: Facts, period: Period, codes: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for code in codes:
        if period.grain not in REPORTS[code].grains or (period == MONTH and Grain.DAY in REPORTS[code].grains):
            continue
        try:
            body = render_result(run_report(facts, Request(code, period)), "json", 100)
        except UserError as error:  # a report may want a parameter: it has to want it in the same words
            body = str(error)
        yield code, body.encode() if isinstance(body, str) else body


@dataclass(frozen=True)
class Both:
    embedded: Answers
    gateway: Running


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    with (folder / "events.jsonl").open("wb") as out:
        write(OPTIONS, out, None, Simulation(OPTIONS))
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    clock = FixedClock(FIRST)
    with open_embedded(folder / "data", clock=clock) as store:
        for moment, some in ((FIRST, lines[: len(lines) // 2]), (SECOND, lines[len(lines) // 2 :])):
            clock.at = moment
            (folder / "some.jsonl").write_bytes(b"".join(some))
            assert all(result.tally.dead == 0 for _, result in run_imports(store, [str(folder / "some.jsonl")], Ask("jsonl")))
            fact_tables(store).update()
        clock.at = LATER
        embedded = _answers(store)
    with running(folder / "data") as gateway:
        yield Both(embedded, gateway)


def _reader(gateway: Running, clock: Clock) -> Store:
    return open_store(gateway.root, clock=clock)


def test_every_report_is_the_same_to_the_last_byte(both: Both) -> None:
    with _reader(both.gateway, FixedClock(LATER)) as store:
        assert store.remote
        found = _answers(store)
    assert len(found) > len(REPORTS)
    assert {name for name in found if found[name] != both.embedded[name]} == set()
    assert found.keys() == both.embedded.keys()


def test_the_past_differs_from_the_present_in_what_is_compared(both: Both) -> None:
    """The other half of the test before: it would see a view of the past that shows the present."""
    now = {name.removesuffix(" None"): body for name, body in both.embedded.items() if name.endswith(" None")}
    then = {name.partition(" 2026-02")[0]: body for name, body in both.embedded.items() if "+00:00" in name}
    assert sum(now[name] != then[name] for name in then) > len(then) // 2


def test_two_look_at_the_past_at_the_same_time_and_leave_nothing(both: Both) -> None:
    def look(moment: datetime) -> bytes:
        with _reader(both.gateway, FixedClock(LATER)) as store, view(store, OPTIONS.tenant, moment) as facts:
            return str(render_result(run_report(facts, Request("traffic", DAY)), "json", 100)).encode()

    moments = [FIRST + timedelta(minutes=1), SECOND + timedelta(minutes=1)] * 3
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(look, moments))
    assert len(set(found)) == 2
    assert found[0] == both.embedded[f"traffic {DAY.name} {moments[0]}"]
    left = both.gateway.ask("SELECT count() FROM system.databases WHERE name LIKE 'known%'")
    assert left.body == b"0\n"


def test_a_local_log_is_not_written_over_the_network(both: Both) -> None:
    with _reader(both.gateway, FixedClock(LATER)) as store:
        with pytest.raises(UserError, match=r"one writer; stop the gateway .* or put the log on Kafka"):
            store.log.append(tables([line("a")]))
        with pytest.raises(UserError, match="one writer"):
            importer_of(store)


def test_who_reads_neither_makes_facts_anew_nor_brings_them_up(both: Both) -> None:
    with _reader(both.gateway, FixedClock(LATER)) as store:
        assert "kept by what writes to" in refresh(store, lambda *_: None)
        with pytest.raises(UserError, match="kept by another process"):
            rebuild_facts(store, lambda *_: None)


class _Ledger:
    """A ledger of its own in a gateway: a database that who writes makes, with its tables."""

    def __init__(self, gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address = gateway.address(f"ledger_{token_hex(4)}")
        self._set = monkeypatch.setenv

    def open(self, clock: Clock, *, writes: bool = False) -> Store:
        self._set(URL_VARIABLE, self.address)
        store = open_store("nowhere", clock=clock, writes=writes)
        store.updates_facts = writes
        return store


@pytest.fixture
def ledger(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> _Ledger:
    return _Ledger(gateway, monkeypatch)


@pytest.fixture(scope="module")
def made(gateway: Running) -> Iterator[Store]:
    """Made once for the tests of the log, for making all tables over HTTP is dear."""
    with pytest.MonkeyPatch.context() as patch:
        store = _Ledger(gateway, patch).open(FixedClock(NOW), writes=True)
    with store:
        yield store


class TestLocalLogOverHttp(LogPortSuite):
    """The tables take and give over HTTP what they do in process."""

    @pytest.fixture
    def log(self, gateway: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
        # nobody empties a ledger's tables: each test has a ledger of its own
        with _Ledger(gateway, monkeypatch).open(FixedClock(NOW), writes=True) as store:
            yield LocalLog(store.client, FixedClock(NOW))


def test_who_reads_does_not_make_facts_and_says_how_old_they_are(ledger: _Ledger) -> None:
    clock = FixedClock(NOW)
    with ledger.open(clock, writes=True) as writer, ledger.open(clock) as reader:
        with pytest.raises(UserError, match="no facts yet"), view(reader, "t1"):
            pass
        log = LocalLog(writer.client, clock)
        log.append(tables(calls(3)))
        assert _queued(writer) == 3
        log.append(tables(calls(4, first=3)))
        clock.at = NOW + timedelta(seconds=90)
        assert _queued(reader) == 3
        assert age_of_facts(reader) == "of 2026-03-01 12:00:00 UTC, 90 s ago; the ledger has more by now"
        assert _queued(writer) == 7, "who keeps the facts brings them up to the ledger"
        assert _queued(reader) == 7
        assert age_of_facts(reader) == "of 2026-03-01 12:01:30 UTC, 0 s ago"


def _queued(store: Store) -> int:
    with view(store, "t1") as facts:
        return int(facts.engine.query("SELECT count() FROM calls FINAL", {}).result_rows[0][0])


def test_who_asks_what_is_stored_does_so_by_a_table_of_its_own(ledger: _Ledger) -> None:
    with ledger.open(FixedClock(NOW), writes=True) as one, ledger.open(FixedClock(NOW)) as other:
        LocalLog(one.client, FixedClock(NOW)).append(tables([line("a")]))
        known, unknown = (_asked(key) for key in "ab")
        assert [store.ledger.stored(known).num_rows for store in (one, other)] == [1, 1]
        assert other.ledger.stored(unknown).num_rows == 0
        assert _asking_tables(one) == 2
    with ledger.open(FixedClock(NOW)) as third:
        assert _asking_tables(third) == 0


def _asked(key: str) -> pa.Table:
    rows = tables([line(key)])["call"]
    asked = {name: rows[name].cast(pa.string()) for name in ("tenant", "source")}
    return pa.table({"row": pa.array([0], pa.uint32()), **asked, "event_id": rows["event_id"], "payload": rows["payload"]})


def _asking_tables(store: Store) -> int:
    found = store.client.command(
        "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'asked_events_%'"
    )
    return int(str(found))


def test_an_insert_sent_again_with_its_token_is_stored_once(ledger: _Ledger) -> None:
    with ledger.open(FixedClock(NOW), writes=True) as store:
        row = slim(tables([line("a")])["call"])
        for token in ("t/0:0-0", "t/0:0-0", "t/0:0-1"):
            insert_whole(store.client, "call", row, token=token)
        assert store.client.command("SELECT count() FROM call") == 2, "one for each token"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://default:s3cret@127.0.0.1:9/x", "cannot be reached"),
        ("http://default:s3cret@{place}/default", "does not let 'default' in"),
        ("http://{login}@{place}/nowhere", "there is no database 'nowhere'"),
        ("http://{login}@{place}/system", "holds no ledger"),
        ("s3cret", "has to be http://user:password@host:port/database"),
        ("http://s3cret@h:port/x", "has to be http://user:password@host:port/database"),
        ("http://default:s3cret@h/x/y", "has to be http://user:password@host:port/database"),
    ],
)
def test_what_is_wrong_with_a_server_is_said_without_its_secrets(
    gateway: Running, monkeypatch: pytest.MonkeyPatch, address: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    login, _, place = gateway.address("").removeprefix("http://").removesuffix("/").rpartition("@")
    monkeypatch.setenv(URL_VARIABLE, address.format(place=place, login=login))
    with pytest.raises(UserError, match=told) as caught:
        open_store("nowhere", clock=FixedClock(NOW))
    for secret in ("s3cret", gateway.found.password):
        assert secret not in f"{caught.value} {caught.value!r} {caplog.text}"


def test_a_server_that_goes_away_is_said_to_be_away(tmp_path: Path) -> None:
    with running(tmp_path / "data") as gateway, open_store(gateway.root, clock=FixedClock(NOW)) as store:
        assert store.server
        with reaching(store.server):
            store.client.command("SELECT 1")
        gateway.process.kill()
        gateway.process.wait()
        with pytest.raises(UserError, match="cannot be reached") as caught, reaching(store.server):
            store.client.query("SELECT 1")
        assert caught.value.exit_code == EXIT_ENVIRONMENT


def test_a_defect_of_ours_is_not_taken_for_the_servers(gateway: Running) -> None:
    server = parse_url(gateway.address())
    client = gateway.client()
    with pytest.raises(Exception, match="SYNTAX_ERROR") as caught, reaching(server):
        client.command("SELEC 1")
    assert not isinstance(caught.value, UserError)


def test_a_server_shows_no_password() -> None:
    server = parse_url("https://me:s3%40cret@[::1]/ledger")
    assert server == Server("https", "::1", 8443, "ledger", "me", "s3@cret")
    assert server.shown == "https://[::1]:8443/ledger"
    assert "s3" not in repr(server)
