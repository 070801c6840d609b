"""An event is known by tenant, source and id: nobody's event makes another's vanish, be counted once, or be corrected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid5

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.envelope import Identity
from opsledger.infra.facts import fact_tables
from opsledger.infra.store import Store, open_store
from opsledger.ingest import rows
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.tally import Tally
from opsledger.projections.audit.history import history
from tests.ledger_samples import NOW, SPACE, chunks, importer, line, spec
from tests.new_ledger import new_ledger

OWNERS = (("acme", "pbx:main"), ("globex", "pbx:main"), ("acme", "vendor:xinhe"), ("pbx:main", "acme"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as opened:
        yield opened


def take(store: Store, lines: list[bytes], policy: OnChange | None = None) -> Tally:
    """Import lines of any tenant and source."""
    return importer(store).run(chunks(lines, policy=policy), spec()).tally


def of(key: str, owner: tuple[str, str], **more: object) -> bytes:
    return line(key, tenant=owner[0], source=owner[1], **more)


def counted(store: Store, stream: str = "call") -> set[tuple[str, ...]]:
    return set(store.client.query(f"SELECT tenant, source, subject FROM {stream}_once").result_rows)


@pytest.mark.parametrize("together", [True, False])
def test_one_id_of_several_owners_is_several_events(store: Store, together: bool) -> None:
    told = [of("same", owner) for owner in OWNERS]
    parts = [told] if together else [[one] for one in told]
    assert sum(take(store, part).accepted for part in parts) == len(OWNERS)
    assert len(counted(store)) == len(OWNERS)
    assert take(store, told).duplicate == len(OWNERS)
    assert len(next(iter(store.ledger.identities()))) == 24 * len(OWNERS)


def test_control_by_ids_alone_they_are_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "owner_mark", lambda *_: bytes(8))
    monkeypatch.setattr(rows, "_owners", lambda table, known: known.append(OWNERS[0]) or rows.np.zeros(table.num_rows, int))
    assert take(store, [of("same", owner) for owner in OWNERS]).accepted == 1


@pytest.mark.parametrize("policy", list(OnChange))
def test_who_has_an_id_first_takes_it_from_nobody(store: Store, policy: OnChange) -> None:
    """Ids of imported facts can be worked out beforehand; another's events under them change nothing."""
    squatters = [of(f"k{n}", OWNERS[0], subject="squat") for n in range(30)]
    take(store, squatters)
    tally = take(store, [of(f"k{n}", OWNERS[1]) for n in range(30)], policy)
    assert (tally.accepted, tally.duplicate, tally.dead, tally.corrected) == (30, 0, 0, 0)
    assert len(counted(store)) == 31
    fact_tables(store).update()
    facts = dict(store.client.query("SELECT tenant, count() FROM calls FINAL GROUP BY tenant").result_rows)
    assert facts == {"acme": 1, "globex": 30}


def test_two_sources_speak_of_one_thing_under_one_id(store: Store) -> None:
    """Subjects are shared: both count, in facts that count events, too."""
    urged = [of("u", owner, subject="T1", type_="ticket.urged", at_s=9, data={}) for owner in (OWNERS[0], OWNERS[2])]
    take(store, [*urged, *urged])
    fact_tables(store).update()
    asked = "SELECT urges FROM tickets FINAL WHERE ticket = 'T1' ORDER BY tenant"
    assert store.client.query(asked).result_rows == [(2,)]
    assert [row.repeat for row in history(store.client, "acme", "ticket", "T1")] == [False] * 2
    take(store, [of("u", OWNERS[1], subject="T1", type_="ticket.urged", at_s=9, data={})])
    fact_tables(store).update()
    assert store.client.query(asked).result_rows == [(2,), (1,)], "nor do others of another tenant's"


def correction(key: str, owner: tuple[str, str], **more: object) -> bytes:
    return of(key, owner, corrects=str(uuid5(SPACE, "same")), subject="same", data={"queue": "wrong"}, **more)


@pytest.mark.parametrize("owner", OWNERS[1:])
def test_a_correction_takes_the_place_of_its_own_sources_event_alone(store: Store, owner: tuple[str, str]) -> None:
    take(store, [of("same", OWNERS[0]), of("same", owner), correction("later", owner)])
    assert (*OWNERS[0], "same") in counted(store)
    fact_tables(store).update()
    queues = "SELECT DISTINCT queue FROM legs FINAL WHERE tenant = {tenant:String} ORDER BY queue"
    found = [queue for (queue,) in store.client.query(queues, parameters={"tenant": OWNERS[0][0]}).result_rows]
    assert "q1" in found
    told = {row.source: row.corrected_by for row in history(store.client, OWNERS[0][0], "call", "same")}
    assert told[OWNERS[0][1]] is None


def test_one_that_says_whose_takes_the_place_of_that(store: Store) -> None:
    take(store, [of("same", OWNERS[0]), of("same", OWNERS[2]), correction("later", OWNERS[2], correctssource=OWNERS[0][1])])
    assert counted(store) == {("acme", "vendor:xinhe", "same")}
    rows_ = history(store.client, "acme", "call", "same")
    (by,) = [row for row in rows_ if row.corrects]
    assert by.corrects_source == "pbx:main"
    assert {row.source: row.corrected_by for row in rows_ if not row.corrects} == {
        "pbx:main": by.event_id,
        "vendor:xinhe": None,
    }


def test_it_does_so_from_tenant_to_tenant_by_no_means(store: Store) -> None:
    stranger = json.loads(correction("later", OWNERS[1], correctssource=OWNERS[0][1]))
    take(store, [of("same", OWNERS[0]), json.dumps(stranger).encode()])
    assert (*OWNERS[0], "same") in counted(store)


def test_an_import_that_corrects_finds_its_own_versions_among_others_of_the_id(store: Store) -> None:
    policy = OnChange.CORRECT
    take(store, [of("same", owner) for owner in OWNERS])
    changed = of("same", OWNERS[1], data={"queue": "q2"})
    assert take(store, [changed], policy).corrected == 1
    assert take(store, [changed], policy).duplicate == 1
    third = of("same", OWNERS[1], data={"queue": "q3"})
    assert take(store, [third], policy).corrected == 1
    assert store.client.query("SELECT tenant, queue FROM call_once ORDER BY tenant, source").result_rows == [
        ("acme", "q1"),
        ("acme", "q1"),
        ("globex", "q3"),
        ("pbx:main", "q1"),
    ]


def test_the_ledger_answers_by_identity(store: Store) -> None:
    take(store, [of("same", OWNERS[0]), of("other", OWNERS[1])])
    id_ = uuid5(SPACE, "same")
    asked = [Identity(*owner, id_) for owner in OWNERS]
    assert list(store.ledger.events(asked)) == asked[:1]
    assert [event.source for event in store.ledger.named("acme", [id_])] == ["pbx:main"]
    assert store.ledger.named("globex", [id_]) == []
