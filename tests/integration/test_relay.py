"""The relay: every decision reaches the log, in order, and counts once, however often and whenever it was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.decisions.application import Decisions, Refused, execute
from opsledger.domain.decisions.base import KnownFacts
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.errors import UserError
from opsledger.domain.events.contract import ContractSigned
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border.convert import to_event
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.relay import FilePlace, refusal_of, relay
from tests.contract_samples import NINE, complaint_rule, in_file, in_memory, sample_terms
from tests.new_ledger import new_ledger

CLOCK = FixedClock(NINE + timedelta(days=1))
BORDER = Border(CLOCK, decisions=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=CLOCK) as opened:
        yield opened


def contract(app: Decisions, name: str, minute: int = 0) -> None:
    """Sign and amend a contract."""
    begins = "2026-01-01T00:00:00+08:00"
    for step, values in enumerate(
        (
            {"command": "contract.sign", "vendor": "v1", "terms": sample_terms(), "effective_from": begins},
            {"command": "contract.amend", "terms": sample_terms(rules=[complaint_rule("0.85")]), "effective_from": begins},
        )
    ):
        command = read_command(
            {"id": name, "actor": "ann", **values}, tenant="t1", now=NINE + timedelta(minutes=2 * minute + step)
        )
        execute(app, command, CLOCK, KnownFacts())


def logged(store: Store) -> list[tuple[str, str, str]]:
    """(type, subject, event id) of the contract stream's log, as it lies there."""
    records = [json.loads(r.value) for batch in store.log.read("contract", 0, 0) for r in batch]
    return [(r["type"], r["subject"], r["id"]) for r in records]


def test_decisions_reach_the_log_in_their_order_and_only_once(store: Store) -> None:
    place = FilePlace(store.path / "relay.position")
    with in_file(store.directory.decisions) as app:
        for n in range(3):
            contract(app, f"c{n}", n)
        assert len(relay(app, store.log, place, BORDER, batch=4)) == 6
        assert relay(app, store.log, place, BORDER) == []
        contract(app, "c3", 3)
        assert [e.subject for e in relay(app, store.log, place, BORDER)] == ["c3", "c3"]
    assert [(t, s) for t, s, _ in logged(store)] == [
        (type_, f"c{n}") for n in range(4) for type_ in ("contract.signed", "contract.amended")
    ]


def test_what_the_log_holds_is_the_decision_that_was_made(store: Store) -> None:
    with in_file(store.directory.decisions) as app:
        contract(app, "c0")
        made = relay(app, store.log, FilePlace(store.path / "relay.position"), BORDER)
    (batch,) = store.log.read("contract", 0, 0)
    wires = [BORDER.take(record.value) for record in batch]
    assert [to_event(wire) for wire in wires if not isinstance(wire, Refusal)] == made
    assert isinstance(made[0].data, ContractSigned)
    row = next(iter(store.client.query("SELECT * FROM contract ORDER BY offset").named_results()))
    assert (row["vendor"], row["data_vendor"], row["source"], row["actor"]) == ("v1", "v1", "decision", "ann")


@dataclass
class Dies:
    """A place that fails while it is being saved, as if the process had died there."""

    place: FilePlace

    def load(self) -> int:
        return self.place.load()

    def save(self, position: int) -> None:
        raise ConnectionAbortedError(position)


def test_killed_between_append_and_save_it_appends_the_same_events_again_and_they_count_once(store: Store) -> None:
    place = FilePlace(store.path / "relay.position")
    with in_file(store.directory.decisions) as app:
        contract(app, "c0")
        with pytest.raises(ConnectionAbortedError):
            relay(app, store.log, Dies(place), BORDER)
        relay(app, store.log, place, BORDER)
    twice = logged(store)
    assert len(twice) == 4
    assert twice[:2] == twice[2:]
    assert store.client.command("SELECT uniqExact(event_id) FROM contract") == 2
    assert store.client.command("SELECT uniqExact(payload_hash) FROM contract") == 2  # copies, not a conflict


def test_a_relay_that_saved_its_place_first_would_lose_decisions(store: Store) -> None:
    """The control of the test above: with the two steps exchanged, the loss is seen."""
    place = FilePlace(store.path / "relay.position")
    with in_file(store.directory.decisions) as app:
        contract(app, "c0")
        place.save(app.outbox(0, 10)[-1][0])
        relay(app, store.log, place, BORDER)
    assert logged(store) == []


_KILLED = """
import os, sys
from pathlib import Path
from opsledger.domain.clock import FixedClock
from opsledger.infra.store import open_store
from opsledger.ingest.relay import FilePlace, refusal_of, relay
from opsledger.ingest.border.judge import Border
from tests.contract_samples import in_file
from tests.integration.test_relay import CLOCK

class Killed(FilePlace):
    def save(self, position):
        os.kill(os.getpid(), 9)

with open_store(Path(sys.argv[1]), clock=CLOCK) as store, in_file(store.directory.decisions) as app:
    relay(app, store.log, Killed(store.path / "relay.position"), Border(CLOCK, decisions=True))
"""


@pytest.mark.chaos
def test_killed_for_real_between_append_and_save_nothing_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    with in_file(tmp_path / "decisions.sqlite") as app:
        contract(app, "c0")
    data = tmp_path / "data"
    with open_store(data, clock=CLOCK) as store:
        (tmp_path / "decisions.sqlite").rename(store.directory.decisions)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(data)], cwd=Path(__file__).parents[2], check=False, env=os.environ
    )
    assert killed.returncode == -9
    with open_store(data, clock=CLOCK) as store, in_file(store.directory.decisions) as app:
        assert len(logged(store)) == 2
        relay(app, store.log, FilePlace(data / "relay.position"), BORDER)
        assert len(logged(store)) == 4
        assert set(logged(store)) == set(logged(store)[:2])


def test_a_decision_that_no_reader_could_read_stops_the_relay_before_it(store: Store) -> None:
    place = FilePlace(store.path / "relay.position")
    facts_only = Border(CLOCK)
    with in_file(store.directory.decisions) as app:
        contract(app, "c0")
        with pytest.raises(UserError, match=r"contract\.signed c0\) cannot enter the log"):
            relay(app, store.log, place, facts_only)
    assert (place.load(), logged(store)) == (0, [])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"effective_from": "9999-01-01T00:00:00Z"}, "effective_from"),
        ({"terms": sample_terms(rules=[{**complaint_rule(), "rule": f"r{n}" + "x" * 7000} for n in range(40)])}, "bytes"),
    ],
)
def test_what_the_log_would_not_take_is_refused_before_it_is_decided(changes: dict[str, object], problem: str) -> None:
    values = {"command": "contract.sign", "vendor": "v1", "terms": sample_terms(), "effective_from": "2026-01-01T00:00:00Z"}
    command = read_command({"id": "c0", "actor": "ann", **values, **changes}, tenant="t1", now=NINE)
    app = in_memory()
    with pytest.raises(Refused, match=problem):
        execute(app, command, CLOCK, KnownFacts(), judge=partial(refusal_of, border=BORDER))
    assert app.outbox(0, 10) == []


def test_a_place_is_kept_and_one_that_is_no_number_is_refused(tmp_path: Path) -> None:
    place = FilePlace(tmp_path / "relay.position")
    assert place.load() == 0
    place.save(41)
    place.save(42)
    assert FilePlace(tmp_path / "relay.position").load() == 42
    assert [p.name for p in tmp_path.iterdir()] == ["relay.position"]
    place.path.write_text("forty")
    with pytest.raises(UserError, match="delete it"):
        place.load()
