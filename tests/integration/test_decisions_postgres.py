"""Decisions in a real PostgreSQL: the same rules, many deciders at once, and a relay that passes nobody over."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.postgres import PostgresApplicationRecorder

from opsledger.domain.clock import FixedClock
from opsledger.domain.decisions.application import Decisions, execute
from opsledger.domain.decisions.base import KnownFacts
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.envelope import Event
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.decision_store import VARIABLE, keeping, opened_decisions
from opsledger.infra.decisions import decide
from opsledger.infra.relaying import Relay, local_outlet
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.relay import FilePlace, relay
from tests.contract_samples import NINE, sample_terms
from tests.new_ledger import new_ledger
from tests.postgres_server import PASSWORD, Postgres

CLOCK = FixedClock(NINE + timedelta(days=1))
DAY = "2026-01-01T00:00:00Z"
BORDER = Border(CLOCK, decisions=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=CLOCK) as opened:
        yield opened


@pytest.fixture
def app(store: Store, decisions_url: str) -> Iterator[Decisions]:
    with opened_decisions(store.directory, {VARIABLE: decisions_url}) as opened:
        yield opened


def sign(app: Decisions, name: str, *, vendor: str = "v1", judge: Any = None) -> list[Event]:
    values = {"command": "contract.sign", "vendor": vendor, "terms": sample_terms(), "effective_from": DAY}
    command = read_command({"id": name, "actor": "ann", **values}, tenant="t1", now=NINE)
    return execute(app, command, CLOCK, KnownFacts(), **({"judge": judge} if judge else {}))


def logged(store: Store) -> list[str]:
    """The subjects of the contract stream's log, as they lie there."""
    return [json.loads(record.value)["subject"] for batch in store.log.read("contract", 0, 0) for record in batch]


def test_decisions_are_kept_over_processes_and_reach_the_log_once(store: Store, decisions_url: str) -> None:
    with opened_decisions(store.directory, {VARIABLE: decisions_url}) as app:
        for n in range(3):
            sign(app, f"c{n}")
    with opened_decisions(store.directory, {VARIABLE: decisions_url}) as app:
        assert sign(app, "c1") == []  # carried out before: known over the restart
        outlet = local_outlet(store)
        assert sum(len(events) for events in Relay(app, outlet).run()) == 3
        assert list(Relay(app, outlet).run()) == []
    assert logged(store) == ["c0", "c1", "c2"]
    assert not store.directory.decisions.exists()


def test_of_two_who_decide_about_one_thing_at_once_one_is_told_to_look_again(app: Decisions) -> None:
    both_looked = threading.Barrier(2)

    def judge(_event: Event) -> str:
        both_looked.wait(30)
        return ""

    def decide(vendor: str) -> list[Event] | UserError:
        try:
            return sign(app, "desk", vendor=vendor, judge=judge)
        except UserError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(decide, ("v1", "v2")))
    (lost,) = (one for one in ended if isinstance(one, UserError))
    assert "somebody else decided about this contract" in str(lost)
    assert len(app.outbox(0, 10)) == 1


def test_a_relay_that_follows_many_deciders_at_once_passes_none_over(store: Store, decisions_url: str) -> None:
    names = [f"c{n}" for n in range(60)]
    place, over = FilePlace(store.path / "place"), threading.Event()

    def decide(mine: list[str]) -> None:
        with opened_decisions(store.directory, {VARIABLE: decisions_url}) as app:
            for name in mine:
                sign(app, name)

    with opened_decisions(store.directory, {VARIABLE: decisions_url}) as app, ThreadPoolExecutor(5) as pool:
        deciders = [pool.submit(decide, names[n::4]) for n in range(4)]
        pool.submit(lambda: ([one.exception() for one in deciders], over.set()))
        while not over.is_set():
            relay(app, store.log, place, BORDER, batch=3)
        for one in deciders:
            one.result()
        relay(app, store.log, place, BORDER)
    assert sorted(logged(store)) == sorted(names)


