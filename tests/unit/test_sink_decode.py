"""Messages judged: every one is a row in its place or a dead letter, by the log's own time and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.clock import FixedClock
from opsledger.infra.sink.gather import Gather
from opsledger.ingest.log.decode import Decoded, Decoder, partition_of
from opsledger.ingest.log.fetched import Fetched
from opsledger.ingest.log.partition import partitions_of
from tests.ledger_samples import NOW, START, line

TOPIC = "x.call"
KEY = b"t1/call/a"
HOME = int(partitions_of(pa.array([KEY]), 6)[0])
FAULT = {"system": "ivr", "kind": "outage", "severity": "major"}


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def fetched(values: Sequence[bytes | None], *, at: datetime = NOW, first: int = 0, **more: object) -> Fetched:
    size = len(values)
    given_ = {"partition": HOME, "keys": [KEY] * size, "headers": {}} | more
    offsets = list(range(first, first + size))
    return Fetched(TOPIC, given_["partition"], offsets, given_["keys"], values, [ms(at)] * size, given_["headers"])  # type: ignore[arg-type]  # the test names them


def taken(*parts: Fetched, clock: datetime = NOW) -> Decoded:
    return Decoder({TOPIC: 6}, FixedClock(clock)).take("call", parts)


def reasons(decoded: Decoded) -> list[str]:
    return [letter.reason for letter in decoded.dead]


def test_rows_have_their_places_and_the_logs_time() -> None:
    decoded = taken(fetched([line("e1", subject="a"), line("e2", subject="a")], first=40))
    rows = decoded.rows.select(["topic", "partition", "offset", "recorded_at", "backfill", "subject"]).to_pylist()
    assert rows == [
        {"topic": TOPIC, "partition": HOME, "offset": 40 + n, "recorded_at": NOW, "backfill": False, "subject": "a"}
        for n in range(2)
    ]


def test_a_source_whose_clock_is_ahead_is_judged_by_the_logs_time_whenever_it_is_read() -> None:
    """A second reading, years later or on a machine whose clock is wrong, gives the same verdicts."""
    ahead = [line("e", subject="a", time=(NOW + timedelta(minutes=n)).isoformat()) for n in (4, 9, 11)]
    for clock in (NOW - timedelta(days=400), NOW, NOW + timedelta(days=4000)):
        decoded = taken(fetched(ahead), clock=clock)
        assert (decoded.rows.num_rows, reasons(decoded)) == (2, ["out_of_time"])


def test_each_message_is_judged_by_its_own_time_and_not_by_its_neighbours() -> None:
    early = fetched([line("e1", subject="a", time=(START + timedelta(hours=2)).isoformat())], at=START)
    late = fetched(
        [line("e2", subject="a", time=(START + timedelta(hours=2)).isoformat())], at=START + timedelta(hours=3), first=1
    )
    decoded = taken(early, late)
    assert decoded.rows["offset"].to_pylist() == [1]
    assert [(letter.reason, letter.line) for letter in decoded.dead] == [("out_of_time", 0)]


def test_a_copied_history_is_judged_by_the_time_that_it_was_recorded_at() -> None:
    header = {0: [("opsledger-recorded-at", START.isoformat().encode())], 1: [("opsledger-backfill", b"1")]}
    later = (START + timedelta(hours=1)).isoformat()
    decoded = taken(fetched([line("e1", subject="a", time=later), line("e2", subject="a", time=later)], headers=header))
    assert decoded.rows.select(["offset", "backfill", "recorded_at"]).to_pylist() == [
        {"offset": 1, "backfill": True, "recorded_at": NOW}
    ]
    assert reasons(decoded) == ["out_of_time"]


def test_a_letters_id_follows_from_its_place_and_its_bytes_alone() -> None:
    one, again = (taken(fetched([b"broken"], first=7), clock=NOW + timedelta(days=n)).dead[0] for n in range(2))
    assert one.id == again.id
    assert one.first_seen != again.first_seen
    others = [fetched([b"broken"], first=8), fetched([b"broken!"], first=7), fetched([b"broken"], first=7, partition=5)]
    ids: set[UUID] = {taken(other).dead[0].id for other in others}
    assert len({one.id, *ids}) == 4
    assert (one.file, one.line, one.source, partition_of(one), one.tenant) == (TOPIC, 7, f"kafka:{HOME}", HOME, "t1")


@pytest.mark.parametrize("key", [b"", b"/", b"t1", b"\xff/call/a", b"t1/nothing/a", b"x" * 300 + b"/call/a"])
def test_a_key_of_any_bytes_names_a_tenant_or_none(key: bytes) -> None:
    (letter,) = taken(fetched([b"broken"], keys=[key])).dead
    assert letter.tenant in ("", "�")


VALUES = st.one_of(
    st.none(),
    st.binary(max_size=20),
    st.sampled_from([line("e", subject="a"), line("f", subject="a", type_="fault.raised", data=FAULT), line("g")]),
)


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(
        st.lists(st.tuples(VALUES, st.sampled_from([None, KEY, b"x"])), min_size=1, max_size=5), min_size=1, max_size=4
    )
)
def test_whatever_comes_each_message_has_one_end(parts: list[list[tuple[bytes | None, bytes | None]]]) -> None:
    messages = [
        fetched([value for value, _ in part], keys=[key for _, key in part], partition=n % 6, first=10 * n)
        for n, part in enumerate(parts)
    ]
    decoded = taken(*messages)
    rows = list(zip(decoded.rows["partition"].to_pylist(), decoded.rows["offset"].to_pylist(), strict=True))
    dead = [(partition_of(letter), letter.line) for letter in decoded.dead]
    read = [(m.partition, offset) for m in messages for offset in m.offsets]
    assert sorted(rows + dead) == sorted(read)
    assert rows == sorted(rows)


def test_a_gathered_chunk_says_what_was_read_gaps_and_all() -> None:
    gather = Gather()
    gather.begin({(TOPIC, 1): 5, (TOPIC, 2): 0})
    gather.add(fetched([b"a", b"b"], partition=1, first=8))
    gather.add(fetched([b"c"], partition=2))
    chunk = gather.take()
    assert (chunk.rows, chunk.pieces[0].spans, gather.rows) == (3, {1: (5, 10), 2: (0, 1)}, 0)
    gather.add(fetched([b"d"], partition=1, first=10))
    assert gather.take().pieces[0].spans == {1: (10, 11)}


def test_what_comes_for_a_place_that_is_others_or_was_read_is_left_out() -> None:
    gather = Gather()
    gather.begin({(TOPIC, 1): 5})
    gather.add(fetched([b"x"], partition=3))
    gather.add(fetched([b"x"], partition=1, first=4))
    assert gather.rows == 0
    gather.add(fetched([b"w", b"x"], partition=1, first=4))
    assert gather.rows == 1, "of what overlaps, the part that is new is taken"
    gather.drop([(TOPIC, 1)])
    assert (gather.rows, gather.bytes, gather.take().pieces) == (0, 0, ())
