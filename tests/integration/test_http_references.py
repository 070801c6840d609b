"""What an event over HTTP may name: events of its sender's own, or others where its key may; and what a stranger is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import Outcome
from opsledger.infra import event_log
from opsledger.infra.store import Store, open_store
from opsledger.ingest.http.item import item_of
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.http.references import References
from opsledger.ingest.http.storing import Storing
from opsledger.ingest.http.verdict import Verdict
from tests.ledger_samples import NOW, SPACE, line
from tests.new_ledger import new_ledger

PBX, VENDOR, CRM, STRANGER = (Owner("acme", "pbx"), Owner("acme", "vendor"), Owner("acme", "crm"), Owner("globex", "pbx"))
MAY = replace(VENDOR, corrects_others=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture
def storing(store: Store) -> Storing:
    return Storing(event_log.stores_of(store), store.clock)


def send(storing: Storing, owner: Owner, key: str, **more: Any) -> Verdict:
    raw = line(key, tenant=owner.tenant, source=owner.source, **more)
    return storing.store([item_of(raw)], [owner])[0]


def id_of(key: str) -> str:
    return str(uuid5(SPACE, key))


def counted(store: Store) -> set[str]:
    return {source for (source,) in store.client.query("SELECT source FROM call_once WHERE tenant = 'acme'").result_rows}


def test_a_key_corrects_what_its_own_source_said(storing: Storing, store: Store) -> None:
    send(storing, PBX, "x")
    assert send(storing, PBX, "better", subject="x", corrects=id_of("x")).outcome is Outcome.ACCEPTED
    assert store.client.query("SELECT count() FROM call_once").result_rows == [(1,)]


@pytest.mark.parametrize("more", [{}, {"correctssource": "pbx"}])
def test_a_key_does_not_correct_another_source(storing: Storing, store: Store, more: dict[str, str]) -> None:
    send(storing, PBX, "x")
    told = send(storing, VENDOR, "mine", subject="x", corrects=id_of("x"), **more)
    assert (told.outcome, told.reason) == (Outcome.DEAD, "other_source")
    assert "is of the source 'pbx', and this key corrects events of 'vendor' alone" in told.detail
    assert counted(store) == {"pbx"}


@pytest.mark.parametrize("more", [{}, {"correctssource": "pbx"}])
def test_a_key_with_the_right_does(storing: Storing, store: Store, more: dict[str, str]) -> None:
    send(storing, PBX, "x")
    for outcome in (Outcome.ACCEPTED, Outcome.DUPLICATE):
        assert send(storing, MAY, "mine", subject="x", corrects=id_of("x"), **more).outcome is outcome
    assert counted(store) == {"vendor"}


def test_a_correction_of_what_comes_later_takes_nothing_of_others(storing: Storing, store: Store) -> None:
    """The id of an event to come can be worked out: who names it beforehand makes nothing vanish."""
    for owner in (VENDOR, STRANGER):
        assert send(storing, owner, f"before-{owner.tenant}", subject="x", corrects=id_of("x")).outcome is Outcome.ACCEPTED
    send(storing, VENDOR, "x")
    assert send(storing, PBX, "x").outcome is Outcome.ACCEPTED
    assert "pbx" in counted(store)


def test_nobody_is_told_that_another_tenant_has_an_id(storing: Storing, store: Store) -> None:
    send(storing, PBX, "x")
    known = send(storing, STRANGER, "x", data={"queue": "q9"})
    unknown = send(storing, STRANGER, "y", data={"queue": "q9"})
    assert known.outcome is unknown.outcome is Outcome.ACCEPTED
    for name in ("corrects", "causedby"):
        told = [send(storing, STRANGER, f"{name}{key}", subject="s", **{name: id_of(key)}) for key in ("only-acme", "nobody")]
        assert [one.outcome for one in told] == [Outcome.ACCEPTED] * 2
    assert "pbx" in counted(store)


def test_a_bare_id_of_several_sources_is_refused_with_their_names(storing: Storing, store: Store) -> None:
    for owner in (PBX, CRM):
        send(storing, owner, "x")
    told = send(storing, MAY, "mine", subject="x", corrects=id_of("x"))
    assert (told.reason, "'crm', 'pbx'; say which by correctssource" in told.detail) == ("ambiguous", True)
    assert send(storing, MAY, "mine", subject="x", corrects=id_of("x"), correctssource="crm").outcome is Outcome.ACCEPTED
    assert counted(store) == {"pbx", "vendor"}
    told = send(storing, MAY, "follows", causedby=id_of("x"))
    assert (told.reason, "'crm', 'pbx'" in told.detail) == ("ambiguous", True)
    send(storing, PBX, "one")
    assert send(storing, MAY, "follows", causedby=id_of("one")).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("more", "there"),
    [({"subject": "another"}, "call/x, and this one about call/another"), ({"type_": "fault.raised"}, "about call/x")],
)
def test_a_correction_is_about_the_same_thing(storing: Storing, more: dict[str, Any], there: str) -> None:
    send(storing, PBX, "x")
    if more.get("type_"):
        more = more | {"subject": "x", "data": {"system": "ivr", "kind": "k", "severity": "major"}}
    told = send(storing, PBX, "mine", corrects=id_of("x"), **more)
    assert (told.reason, there in told.detail) == ("invalid", True)


def test_what_is_stored_is_not_judged_again(storing: Storing, store: Store) -> None:
    """A right that was taken away since, or an id that another source uses since, makes no dead letter of a repeat."""
    send(storing, PBX, "x")
    sent = {"subject": "x", "corrects": id_of("x"), "causedby": id_of("x")}
    assert send(storing, MAY, "mine", **sent).outcome is Outcome.ACCEPTED
    send(storing, CRM, "x")
    assert send(storing, VENDOR, "mine", **sent).outcome is Outcome.DUPLICATE


def test_others_of_the_group_are_taken(storing: Storing) -> None:
    send(storing, PBX, "x")
    bad = line("bad", tenant="acme", source="vendor", subject="x", corrects=id_of("x"))
    good = [line(f"g{n}", tenant="acme", source="vendor") for n in range(3)]
    told = storing.store([item_of(raw) for raw in (*good[:2], bad, good[2])], [VENDOR] * 4)
    assert [one.outcome for one in told] == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.DEAD, Outcome.ACCEPTED]


def test_control_without_looking_it_is_taken(storing: Storing, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(References, "judged", lambda _self, chunk, *_: chunk)
    send(storing, PBX, "x")
    told = send(storing, VENDOR, "mine", subject="x", corrects=id_of("x"), correctssource="pbx")
    assert told.outcome is Outcome.ACCEPTED
    assert counted(store) == {"vendor"}


def test_without_a_ledger_what_an_event_says_itself_is_judged() -> None:
    lines = [
        line("a", tenant="acme", source="vendor", corrects=id_of("x"), correctssource="pbx"),
        line("b", tenant="acme", source="vendor", corrects=id_of("x")),
    ]
    stores = event_log_without_ledger()
    told = Storing(stores, FixedClock(NOW)).store([item_of(raw) for raw in lines], [VENDOR, VENDOR])
    assert [(one.outcome, one.reason) for one in told] == [(Outcome.DEAD, "other_source"), (Outcome.ACCEPTED, "")]
    assert json.loads(lines[0])["correctssource"] == "pbx"
    assert UUID(json.loads(lines[0])["corrects"]).version == 5


def event_log_without_ledger() -> Any:
    from opsledger.domain.ports import Span
    from opsledger.ingest.importer import Stores

    class Log:
        def append(self, events: dict[str, Any], *, backfill: bool = False) -> list[Span]:
            return [Span(stream, 0, 0, table.num_rows) for stream, table in events.items()]

    class Letters:
        def keep(self, letters: list[Any]) -> int:
            return len(letters)

    return Stores(Log(), None, Letters(), None)  # type: ignore[arg-type]  # what a log without a ledger has
