"""Dead letters: listed, shown, exported, tried again, with every try on record."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetter, DeadLetterFilter, Outcome, Status
from opsledger.domain.errors import UserError
from opsledger.infra.store import Store, open_store
from opsledger.ingest.chunk import KEPT_BYTES
from opsledger.ingest.dead_letters import NOT_WHOLE, export, outcomes, retry
from tests.ledger_samples import NOW, chunks, importer, line, spec
from tests.new_ledger import new_ledger

ANY = DeadLetterFilter()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data", facts=False), clock=clock) as opened:
        yield opened


def bury(store: Store, *lines: bytes, **more: object) -> Sequence[DeadLetter]:
    importer(store).run(chunks(lines), spec(**more))
    return store.dead_letters.list(ANY)


def mended(store: Store, old: bytes, new: bytes) -> object:
    """A redo that mends each record before it is read again, as a mended mapping would."""

    def redo(letters: Sequence[DeadLetter]) -> Sequence[tuple[Outcome, str, str]]:
        return importer(store).redo(chunks([letter.raw.replace(old, new) for letter in letters]), spec())

    return redo


def test_a_letter_is_found_by_each_filter(store: Store) -> None:
    bury(store, b"bad one", line("b", type_="call.sung"))
    bury(store, b"bad two", tenant="t2", source="other", file="b.jsonl")
    find = lambda **wanted: {letter.raw for letter in store.dead_letters.list(DeadLetterFilter(**wanted))}  # noqa: E731
    assert find(tenant="t2") == find(source="other") == find(file="b.jsonl") == {b"bad two"}
    assert find(reason="unknown_type") == {line("b", type_="call.sung")}
    assert len(find(status="open")) == 3
    assert find(status="settled") == set()
    assert len(find(limit=2)) == 2


def test_the_count_is_that_of_the_list_without_its_limit_and_falls_when_one_is_settled(store: Store, clock: FixedClock) -> None:
    letters = bury(store, line("a", type_="call.queuedd"), b"never json", b"nor this")
    wanted = DeadLetterFilter(status=Status.OPEN, limit=1)
    assert store.dead_letters.count(wanted) == 3
    assert store.dead_letters.count(DeadLetterFilter(tenant="nobody")) == 0
    retry(letters, mended(store, b"queuedd", b"queued"), store.dead_letters, clock)
    assert store.dead_letters.count(wanted) == len(store.dead_letters.list(DeadLetterFilter(status=Status.OPEN))) == 2


def test_a_letter_is_shown_by_the_beginning_of_its_id(store: Store) -> None:
    (letter,) = bury(store, b"\xff\x00 binary \xe4")
    assert store.dead_letters.show(str(letter.id)[:8]) == letter
    assert (letter.raw, letter.line, letter.first_seen) == (b"\xff\x00 binary \xe4", 1, NOW)


@pytest.mark.parametrize("prefix", ["0000", "zzzz", "", "' OR 1=1 --"])
def test_an_unknown_id_is_told_so(store: Store, prefix: str) -> None:
    bury(store, b"bad")
    with pytest.raises(UserError):
        store.dead_letters.show(prefix)


def test_of_a_huge_record_its_beginning_its_length_and_its_digest_are_kept(store: Store) -> None:
    (letter,) = bury(store, b"x" * 300_000)
    assert (len(letter.raw), letter.length, letter.is_whole) == (KEPT_BYTES, 300_000, False)
    assert len(letter.sha256) == 64


def test_an_export_holds_every_byte(store: Store, tmp_path: Path) -> None:
    letters = bury(store, "电话 bad".encode(), b"\xff\xfe")
    assert export(letters, tmp_path / "dead.jsonl") == 2
    first, second = map(json.loads, (tmp_path / "dead.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["raw"] == "电话 bad"
    assert base64.b64decode(second["raw_base64"]) == b"\xff\xfe"
    assert (first["reason"], first["line"], first["status"]) == ("not_json", 1, "open")


def test_a_mended_letter_is_stored_and_settled(store: Store, clock: FixedClock) -> None:
    letters = bury(store, line("a", type_="call.queuedd"), line("b", type_="call.queuedd"))
    clock.at += timedelta(hours=1)
    attempts = retry(letters, mended(store, b"queuedd", b"queued"), store.dead_letters, clock, mapping="m2")
    assert outcomes(attempts) == {Outcome.ACCEPTED: 2}
    assert store.client.command("SELECT count() FROM call") == 2
    assert {letter.status for letter in store.dead_letters.list(ANY)} == {Status.SETTLED}
    (attempt,) = store.dead_letters.attempts(letters[0].id)
    assert (attempt.at, attempt.outcome, attempt.mapping) == (NOW + timedelta(hours=1), Outcome.ACCEPTED, "m2")


def test_a_letter_refused_again_stays_open_and_the_try_is_on_record(store: Store, clock: FixedClock) -> None:
    letters = bury(store, line("a", type_="call.queuedd"))
    for n in range(1, 3):
        retry(letters, mended(store, b"queuedd", b"hummed"), store.dead_letters, clock)
        (letter,) = store.dead_letters.list(ANY)
        assert (letter.status, letter.attempts) == (Status.OPEN, n)
    tried = store.dead_letters.attempts(letters[0].id)
    assert {(attempt.outcome, attempt.reason) for attempt in tried} == {(Outcome.DEAD, "unknown_type")}


def test_each_letter_of_a_retry_gets_its_own_end(store: Store, clock: FixedClock) -> None:
    importer(store).run(chunks([line("known")]), spec())
    raws = [line("a", type_="call.queuedd"), b"never json", line("known", type_="call.queuedd")]
    letters = bury(store, *raws)
    attempts = retry(letters, mended(store, b"queuedd", b"queued"), store.dead_letters, clock)
    assert [attempt.outcome for attempt in attempts] == [Outcome.ACCEPTED, Outcome.DEAD, Outcome.DUPLICATE]


def test_a_second_retry_adds_nothing(store: Store, clock: FixedClock) -> None:
    letters = bury(store, line("a", type_="call.queuedd"))
    redo = mended(store, b"queuedd", b"queued")
    retry(letters, redo, store.dead_letters, clock)
    assert outcomes(retry(letters, redo, store.dead_letters, clock)) == {Outcome.DUPLICATE: 1}
    assert store.client.command("SELECT count() FROM call") == 1


def test_a_cut_record_cannot_be_tried_and_that_is_on_record(store: Store, clock: FixedClock) -> None:
    letters = bury(store, b"x" * 300_000)
    (attempt,) = retry(letters, lambda letters: [], store.dead_letters, clock)
    assert (attempt.outcome, attempt.reason) == (Outcome.DEAD, NOT_WHOLE)
    assert store.dead_letters.attempts(letters[0].id) == [attempt]


def test_a_redo_that_tells_too_few_ends_is_a_fault_of_the_program(store: Store, clock: FixedClock) -> None:
    letters = bury(store, b"bad")
    with pytest.raises(RuntimeError, match="1 dead letters were tried again and 0 ends"):
        retry(letters, lambda letters: [], store.dead_letters, clock)
    assert not store.dead_letters.attempts(letters[0].id)
