"""What becomes of a line of a queue_log that is none, and what a line's events are known by."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.envelope import fact_id
from opsledger.ingest.adapters.queue_log_book import Options
from opsledger.ingest.adapters.queue_log_words import FORMS
from tests.queue_logs import CALL, CONNECT, ENTER, T, adapter, chunks_of, events_of, line


@pytest.mark.parametrize(
    ("raw", "reason", "says"),
    [
        ("", None, ""),
        ("hello", "malformed", "has 1"),
        (f"{T}|{CALL}|q1|NONE", "malformed", "has 4"),
        (line("CONECT", 1, agent="SIP/1"), "unknown_type", "did you mean 'CONNECT'"),
        (line("connect", 1, agent="SIP/1"), "unknown_type", "not known"),
        (line("ABANDON", 1, 1, 20, at="yesterday"), "malformed", "'yesterday' is not a time"),
        (line("ABANDON", 1, 1, 20, at=""), "malformed", "not a time"),
        (line("ABANDON", 1, 1, 20, at=-5), "malformed", "not a time"),
        (line("ABANDON", 1, 1, 20, at=99_999_999_999), "malformed", "not a time"),
        (line("ABANDON", 1, 1, 20, at=9_999_999_999), "out_of_time", "not a time of this age"),
        (line("ABANDON", 1, 1, 20, at=86_400), "out_of_time", "before 1990"),
        (line("ABANDON", 1, 1, 20, at=2_000_000_000), "out_of_time", "after the ledger's clock"),
        (line("ABANDON"), "malformed", "needs 1: ABANDON(position|origposition|waittime)"),
        (line("CONNECT", 10, "1.9", 4), "malformed", "names no agent"),
        (line("CONNECT", "ten", "1.9", 4, agent="SIP/1"), "invalid", "holdtime 'ten' is not a whole number"),
        (line("RINGNOANSWER", agent="SIP/1"), "malformed", "needs 1"),
        (line("RINGNOANSWER", -1, agent="SIP/1"), "invalid", "ring_ms"),
        (line("RINGNOANSWER", 10**12, agent="SIP/1"), "invalid", "ring_ms"),
        (line("ENTERQUEUE", "", "1", 1, call="NONE"), "malformed", "names no call"),
        (line("ENTERQUEUE", "", "1", 1, queue="NONE"), "malformed", "names no queue"),
        (line("PAUSE", call="NONE"), "malformed", "names no agent"),
        (line("ATTENDEDTRANSFER", "CARRIER", "x", agent="SIP/1"), "invalid", "BRIDGE, APP, LINK"),
        (line("ATTENDEDTRANSFER", "LINK", "a", "b", "long", agent="SIP/1"), "invalid", "holdtime 'long'"),
        (line("ENTERQUEUE", "", "1" * 300, 1, call="2.1"), "invalid", "data.customer"),
        (line("ENTERQUEUE", "", "1", 1, call="c" * 300), "invalid", "subject"),
    ],
)
def test_a_line_that_is_none_is_dead_with_the_reason(raw: str, reason: str | None, says: str) -> None:
    (chunk,) = chunks_of(f"{ENTER}\n{raw}\n{CONNECT}")
    dead = [(d.reason, d.line, d.raw) for d in chunk.dead]
    assert dead == ([(reason, 2, raw.encode())] if reason else [])
    assert says in "".join(d.detail for d in chunk.dead)
    assert chunk.read == 3 - (reason is None)
    with_events = {r for table in chunk.events.values() for r in table["record"].to_pylist()}
    assert with_events | {d.record for d in chunk.dead} == set(range(chunk.read))
    assert not with_events & {d.record for d in chunk.dead}


def test_every_known_word_makes_an_event_of_its_line() -> None:
    for word, form in FORMS.items():
        data = ["APP", "x"] if word == "ATTENDEDTRANSFER" else ["1"] * max(form.least, len(form.fields))
        (chunk,) = chunks_of(line(word, *data, agent="SIP/1001"))
        assert (chunk.read, len(chunk.dead)) == (1, 0), (word, chunk.dead)
        assert chunk.events, word


def test_ends_of_lines_of_other_systems_are_no_part_of_the_line() -> None:
    assert [e["id"] for e in events_of(chunks_of(f"{ENTER}\r\n{CONNECT}\r\n"))] == [
        e["id"] for e in events_of(chunks_of(f"{ENTER}\n{CONNECT}"))
    ]


def test_a_caller_with_a_bar_in_the_name_is_kept_whole() -> None:
    assert events_of(chunks_of(line("ENTERQUEUE", "", "A|B", 1)))[0]["data"]["customer"] == "A|B"


def test_callers_who_hide_their_number_are_not_one_customer() -> None:
    assert "customer" not in events_of(chunks_of(line("ENTERQUEUE", "", "Anonymous", 1)))[0]["data"]


def test_a_fraction_of_a_second_is_kept() -> None:
    assert events_of(chunks_of(line("ABANDON", 1, 1, 2, at=f"{T}.25")))[0]["time"] == "2026-01-05T08:00:00.250000Z"


def test_ids_are_those_of_an_imported_fact() -> None:
    event = events_of(chunks_of(line("ABANDON", 1, 1, 20)))[0]
    key = (str(T * 1_000_000), CALL, "q1", "", "ABANDON", "1", "1", "20", "")
    assert event["id"] == str(fact_id("t1", "asterisk:pbx1", "call.left_queue", key, 0))


def test_lines_that_are_the_same_to_the_letter_are_two_events() -> None:
    ring = line("RINGNOANSWER", 0, agent="SIP/1")
    ids = [e["id"] for e in events_of(chunks_of("\n".join((ENTER, ring, ring))))]
    assert len(ids) == len(set(ids)) == 6


def test_shifts_are_dated_in_the_zone_of_the_switch() -> None:
    options = Options("t1", "asterisk:pbx1", ZoneInfo("Asia/Shanghai"))
    late = line("ADDMEMBER", agent="SIP/1", call="NONE", at=T + 12 * 3600)
    assert events_of(chunks_of(late, options))[0]["subject"] == "SIP/1@2026-01-06"


def test_a_night_shift_keeps_the_date_of_its_sign_in() -> None:
    evening, morning = T + 14 * 3600, T + 22 * 3600
    raw = "\n".join(
        line(w, agent="SIP/1", call="NONE", at=at)
        for w, at in (("ADDMEMBER", evening), ("PAUSE", morning), ("REMOVEMEMBER", morning + 9))
    )
    assert {e["subject"] for e in events_of(chunks_of(raw))} == {"SIP/1@2026-01-05"}


def test_queues_have_their_vendor_and_hotline_from_the_options() -> None:
    options = Options("t1", "asterisk:pbx1", hotlines={"q1": "10010"}, vendors={"q1": "v1"})
    offered, queued = events_of(chunks_of(ENTER, options))
    assert (offered["data"]["hotline"], offered["vendor"], queued["vendor"]) == ("10010", "v1", "v1")


_FIELD = st.one_of(
    st.sampled_from(
        [
            str(T),
            f"{T}.5",
            "NONE",
            "a",
            "b",
            "q1",
            "q2",
            "SIP/1",
            "",
            "0",
            "-1",
            "5",
            "x",
            "10000000000000000",
            "\x1f",
            '"',
            "²",
        ]
    ),
    st.text(max_size=6),
)
_WORD = st.one_of(st.sampled_from(sorted(FORMS)), _FIELD)
_LINE = st.one_of(
    st.text(max_size=40),
    st.builds(lambda *parts: "|".join(map(str, parts)), st.just(T), _FIELD, _FIELD, _FIELD, _WORD),
    st.builds(
        lambda call, queue, agent, word, data: line(word, *data, call=call, queue=queue, agent=agent),
        st.sampled_from(["a", "b", "NONE"]),
        st.sampled_from(["q1", "q2", "NONE"]),
        st.sampled_from(["SIP/1", "SIP/2", "NONE"]),
        _WORD,
        st.lists(_FIELD, max_size=6),
    ),
)


@given(st.lists(_LINE, max_size=25))
def test_every_line_is_events_or_dead_whatever_it_holds_and_again_the_same(lines: list[str]) -> None:
    raws = [raw.encode("utf-8", "surrogatepass") for raw in ("1767600000|z|q1|NONE|FULL", *lines)]
    chunks = list(adapter().read(enumerate(raws, 1)))
    for chunk in chunks:
        alive = {record for table in chunk.events.values() for record in table["record"].to_pylist()}
        dead = {d.record for d in chunk.dead}
        assert alive | dead == set(range(chunk.read))
        assert not alive & dead
    events = events_of(chunks)
    ids = [event["id"] for event in events if event["type"] != "call.offered"]
    assert len(ids) == len(set(ids))
    assert events == events_of(adapter().read(enumerate(raws, 1)))
