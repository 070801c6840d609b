"""What every log must do, whatever it is made of: a backend's test class inherits this and gives it a fresh ``log``."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from opsledger.domain.ports import Log, LogRecord
from tests.ledger_samples import NOW, calls, line, tables


def whole(log: Log, stream: str) -> list[LogRecord]:
    """Every record of a stream, partition by partition."""
    ends = log.end_offsets()
    places = [(topic, part) for topic, part in ends if topic == stream or topic.endswith("." + stream)]
    return [record for topic, part in places for batch in log.read(topic, part, 0) for record in batch]


class LogPortSuite:
    """Inherit, and give a fixture ``log`` (an empty log whose clock stands at NOW or is the machine's)."""

    @pytest.fixture
    def log(self) -> Log:
        raise NotImplementedError("a backend gives its own")

    def test_an_empty_log_has_nothing_to_read(self, log: Log) -> None:
        assert whole(log, "call") == []
        assert all(end == 0 for end in log.end_offsets().values())

    def test_what_was_appended_is_read_back_byte_for_byte(self, log: Log) -> None:
        lines = [line("a"), line("b", subject="电话-1", vendor="外包"), line("c", note="kept as it is")]
        log.append(tables(lines))
        assert sorted(record.value for record in whole(log, "call")) == sorted(lines)

    def test_the_key_is_tenant_stream_subject(self, log: Log) -> None:
        log.append(tables([line("a", subject="电话-1")]))
        assert [record.key for record in whole(log, "call")] == ["t1/call/电话-1"]

    def test_the_places_returned_are_the_places_read(self, log: Log) -> None:
        spans = [*log.append(tables(calls(5))), *log.append(tables(calls(3, first=5)))]
        places = {span.position(index) for span in spans for index in range(span.count)}
        assert sum(span.count for span in spans) == len(places) == 8
        assert {record.position for record in whole(log, "call")} == places

    def test_offsets_rise_from_zero_without_turning_back(self, log: Log) -> None:
        for n in range(4):
            log.append(tables(calls(3, first=3 * n)))
        offsets: dict[int, list[int]] = defaultdict(list)
        for record in whole(log, "call"):
            offsets[record.position.partition].append(record.position.offset)
        assert {each[0] for each in offsets.values()} == {0}
        assert all(each == sorted(set(each)) for each in offsets.values())

    def test_one_subject_keeps_the_order_of_its_events(self, log: Log) -> None:
        lines = [line(f"e{n}", subject="c1", at_s=-n) for n in range(20)]
        for n in range(0, 20, 5):
            log.append(tables(lines[n : n + 5]))
        assert [record.value for record in whole(log, "call")] == lines

    def test_one_subject_lives_in_one_partition(self, log: Log) -> None:
        log.append(tables([line(f"e{n}", subject=f"c{n % 7}") for n in range(70)]))
        homes = {(record.key, record.position.partition) for record in whole(log, "call")}
        assert len(homes) == 7

    def test_places_are_told_in_the_order_of_the_rows_of_each_partition(self, log: Log) -> None:
        lines = [line(f"e{n}", subject=f"c{n % 7}") for n in range(70)]
        spans = log.append(tables(lines))
        stored = {record.position: record.value for record in whole(log, "call")}
        told = [stored[span.position(index)] for span in spans for index in range(span.count)]
        homes = {record.value: record.position.partition for record in whole(log, "call")}
        assert told == sorted(lines, key=lambda raw: homes[raw])

    def test_a_record_tells_that_it_came_late_on_purpose(self, log: Log) -> None:
        log.append(tables([line("a", subject="c1")]))
        log.append(tables([line("b", subject="c1")]), backfill=True)
        assert [record.backfill for record in whole(log, "call")] == [False, True]

    def test_streams_do_not_mix(self, log: Log) -> None:
        fault = line("f", type_="fault.raised", data={"system": "ivr", "kind": "outage", "severity": "major"})
        log.append(tables([line("a"), fault]))
        assert [record.value for record in whole(log, "fault")] == [fault]
        assert [record.value for record in whole(log, "call")] == [line("a")]

    def test_reading_starts_where_it_is_asked_to_and_stops_at_the_limit(self, log: Log) -> None:
        (span,) = log.append(tables([line(f"e{n}", subject="c1") for n in range(10)]))
        every = [r for batch in log.read(span.topic, span.partition, span.first) for r in batch]
        some = [r for batch in log.read(span.topic, span.partition, span.first + 4, 3) for r in batch]
        assert some == every[4:7]

    def test_reading_past_the_end_gives_nothing(self, log: Log) -> None:
        (span,) = log.append(tables([line("a")]))
        assert [r for batch in log.read(span.topic, span.partition, span.last + 1) for r in batch] == []

    def test_the_end_offset_is_one_past_the_last_record(self, log: Log) -> None:
        (span,) = log.append(tables([line(f"e{n}", subject="c1") for n in range(7)]))
        assert log.end_offsets()[span.topic, span.partition] == span.last + 1

    def test_the_same_event_twice_has_two_places(self, log: Log) -> None:
        log.append(tables([line("a")]))
        log.append(tables([line("a")]))
        first, second = whole(log, "call")
        assert first.value == second.value
        assert first.position != second.position

    def test_recorded_at_is_the_clock_of_the_log_and_aware(self, log: Log) -> None:
        log.append(tables([line("a")]))
        (record,) = whole(log, "call")
        assert record.recorded_at.utcoffset() == timedelta(0)
        assert record.recorded_at >= NOW

    def test_appending_nothing_is_nothing(self, log: Log) -> None:
        assert list(log.append({})) == []
        assert list(log.append({"call": tables([line("a")])["call"].slice(0, 0)})) == []
