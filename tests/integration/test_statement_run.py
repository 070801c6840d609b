"""From events and commands to a statement: every line is recounted by hand, at the edges of days and months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.domain.statement import StatementStoppedError
from opsledger.infra.facts import view
from opsledger.infra.statements import run_statement
from opsledger.infra.store import Store, open_store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.relay import tables as relay_tables
from tests.contract_samples import complaint_rule, sample_terms
from tests.desk_samples import (
    FIRST_OF_FEBRUARY,
    LAST_OF_JANUARY,
    NOW,
    TERMS,
    approval,
    at,
    award,
    callback,
    complaint,
    desk_calls,
    event,
    given,
    of,
    ruling,
    settled,
    signing,
    without_kpi,
)
from tests.new_ledger import new_ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as opened:
        yield opened


def test_liable_complaints_count_on_the_local_day_of_their_ruling_and_each_names_its_event(store: Store) -> None:
    carried = given(
        store,
        [*map(complaint, ("p1", "p2", "p3", "p5")), complaint("p4", "v2")],
        signing(terms=without_kpi()),
        ruling("p1", LAST_OF_JANUARY),
        ruling("p2", FIRST_OF_FEBRUARY),
        ruling("p3", at("01-20"), liable=False),
        ruling("p4", at("01-20")),
        ruling("p5", at("01-20"), "severe"),
    )
    assert carried.refused == []
    made = {e.subject: e.event_id for e in carried.events}
    minor, general, severe = of(settled(store), "complaints")
    assert [x.amount for x in (minor, general, severe)] == [Decimal("-500.00"), Decimal("0.00"), Decimal("-5000.00")]
    assert (minor.evidence[0].event_ids, severe.evidence[0].event_ids) == ((made["p1"],), (made["p5"],))
    assert minor.evidence[0].positions == (("complaint/0", 10),)
    assert [x.evidence[0].event_ids for x in of(settled(store, "2026-02"), "complaints")] == [(made["p2"],), (), ()]


def test_a_callback_is_missed_when_nobody_called_by_the_end_of_the_next_local_day(store: Store) -> None:
    lines = [
        *callback("in-time", at("01-10", "00:00:00"), ("attempted", at("01-11", "23:59:59"))),
        *callback("too-late", at("01-10", "23:59:59"), ("attempted", at("01-12", "00:00:00"))),
        *callback("never", at("01-10")),
        *callback("done-without-try", at("01-10"), ("completed", at("01-11"))),
        *callback("cancelled", at("01-10"), ("cancelled", at("01-10", "18:00:00"))),
        *callback("cancelled-too-late", at("01-10"), ("cancelled", at("01-12"))),
        *callback("of-new-years-eve", "2025-12-31T12:00:00+08:00"),
        *callback("for-february", at("01-31")),
        *callback("other-vendor", at("01-10"), vendor="v2"),
        *callback("promise", at("01-10"), purpose="promise"),
        *callback("message", at("01-10"), purpose="voicemail"),
        *callback("not-yet-due", at("02-27")),
    ]
    given(store, lines, signing(terms=without_kpi()))
    january, february = settled(store), settled(store, "2026-02")
    (callbacks,), (messages,) = of(january, "complaint-callbacks"), of(january, "messages")
    missed = ("too-late", "never", "cancelled-too-late", "of-new-years-eve")
    assert {subject(store, i) for i in callbacks.evidence[0].event_ids} == set(missed)
    assert (callbacks.quantity, callbacks.amount) == (4, Decimal("-200.00"))
    assert [subject(store, i) for i in messages.evidence[0].event_ids] == ["message"]
    assert [subject(store, i) for i in of(february, "complaint-callbacks")[0].evidence[0].event_ids] == ["for-february"]


def subject(store: Store, event_id: UUID) -> str:
    asked = {"id": str(event_id)}
    return str(store.client.command("SELECT subject FROM callback WHERE event_id = {id:UUID}", parameters=asked))


@pytest.mark.parametrize(
    ("handed_in", "quantity"), [("02-05T23:59:59", 0), ("02-06T00:00:00", 1), ("01-31T09:00:00", 0), (None, 1)]
)
def test_the_report_of_the_month_before_is_due_by_the_end_of_the_5th(
    store: Store, handed_in: str | None, quantity: int
) -> None:
    lines = (
        [event("report.submitted", "monthly/2026-01", f"2026-{handed_in}+08:00", report="monthly", period="2026-01")]
        if handed_in
        else []
    )
    lines.append(event("report.submitted", "monthly/2026-01", at("02-01"), "v2", report="monthly", period="2026-01"))
    given(store, lines, signing(terms=without_kpi()))
    assert of(settled(store, "2026-02"), "reports")[0].quantity == quantity
    assert of(settled(store), "reports")[0].quantity == 0  # nothing is due for a month before the contract


def test_the_kpi_of_an_agent_is_made_of_the_registrys_figures(store: Store) -> None:
    carried = given(store, desk_calls(), signing(), approval("e1"), approval("e2"), approval("e4"), approval("e3", "eva"))
    assert ["gave this score and may not approve it" in r for r in carried.refused] == [True]
    one, two = of(settled(store), "kpi")
    assert (one.party_id, two.party_id) == ("a1", "a2")
    speed, satisfaction, quality = one.details
    assert (speed.numerator, speed.denominator) == (3, 5)  # the abandon in which nobody was rung is left out
    assert (satisfaction.numerator, satisfaction.denominator) == (1, 2)
    assert (quality.numerator, quality.denominator, quality.figure) == (Decimal("180.5"), 2, Decimal("90.25"))
    assert [d.points for d in one.details] == [0, 0, 30]
    assert [d.points for d in two.details] == [0, 30, 30]  # no ratings: full points
    assert (one.quantity, one.unit_amount, one.amount) == (70, -70, Decimal("-4900.00"))
    assert (two.quantity, two.amount) == (40, Decimal("-2800.00"))
    approved = {e.event_id for e in carried.events if e.subject in ("e1", "e2")}
    assert set(one.evidence[2].event_ids) == approved
    assert one.evidence[0].count == 5


def test_the_figures_are_those_of_the_contracts_queues(store: Store) -> None:
    given(store, desk_calls(), signing(terms={**TERMS, "queues": ["q9"]}), approval("e1"))
    assert of(settled(store), "kpi") == []  # nobody served that queue


def test_an_agent_whose_quality_nobody_approved_stops_the_statement_with_the_reason(store: Store) -> None:
    given(store, desk_calls(), signing())
    with pytest.raises(StatementStoppedError, match=r"kpi, a2, .*Quality score"):
        settled(store)


def test_what_is_in_the_log_twice_is_paid_once(store: Store) -> None:
    commands = [signing(), approval("e1"), approval("e2"), approval("e4"), ruling("p1", at("01-20"))]
    given(store, [*desk_calls(), complaint("p1"), *callback("never", at("01-10"))], *commands)
    before = settled(store)
    given(store, [*desk_calls(), complaint("p1"), *callback("never", at("01-10"))], *commands)
    (store.path / "relay.position").unlink()
    assert given(store, [complaint("p1")], *commands).repeated == 5
    after = settled(store)
    assert after.total == before.total
    for one, two in zip(before.lines, after.lines, strict=True):
        assert (one.amount, one.details) == (two.amount, two.details)
        assert [(e.count, e.digest, e.event_ids) for e in one.evidence] == [
            (e.count, e.digest, e.event_ids) for e in two.evidence
        ]


def test_a_statement_can_be_made_as_it_was_known(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
    with open_store(new_ledger(tmp_path / "data"), clock=clock) as store:
        given(
            store, [*desk_calls(), *callback("never", at("01-10"))], signing(), approval("e1"), approval("e2"), approval("e4")
        )
        then = settled(store)
        clock.at = NOW
        given(store, callback("more", at("01-10")))
        assert of(settled(store), "complaint-callbacks")[0].quantity == 2
        again = settled(store, as_known_at=datetime(2026, 2, 1, tzinfo=UTC))
        assert (again.lines, again.digest) == (then.lines, then.digest)


def test_an_amendment_within_the_month_counts_from_its_day(store: Store) -> None:
    old, new = (sample_terms(rules=[complaint_rule(price)]) for price in (500, 600))
    amend = {"command": "contract.amend", "id": "desk", "actor": "ann", "at": "2025-12-21T00:00:00Z", "terms": new}
    given(
        store,
        [*map(complaint, ("p1", "p2"))],
        signing(terms=old),
        {**amend, "effective_from": at("01-20", "00:00:00")},
        ruling("p1", at("01-19", "23:59:59")),
        ruling("p2", at("01-20", "00:00:00")),
    )
    lines = [x for x in settled(store).lines if x.part == "minor"]
    assert [(x.versions, x.quantity, x.amount) for x in lines] == [((1,), 1, Decimal("-500.00")), ((2,), 1, Decimal("-600.00"))]


def test_an_unknown_contract_is_answered_with_the_nearest(store: Store) -> None:
    with view(store, "t1") as facts, pytest.raises(UserError, match="no contract has been signed"):
        run_statement(facts, "desk", "2026-01")
    given(store, [], signing())
    with view(store, "t1") as facts, pytest.raises(UserError, match="has no contract 'dask'; did you mean 'desk'"):
        run_statement(facts, "dask", "2026-01")


def test_points_of_awards_granted_and_not_revoked_are_added(store: Store) -> None:
    """Awards are decisions whose commands come later; their events are in the log by another way here."""
    rules = [{**rule, "extras": {"best-employee": 25}} if rule["kind"] == "kpi_score" else rule for rule in TERMS["rules"]]
    given(store, desk_calls(), signing(terms={**TERMS, "rules": rules}), approval("e1"), approval("e2"), approval("e4"))
    events = [*award("a1"), *award("a2", revoked=True), *award("a1", "mentor")]
    store.log.append(relay_tables(events, Border(store.clock, decisions=True)))
    one, two = of(settled(store), "kpi")
    assert (one.score, two.score) == (55, 60)
    assert one.details[-1].item == "extras"
    assert one.evidence[-1].event_ids == (events[0].event_id,)
