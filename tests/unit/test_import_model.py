"""An import against a plain model of it: any records, any repetition, any cut into chunks give the same ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetter, Outcome
from opsledger.domain.envelope import Identity, owner_mark
from opsledger.domain.ports import Span, StoredEvent
from opsledger.ingest import dedup, stages
from opsledger.ingest.chunk import Chunk, OnChange
from opsledger.ingest.importer import Stores
from opsledger.ingest.same_content import same_content
from opsledger.ingest.stages import Batch
from tests.ledger_samples import NOW, line, spec, tables

Event = tuple[int, int]
"""(number of the id, number of the content); the id's number also gives stream and policy."""
Records = list[list[Event]]


def policy(number: int) -> OnChange:
    return OnChange(number % 3)


def payload(event: Event) -> bytes:
    number, content = event
    if number // 3 % 2:
        data = {"system": "ivr", "kind": f"k{content}", "severity": "major"}
        return line(f"e{number}", type_="fault.raised", data=data)
    return line(f"e{number}", data={"queue": f"q{content}"})


class MemoryLedger:
    """The ledger, log and dead letter ports in memory: real in behaviour, small."""

    def __init__(self) -> None:
        self.rows: list[StoredEvent] = []
        self.letters: list[DeadLetter] = []

    def append(self, events: Mapping[str, Any], *, backfill: bool = False) -> Sequence[Span]:
        for table in events.values():
            for row in table.select(["tenant", "source", "event_id", "corrects", "corrects_source", "payload"]).to_pylist():
                one = Identity(row["tenant"], row["source"], UUID(bytes=row["event_id"]))
                of = Identity(row["tenant"], row["corrects_source"] or one.source, UUID(bytes=row["corrects"] or bytes(16)))
                self.rows.append(StoredEvent(one, of if of.event_id.int else None, row["payload"]))
        return []

    def keep(self, letters: Sequence[DeadLetter]) -> int:
        self.letters += letters
        return len(letters)

    def event_count(self) -> int:
        return len(self.rows)

    def identities(self) -> Iterator[memoryview]:
        known = [row.identity for row in self.rows]
        yield memoryview(b"".join(one.event_id.bytes + owner_mark(one.tenant, one.source) for one in known))

    def stored(self, asked: Any) -> pa.Table:
        found: dict[int, bool] = {}
        for row in asked.to_pylist():
            for event in self.rows:
                if event.identity == (row["tenant"], row["source"], UUID(bytes=row["event_id"])):
                    found[row["row"]] = found.get(row["row"], False) or event.payload == row["payload"]
        return pa.table({"row": pa.array(found.keys(), pa.uint32()), "same": pa.array(map(int, found.values()), pa.uint8())})

    def events(self, identities: Sequence[Identity]) -> Mapping[Identity, StoredEvent]:
        return {event.identity: event for event in reversed(self.rows) if event.identity in identities}

    def corrections(self, identities: Sequence[Identity]) -> Sequence[StoredEvent]:
        return [event for event in self.rows if event.corrects in identities]


def model(records: Records) -> tuple[list[Outcome], dict[int, list[int]]]:
    """One record after the other: its end, and the contents known under each id at the end, oldest first."""
    known: dict[int, list[int]] = {}
    ends: list[Outcome] = []
    for record in records:
        after = {number: list(contents) for number, contents in known.items()}
        ends.append(_end(record, after))
        if ends[-1] is not Outcome.DEAD:
            known = after
    return ends, {number: contents for number, contents in known.items() if contents}


