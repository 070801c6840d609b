"""Decisions in SQLite: what is stored comes back as it was, and of two clerks at once one wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest

from opsledger.domain.catalogue import TYPES
from opsledger.domain.clock import FixedClock, uuid7
from opsledger.domain.decisions.application import execute
from opsledger.domain.decisions.base import Command, ComplaintFacts, KnownFacts
from opsledger.domain.decisions.commands import read_command, to_values
from opsledger.domain.decisions.stored import STORED, DataTranscoding
from opsledger.domain.errors import UserError
from opsledger.domain.events.contract import ContractSigned
from opsledger.domain.events.evaluation import EvaluationScored, ScoreItem
from opsledger.domain.plain import document, from_plain, to_plain
from tests.contract_samples import NINE, in_file, sample_terms

CLOCK = FixedClock(NINE + timedelta(hours=1))
FACTS = {("t1", "p1"): ComplaintFacts(NINE - timedelta(days=1), vendor="v1")}


def ruling(actor: str, severity: str = "minor") -> Command:
    values = {
        "command": "complaint.adjudicate",
        "id": "p1",
        "actor": actor,
        "liable": True,
        "severity": severity,
        "reason": "r",
    }
    return read_command(values, tenant="t1", now=NINE)


def test_a_decision_comes_back_from_the_file_as_it_was_made(tmp_path: Path) -> None:
    terms = sample_terms(note_={"_type_": "x", "_data_": "y"})  # names that the store's own coding uses
    data = ContractSigned("v1", terms, NINE)
    coded = DataTranscoding(ContractSigned)
    assert coded.decode(coded.encode(data)) == data
    with in_file(tmp_path / "d.sqlite") as app:
        (made,) = execute(app, ruling("ann"), CLOCK, KnownFacts(FACTS))
    with in_file(tmp_path / "d.sqlite") as app:
        assert app.outbox(0, 10) == [(1, made)]
        held = app.held("complaint", ruling("ann").aggregate_id)
        assert (held.version, held.state.by) == (1, "ann")


def test_every_decision_that_a_command_can_make_has_a_class_that_keeps_it() -> None:
    assert {d.TYPE for d in STORED} <= {name for name, d in TYPES.items() if d.DECISION}
    assert {c.TOPIC for c in STORED.values()} == {d.TYPE for d in STORED}


def test_a_clerk_who_decided_on_what_another_has_changed_meanwhile_is_told_and_the_first_ruling_stands(tmp_path: Path) -> None:
    ann, bob = in_file(tmp_path / "d.sqlite"), in_file(tmp_path / "d.sqlite")

    class WhileBobLooks(KnownFacts):
        """Ann decides after Bob's command has read the state and before it is stored."""

        def complaint(self, tenant: str, complaint: str) -> ComplaintFacts | None:
            execute(ann, ruling("ann"), CLOCK, KnownFacts(FACTS))
            return FACTS[tenant, complaint]

    with pytest.raises(UserError, match="somebody else decided about this complaint since you looked; nothing was lost"):
        execute(bob, ruling("bob", "severe"), CLOCK, WhileBobLooks(FACTS))
    assert [event.actor for _, event in bob.outbox(0, 10)] == ["ann"]


def test_of_many_clerks_at_once_exactly_one_wins_and_all_others_are_told(tmp_path: Path) -> None:
    clerks = [in_file(tmp_path / "d.sqlite") for _ in range(8)]
    start, won, told = Barrier(8), [], []

    def work(number: int) -> None:
        start.wait()
        try:
            won.append(execute(clerks[number], ruling(f"clerk{number}"), CLOCK, KnownFacts(FACTS))[0].actor)
        except UserError as error:
            told.append(str(error))

    threads = [Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(told) == 7
    assert [event.actor for _, event in clerks[0].outbox(0, 10)] == won


def test_a_clerk_who_looked_at_an_older_version_is_told(tmp_path: Path) -> None:
    app = in_file(tmp_path / "d.sqlite")
    execute(app, ruling("ann"), CLOCK, KnownFacts(FACTS), seen=0)
    with pytest.raises(UserError, match="look again"):
        execute(app, ruling("bob"), CLOCK, KnownFacts(FACTS), seen=0)


def test_a_command_written_down_and_read_again_is_the_same_command() -> None:
    asked = ruling("ann", "severe")
    assert read_command(to_values(asked), tenant="other", now=CLOCK.now()) == asked


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"command": "contract.sing"}, "did you mean 'contract.sign'"),
        ({"severty": "minor"}, "unknown field 'severty'; did you mean 'severity'"),
        ({"severity": "sever"}, "did you mean 'severe'"),
        ({"liable": "yes"}, "true or false is needed"),
        ({"reason": None}, "'reason' is missing"),
        ({"actor": ""}, "'actor' has to be text"),
        ({"subject": "x" * 257}, "'subject' has to be text"),
        ({"at": "2026-01-05T09:00:00"}, "has no UTC offset"),
        ({"reason": "x" * 9000}, "at most 8192"),
    ],
)
def test_a_command_that_cannot_be_read_says_what_is_wrong(values: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        read_command({**to_values(ruling("ann")), **values}, tenant="t1", now=NINE)


def test_declared_data_of_every_kind_survives_plain_json() -> None:
    scored = EvaluationScored((ScoreItem("greeting", Decimal("0.5"), 2),), Decimal("97.25"))
    assert from_plain(EvaluationScored, to_plain(scored)) == scored


def test_a_binary_fraction_is_not_taken_into_a_document_and_a_decimal_is_kept_exactly() -> None:
    assert document({"rate": Decimal("0.85"), "n": [1, None, True]}) == {"rate": "0.85", "n": [1, None, True]}
    with pytest.raises(ValueError, match="cannot be kept exactly"):
        document({"rate": 0.85})


def test_the_id_of_a_decision_sorts_by_the_time_of_its_command() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert uuid7(early) < uuid7(late)
    assert isinstance(uuid7(early), UUID)
    assert uuid4().version != uuid7(early).version
