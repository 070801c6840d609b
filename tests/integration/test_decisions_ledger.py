"""Commands against a ledger: what is known of a thing decides, and the log tells what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st

from opsledger.domain.clock import FixedClock
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.decisions.contract import RULES
from opsledger.domain.errors import UserError
from opsledger.infra.decisions import decide, open_decisions, read_commands
from opsledger.infra.facts import view
from opsledger.infra.store import Store, open_store
from opsledger.projections.audit.statements import contract_of
from tests.contract_samples import complaint_rule, sample_terms
from tests.desk_samples import (
    NOW,
    at,
    complaint,
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


def test_a_wrong_line_of_a_command_file_is_named_and_what_came_before_it_is_decided(store: Store) -> None:
    lines = [json.dumps(signing()).encode(), b"", b'{"command": "contract.sing"}']
    with pytest.raises(UserError, match=r"^f.jsonl:3: unknown command 'contract.sing'; did you mean"):
        decide(store, read_commands(lines, "f.jsonl", "t1", store.clock))
    assert store.client.command("SELECT count() FROM contract") == 1
    for wrong in (b"[1]", b"{", b'{"a": NaN}' * 2, b"\xff"):
        with pytest.raises(UserError, match=r"^f.jsonl:1: not a JSON object"):
            list(read_commands([wrong], "f.jsonl", "t1", store.clock))


def test_a_reopened_complaint_is_ruled_on_again_and_only_the_latest_ruling_is_paid(store: Store) -> None:
    given(store, [complaint("p1")], signing(terms=without_kpi()), ruling("p1", at("01-12")))
    (refused,) = given(store, [], ruling("p1", at("01-14"), "severe")).refused
    why = "it was adjudicated by 'judge' at 2026-01-12T04:00:00.000000Z and has not been reopened since"
    assert refused == f"commands.jsonl:1: complaint.adjudicate p1: {why}"
    reopened = event("complaint.reopened", "p1", at("01-13"), reason="r")
    assert given(store, [reopened], ruling("p1", at("01-14"), "severe")).refused == []
    assert [x.quantity for x in of(settled(store), "complaints")] == [0, 0, 1]


def test_a_withdrawn_complaint_and_one_of_another_tenant_are_not_ruled_on(store: Store) -> None:
    lines = [complaint("p1"), event("complaint.withdrawn", "p1", at("01-11"), reason="r"), complaint("p2")]
    carried = given(store, lines, ruling("p1", at("01-12")), {**ruling("p2", at("01-12")), "tenant": "t2"})
    assert ["withdrawn" in carried.refused[0], "no complaint 'p2' of tenant 't2'" in carried.refused[1]] == [True, True]


def test_a_corrected_filing_is_known_by_its_correction(store: Store) -> None:
    wrong, right = complaint("p1", "v2"), json.loads(complaint("p1", "v1"))
    right |= {"id": str(UUID(int=1)), "corrects": json.loads(wrong)["id"]}
    (made,) = given(store, [wrong, json.dumps(right).encode()], ruling("p1", at("01-12"))).events
    assert made.vendor == "v1"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given_by(st.lists(st.sampled_from(("sign", "amend", "again", "end", "elsewhere")), max_size=8), st.integers(0, 10**9))
def test_what_the_log_tells_of_a_contract_is_what_the_store_of_decisions_holds(
    store: Store, steps: list[str], number: int
) -> None:
    name, first = f"c{number}", datetime(2026, 1, 1, tzinfo=UTC)
    amend = {"command": "contract.amend", "terms": sample_terms(rules=[complaint_rule(600)]), "effective_from": at("02-01")}
    bodies = {
        "sign": {"command": "contract.sign", "vendor": "v1", "terms": sample_terms(), "effective_from": at("01-01")},
        "amend": amend,
        "again": {**amend, "terms": sample_terms(rules=[complaint_rule(700)])},
        "end": {"command": "contract.end", "reason": "r"},
        "elsewhere": {**amend, "terms": sample_terms(currency="USD")},
    }
    asked = [
        ("", read_command({"id": name, "actor": "ann", **bodies[step]}, tenant="t1", now=first + timedelta(minutes=n)))
        for n, step in enumerate(steps)
    ]
    carried = decide(store, asked)
    assert len(carried.refused) + len(carried.events) + carried.repeated == len(steps)
    with open_decisions(store) as app, view(store, "t1") as facts:
        held = app.held("contract", asked[0][1].aggregate_id).state if asked else RULES.empty
        if held.versions:
            assert contract_of(facts, name) == held
        else:
            assert carried.events == []