def _end(record: list[Event], known: dict[int, list[int]]) -> Outcome:
    new = False
    # Within a record the importer goes stream by stream: the order matters to nobody but this comparison.
    for number, content in sorted(record, key=lambda event: event[0] // 3 % 2):
        contents = known.setdefault(number, [])
        if content in contents or (contents and policy(number) is OnChange.KEEP_FIRST):
            continue
        if contents and policy(number) is OnChange.CONFLICT:
            return Outcome.DEAD
        contents.append(content)
        new = True
    return Outcome.ACCEPTED if new else Outcome.DUPLICATE


def chunk_of(records: Records) -> Chunk:
    flat = [(index, event) for index, record in enumerate(records) for event in record]
    made = tables([payload(event) for _, event in flat], [index for index, _ in flat])
    numbered = {payload(event): policy(event[0]) for _, event in flat}
    with_policy = {
        stream: table.append_column("on_change", pa.array([numbered[p] for p in table["payload"].to_pylist()], pa.int8()))
        for stream, table in sorted(made.items())
    }
    return Chunk(len(records), with_policy)


def imported(ledger: MemoryLedger, records: Records, cuts: Sequence[int]) -> list[Outcome]:
    stores = Stores(ledger, ledger, ledger, ledger)  # type: ignore[arg-type]  # one object for the ports that are used
    batch = Batch(stores, FixedClock(NOW), spec(), same_content)
    ends: list[Outcome] = []
    edges = sorted({0, len(records), *(cut % (len(records) + 1) for cut in cuts)})
    for start, stop in pairwise(edges):
        ends += batch.take(chunk_of(records[start:stop])).outcomes()
    batch.flush()
    assert batch.tally.read == len(records) == batch.tally.accepted + batch.tally.duplicate + batch.tally.dead
    assert batch.tally.dead == len(ledger.letters)
    return ends


def contents(ledger: MemoryLedger) -> dict[int, list[int]]:
    """The contents under each id, followed along the corrections; AssertionError when an id is stored twice."""
    assert len({event.identity for event in ledger.rows}) == len(ledger.rows)
    follows = {event.corrects: event for event in ledger.rows if event.corrects}
    found: dict[int, list[int]] = {}
    for number in range(6):
        base = {payload((number, content)): content for content in range(3)}
        event = next((event for event in ledger.rows if event.payload in base), None)
        while event is not None:
            found.setdefault(number, []).append(next(c for p, c in base.items() if _marks(p) & _marks(event.payload)))
            event = follows.get(event.identity)
    return found


def _marks(raw: bytes) -> set[bytes]:
    return {mark for mark in (b'"q0"', b'"q1"', b'"q2"', b'"k0"', b'"k1"', b'"k2"') if mark in raw}


SMALL = dedup.Seen
EVENTS = st.tuples(st.integers(0, 5), st.integers(0, 2))
RECORDS = st.lists(st.lists(EVENTS, min_size=1, max_size=3), max_size=12)


CHAIN: Records = [[(0, 0), (0, 1)], [(0, 1)], [(0, 0), (1, 0)], [(1, 0)]]
"""The third is dead for what the second tells otherwise, and leaves its second event to the fourth."""


@example([], CHAIN, [], 1, 0)
@settings(max_examples=300, deadline=None)
@given(
    RECORDS, RECORDS, st.lists(st.integers(0, 20), max_size=4), st.sampled_from([1, 3, 1_000]), st.sampled_from([0, 4, 1_000])
)
def test_an_import_ends_as_the_model_says(before: Records, records: Records, cuts: list[int], flush: int, exact: int) -> None:
    ledger = MemoryLedger()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "FLUSH_EVENTS", flush)
        patch.setattr(dedup, "EXACT_EVENTS", exact)
        patch.setattr(dedup, "Seen", lambda: SMALL(1))
        ends = imported(ledger, before, [])
        ledger.letters.clear()
        ends += imported(ledger, records, cuts)
    expected, known = model(before + records)
    assert ends == expected
    assert contents(ledger) == known


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.lists(st.integers(0, 20), max_size=4))
def test_a_second_run_stores_nothing(records: Records, cuts: list[int]) -> None:
    ledger = MemoryLedger()
    first = imported(ledger, records, cuts)
    stored = list(ledger.rows)
    again = imported(MemoryLedgerView(ledger), records, [])
    assert ledger.rows == stored
    assert [end is Outcome.DEAD for end in again] == [end is Outcome.DEAD for end in first]
    assert Outcome.ACCEPTED not in again


class MemoryLedgerView(MemoryLedger):
    """The same rows with dead letters of its own."""

    def __init__(self, other: MemoryLedger) -> None:
        self.rows = other.rows
        self.letters = []


def test_the_model_sees_an_event_lost_with_the_dead_record_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: rows told apart without regard to their records would drop the event of the third record."""
    records: Records = [[(0, 0)], [(1, 0), (0, 1)], [(1, 0)]]
    assert imported(MemoryLedger(), records, []) == model(records)[0]
    monkeypatch.setattr(dedup.Groups, "around", lambda groups, _, some: np.isin(groups.first, groups.first[some]))
    assert imported(MemoryLedger(), records, []) != model(records)[0]


@pytest.mark.parametrize("steps", [1, 16])
def test_a_dead_record_leaves_what_it_shares_to_a_later_one(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """However far it is followed from record to record; where not far enough, all of the chunk is looked at."""
    monkeypatch.setattr(dedup, "_STEPS", steps)
    assert imported(MemoryLedger(), CHAIN, []) == model(CHAIN)[0]


def test_the_model_sees_an_event_lost_with_a_record_that_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: looked at no further than the records of the doubtful rows."""

    def one_step(groups: dedup.Groups, records: Any, some: Any) -> Any:
        return np.isin(groups.first, groups.first[np.isin(records, records[some])])

    monkeypatch.setattr(dedup.Groups, "around", one_step)
    assert imported(MemoryLedger(), CHAIN, []) != model(CHAIN)[0]