class Slow:
    """Holds the first transaction that has its numbers and has not committed yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_number, self.may_commit = threading.Event(), threading.Event()
        really = PostgresApplicationRecorder._fetch_ids_after_insert_events

        def held(recorder: Any, *given: Any, **more: Any) -> Any:
            ids = really(recorder, *given, **more)
            if not self.has_number.is_set():
                self.has_number.set()
                assert self.may_commit.wait(30)
            return ids

        monkeypatch.setattr(PostgresApplicationRecorder, "_fetch_ids_after_insert_events", held)


def relayed_around_a_late_committer(store: Store, url: str, slow: Slow) -> list[str]:
    """One decision has its number and waits; another is made; the relay runs; the first commits; the relay runs again."""
    place = FilePlace(store.path / "place")
    where = {VARIABLE: url}
    with ExitStack() as stack:
        one, two, third = (stack.enter_context(opened_decisions(store.directory, where)) for _ in range(3))
        pool = stack.enter_context(ThreadPoolExecutor(2))
        first = pool.submit(sign, one, "first")
        assert slow.has_number.wait(30)
        second = pool.submit(sign, two, "second")
        threading.Event().wait(1.0)  # with the lock the second waits; without it, it is there at once
        relay(third, store.log, place, BORDER)
        slow.may_commit.set()
        first.result(30), second.result(30)
        relay(third, store.log, place, BORDER)
    return sorted(logged(store))


def test_who_commits_late_is_not_passed_over(store: Store, decisions_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert relayed_around_a_late_committer(store, decisions_url, Slow(monkeypatch)) == ["first", "second"]


def test_without_the_table_lock_who_commits_late_would_be_lost(
    store: Store, decisions_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(PostgresApplicationRecorder, "_lock_table", lambda *_: None)
    assert relayed_around_a_late_committer(store, decisions_url, Slow(monkeypatch)) == ["second"]


@pytest.mark.parametrize("what", ["password", "port", "database"])
def test_a_server_that_cannot_be_used_is_told_without_the_password(store: Store, postgres: Postgres, what: str) -> None:
    urls = {
        "password": postgres.url(password="wr0ng-secret"),
        "port": postgres.url(port=1),
        "database": postgres.url("nothing_here"),
    }
    with pytest.raises(UserError) as told, opened_decisions(store.directory, {VARIABLE: urls[what]}):
        pass
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert VARIABLE in str(told.value)
    assert PASSWORD not in str(told.value)
    assert "wr0ng-secret" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_server_that_goes_away_meanwhile_is_told_and_nothing_is_lost(store: Store, postgres: Postgres) -> None:
    url = postgres.new_database("goes_away")
    with pytest.raises(UserError) as told, opened_decisions(store.directory, {VARIABLE: url}) as app:  # noqa: PT012
        sign(app, "c0")
        postgres.stop()
        try:
            sign(app, "c1")
        finally:
            postgres.start()
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert PASSWORD not in str(told.value)
    with opened_decisions(store.directory, {VARIABLE: url}) as app:
        assert [event.subject for _, event in app.outbox(0, 10)] == ["c0"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:s3cret@h/d",
        "postgresql://u:s3cret@h:port/d",
        "postgresql://u:s3cret@/d",
        "postgresql://u:s3cret@h/",
        "postgresql://h/d",
        "postgresql://u:s3cret@h/d?sslmode=require",
        "postgresql://u:s3cret@[h/d",
    ],
)
def test_an_address_that_is_none_is_refused_without_being_shown(store: Store, url: str) -> None:
    with pytest.raises(UserError, match="postgresql://user:password@host:port/database") as told:
        keeping(store.directory, {VARIABLE: url})
    assert "s3cret" not in str(told.value)


def test_a_store_of_decisions_does_not_show_its_password(store: Store, postgres: Postgres) -> None:
    kept = keeping(store.directory, {VARIABLE: postgres.url()})
    assert PASSWORD not in repr(kept)
    assert kept.password == PASSWORD
    assert kept.shown == f"postgresql://127.0.0.1:{postgres.port}/postgres"


def test_a_store_that_was_made_anew_is_relayed_from_its_beginning(store: Store, postgres: Postgres) -> None:
    outlet = local_outlet(store)
    for name, subjects in (("made_first", ["a", "b", "c"]), ("made_anew", ["d"])):
        with opened_decisions(store.directory, {VARIABLE: postgres.new_database(name)}) as app:
            for subject in subjects:
                sign(app, subject)
            list(Relay(app, outlet).run())
    assert logged(store) == ["a", "b", "c", "d"]


def test_a_place_behind_the_end_of_the_store_is_refused(store: Store, app: Decisions) -> None:
    sign(app, "c0")
    work = Relay(app, local_outlet(store))
    list(work.run())
    place = work.place()
    assert place is not None
    place.save(1000)
    with pytest.raises(UserError, match="it was emptied, or some were deleted, or it is another one"):
        work.place()


@pytest.mark.parametrize("harm", ["DROP TABLE decisions_events CASCADE", "TRUNCATE TABLE decisions_events"])
def test_a_store_that_was_emptied_is_refused_before_anything_is_decided(
    store: Store, decisions_url: str, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setenv(VARIABLE, decisions_url)
    values = {"command": "contract.sign", "vendor": "v1", "terms": sample_terms(), "effective_from": DAY}
    first, second = (read_command({"id": name, "actor": "ann", **values}, tenant="t1", now=NINE) for name in ("a", "b"))
    decide(store, [("", first)])
    with psycopg.connect(decisions_url, autocommit=True) as connection:
        connection.execute(harm)
    with pytest.raises(UserError, match="has 0 decisions, and 1 were relayed from here"):
        decide(store, [("", second)])
    with opened_decisions(store.directory) as app:
        assert app.outbox(0, 10) == []
    assert logged(store) == ["a"]


def test_two_relays_on_one_place_are_not_at_work_at_once(store: Store, app: Decisions) -> None:
    outlet = local_outlet(store)
    with Relay(app, outlet).alone() as first, Relay(app, outlet).alone() as second:
        assert (first, second) == (True, False)
    with Relay(app, outlet).alone() as again:
        assert again


def test_while_a_relay_is_at_work_what_is_decided_is_left_to_it(
    store: Store, app: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsledger.infra.decisions.open_decisions", lambda _store: nullcontext(app))
    command = read_command(
        {
            "command": "contract.sign",
            "id": "c0",
            "actor": "ann",
            "vendor": "v1",
            "terms": sample_terms(),
            "effective_from": DAY,
        },
        tenant="t1",
        now=NINE,
    )
    work = Relay(app, local_outlet(store))
    with work.alone():
        with pytest.raises(UserError, match="another relay is at work"):
            decide(store, [("", command)], backfill=True)
        carried = decide(store, [("", command)])
        assert (len(carried.events), carried.waiting, logged(store)) == (1, True, [])
        assert sum(len(events) for events in work.run()) == 1
    assert decide(store, [("", command)]).repeated == 1
    assert logged(store) == ["c0"]


def test_the_library_does_not_take_the_address_from_elsewhere(store: Store) -> None:
    """Without the variable decisions stay in the data directory."""
    assert VARIABLE not in os.environ
    with opened_decisions(store.directory) as app:
        sign(app, "c0")
    assert store.directory.decisions.exists()
