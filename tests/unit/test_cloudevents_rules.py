"""What CloudEvents forbids is refused over HTTP, with words; what it allows is taken; files and topics stay as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.clock import FixedClock
from opsledger.ingest.adapters.jsonlines import Batch, JsonLines
from opsledger.ingest.border.cloudevents import canonical
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.binary import binary_event
from opsledger.ingest.http.item import item_of
from opsledger.ingest.http.twice import names_twice, parsed_slowly
from opsledger.ingest.same_content import same_content
from tests.border_samples import NOW, border, raw, record
from tests.ledger_samples import line

FORBIDDEN: list[tuple[dict[str, Any], str]] = [
    ({"A_b": "x"}, "A_b: an attribute's name has lower-case letters and digits only"),
    ({"myExt": "x"}, "myExt: an attribute's name"),
    ({"a-b": None}, "a-b: an attribute's name"),
    ({"": "x"}, ": an attribute's name"),
    ({"é": "x"}, "é: an attribute's name"),
    ({"\ud800": "x"}, "\\ud800: an attribute's name"),
    ({"rate": 1.5}, "rate: an attribute is text, a whole number, true or false, not a number that is not whole"),
    ({"rate": 5.0}, "rate: an attribute is text"),
    ({"rate": {"a": 1}}, "rate: an attribute is text, a whole number, true or false, not an object"),
    ({"rate": []}, "not a list"),
    ({"rate": 2**31}, "rate: a whole number has to be of 32 bits"),
    ({"rate": -(2**31) - 1}, "rate: a whole number has to be of 32 bits"),
    ({"rate": 2**40}, "32 bits"),
    ({"rate": 10**30}, "32 bits"),
    ({"subject": "a\nb"}, "subject: holds U+000A"),
    ({"subject": "a\x00b"}, "subject: holds U+0000"),
    ({"subject": "a\x01"}, "subject: holds U+0001"),
    ({"subject": "a\x7f"}, "subject: holds U+007F"),
    ({"subject": "a\x85"}, "subject: holds U+0085"),
    ({"subject": "a\ufdd0"}, "subject: holds U+FDD0"),
    ({"subject": "a\uffff"}, "subject: holds U+FFFF"),
    ({"subject": "a\U0001fffe"}, "subject: holds U+1FFFE"),
    ({"subject": "a\ud800"}, "subject: holds U+D800"),
    ({"actor": "\udfff"}, "actor: holds U+DFFF"),
    ({"myext": "a\tb"}, "myext: holds U+0009"),
    ({"myext": "\udc00"}, "myext: holds U+DC00"),
    ({"time": "2026-01-05T01:02:03+0800"}, "time: '2026-01-05T01:02:03+0800' has an offset without a colon"),
    ({"time": "2026-01-05T01:02:03.5-0030"}, "has an offset without a colon"),
    ({"datacontenttype": "application/json;charset=latin-1"}, "datacontenttype: charset 'latin-1' is not taken"),
    ({"datacontenttype": 'application/json; charset="utf-16"'}, "datacontenttype: charset 'utf-16' is not taken"),
    ({"datacontenttype": "text/plain"}, "datacontenttype: data has to be application/json"),
    ({"datacontenttype": "json"}, "datacontenttype: data has to be application/json"),
    ({"datacontenttype": 5}, "datacontenttype: data has to be application/json"),
    ({"data_base64": "e30="}, "data_base64: data has to be a JSON object"),
]
ALLOWED: list[dict[str, Any]] = [
    {"rate": 2**31 - 1},
    {"rate": -(2**31)},
    {"rate": True, "a1": "", "b" * 300: "x"},
    {"myext": None, "data_base64": None},
    {"subject": "通话 \U0001f600 \u3000\xa0\u200d"},
    {"datacontenttype": "image/x+json"},
    {"datacontenttype": "application/foo_bar+json"},
    {"datacontenttype": "application/vnd.a!b+json"},
    {"datacontenttype": 'application/json; foo="a;charset=latin1"'},
    {"datacontenttype": "application/json; charset=UTF-8"},
    {"time": "2026-01-05 01:02:03Z"},
    {"time": "2026-01-05T01:02:03-00:00"},
    {"time": "2016-12-31T23:59:60Z"},
]


@pytest.mark.parametrize(("more", "said"), FORBIDDEN, ids=[str(n) for n in range(len(FORBIDDEN))])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_what_is_forbidden_is_refused_with_its_name(more: dict[str, Any], said: str, ascii_only: bool) -> None:
    halves = {letter for pair in more.items() for text in map(str, pair) for letter in text if "\ud800" <= letter <= "\udfff"}
    body = raw(record(full=False) | more, ascii_only=ascii_only or bool(halves))  # in UTF-8 there are no halves
    found = item_of(body)
    assert found.refusal is not None
    assert (found.refusal.reason, said in found.refusal.detail) == (Reason.INVALID, True), found.refusal
    assert (found.raw, found.value) == (body, body)
    found.refusal.detail.encode()


@pytest.mark.parametrize("more", ALLOWED, ids=[str(n) for n in range(len(ALLOWED))])
def test_what_is_allowed_is_taken(more: dict[str, Any]) -> None:
    found = item_of(raw(record(full=False) | more))
    assert found.refusal is None
    assert not isinstance(border().take(found.value), Refusal)


@pytest.mark.parametrize(("more", "_"), [case for case in FORBIDDEN if "subject" not in case[0] and "actor" not in case[0]])
def test_a_file_that_was_taken_before_is_still_taken(more: dict[str, Any], _: str) -> None:
    """Files and topics were never asked for this: a ledger may hold such events, and reads them again as they are."""
    body = raw(record(full=False) | more, ascii_only=True)
    chunk = JsonLines(Border(FixedClock(NOW))).chunk(Batch([body], [1]))
    assert (chunk.dead, [t["payload"].to_pylist() for t in chunk.events.values()]) == ([], [[body]])


def test_data_may_hold_what_attributes_may_not() -> None:
    event = record("ticket.returned", full=False)
    event["data"] |= {"reason": "one\ntwo\x7f"}
    found = item_of(raw(event))
    assert found.refusal is None
    assert not isinstance(border().take(found.value), Refusal)


TWICE = [
    (b'{"type":"a","type":"b"}', "type"),
    (b'{"subject":"a","id":"1","subject":"a"}', "subject"),
    (b'{"data":{"a":1,"a":1}}', "a"),
    (b'{"data":[{"x":{"b":1,"b":[]}}]}', "b"),
    (b'{"data":{"\\u0061":1,"a":2}}', "a"),
    (b'{"data":{"\\"":1,"\\u0022":2}}', '"'),
    (b'{"data":{"a":"\\u0022\\u0022","b":1,"b":2}}', "b"),
    (b'{"datacontenttype":"application/json","datacontenttype":"application/json","myint":5}', "datacontenttype"),
    (b'{"vendor":null,"vendor":"x"}', "vendor"),
    (b'{"a":"\\ud800","b":"","b":""}', "b"),
]


@pytest.mark.parametrize(("body", "name"), TWICE, ids=[name + str(n) for n, (_, name) in enumerate(TWICE)])
def test_a_name_that_stands_twice_is_found_in_any_object(body: bytes, name: str) -> None:
    found = item_of(body)
    assert found.refusal == Refusal(Reason.INVALID, f"the name '{name}' stands twice in one object")


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":{"a":{"a":1},"b":"a","c":["a","a"]}}',
        b'{"data":{"a":"\\u0022","b":"\\\\u0022","c":"\\""}}',
        b'{"myint":5,"data":{},"vendor":null,"datacontenttype":"application/json; a=\\"b\\""}',
        json.dumps({"data": {'"': '"', "宽": "\n\\"}}).encode(),
    ],
)
def test_names_that_stand_once_in_each_object_are_taken(body: bytes) -> None:
    assert item_of(body).refusal is None


NAMES = st.sampled_from(["a", "b", "\\u0061", '\\"', "\\u0022", "\\n", "宽"])
TEXTS = st.recursive(
    NAMES.map(lambda name: f'"{name}"') | st.sampled_from(["1", "null", "1.50", '""']),
    lambda inner: (
        st.lists(st.tuples(NAMES, inner), max_size=3).map(lambda ps: "{" + ", ".join(f'"{n}": {v}' for n, v in ps) + "}")
        | st.lists(inner, max_size=3).map(lambda vs: "[" + ",".join(vs) + "]")
    ),
    max_leaves=20,
)


@settings(max_examples=400)
@given(TEXTS)
def test_counting_quotes_finds_what_reading_all_pairs_finds(data: str) -> None:
    body = f'{{"data":{data}}}'.encode()
    found = item_of(body)
    assert (found.refusal.detail if found.refusal else "") == parsed_slowly(body)[1]


def test_the_count_would_not_see_a_name_if_no_quotes_were_lost() -> None:
    """Negative control: the two counts are what tells, and a written-out quote is why the text is read again."""
    assert names_twice(b'{"a":1,"a":1}', [b'{"a":1}'])
    assert not names_twice(b'{"a":1,"a":1}', [b'{"a":1}', b'{"b":1}'])


def in_headers(event: dict[str, Any], **more: str) -> dict[str, str]:
    return {name: str(value) for name, value in event.items() if name != "data"} | more


@given(st.integers(-(2**31), 2**31 - 1) | st.booleans() | st.text(st.characters(categories=["L", "N", "P"]), max_size=9))
def test_an_extension_is_the_same_in_a_header_and_in_json(value: Any) -> None:
    whole = record(full=False)
    text = canonical(value).replace("%", "%25").replace('"', "%22").encode().decode("latin-1")
    one, other = item_of(raw(whole | {"myext": value})), binary_event(in_headers(whole, myext=text), raw(whole["data"]))
    assert one.value == other.value
    assert same_content(one.value, raw(whole | {"myext": value}))


@pytest.mark.parametrize(
    ("stored", "sent", "same"),
    [
        (5, "5", True),
        (True, "true", True),
        (False, "false", True),
        (-7, "-7", True),
        (5, "6", False),
        (5, "05", False),
        (True, "1", False),
        (True, 1, False),
        (False, 0, False),
        (True, "True", False),
        ("5", 5.5, False),
        ({"a": 5}, {"a": "5"}, False),
        (None, "", False),
        (5, 5.0, True),
    ],
)
def test_what_was_stored_before_is_compared_by_its_text(stored: Any, sent: Any, same: bool) -> None:
    one, other = line("a", myext=stored), line("a", myext=sent)
    assert same_content(one, other) is same
    assert same_content(other, one) is same


def test_what_says_nothing_is_nothing_in_a_comparison() -> None:
    assert same_content(line("a"), line("a", datacontenttype="application/json", myext=None))
    assert not same_content(line("a"), line("a", myext=""))


def test_payloads_that_no_fast_reader_reads_can_be_compared() -> None:
    half = line("a").replace(b'"tenant"', b'"myext": "\\ud800", "tenant"')
    assert same_content(half, half)
    assert not same_content(half, line("a"))


@pytest.mark.parametrize("text", ["100%", "%", "%4", "%zz", "a%2", '"100%"', "%%20"])
def test_a_bare_percent_sign_in_a_header_is_refused(text: str) -> None:
    whole = record(full=False)
    found = binary_event(in_headers(whole, actor=text), raw(whole["data"]))
    assert found.refusal is not None
    assert found.refusal.detail.startswith("ce-actor: has a percent sign without its two hexadecimal digits")
    fine = binary_event(in_headers(whole, actor=text.replace("%", "%25")), raw(whole["data"]))
    assert json.loads(fine.value)["actor"] == text.strip('"')


def test_control_characters_behind_percent_signs_are_refused() -> None:
    whole = record(full=False)
    found = binary_event(in_headers(whole, subject="a%0Ab"), raw(whole["data"]))
    assert found.refusal == Refusal(Reason.INVALID, "subject: holds U+000A, which no attribute may hold")


def test_a_header_that_stands_twice_is_refused() -> None:
    whole = record(full=False)
    headers = in_headers(whole, subject="T-1, second")
    found = binary_event(headers, raw(whole["data"]), {"subject"})
    assert found.refusal == Refusal(Reason.INVALID, "ce-subject: stands twice among the headers")
    assert json.loads(binary_event(headers, raw(whole["data"])).value)["subject"] == "T-1, second"  # one with a comma is one


LEAPS = [
    ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)),
    ("2016-12-31T23:59:60.25Z", datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)),
    ("2017-01-01T07:59:60+08:00", datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)),
    ("2012-06-30T19:59:60.999999999-04:00", datetime(2012, 6, 30, 23, 59, 59, 999_999, UTC)),
    ("2024-02-29t23:59:60z", datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)),
]


@pytest.mark.parametrize(("text", "kept"), LEAPS)
def test_a_leap_second_is_the_last_microsecond_of_its_month(text: str, kept: datetime) -> None:
    body = raw(record("call.wrapped_up", full=False, time=text))
    found: Any = border().take(body)
    assert found.time == kept
    chunk = JsonLines(Border(FixedClock(NOW))).chunk(Batch([body, raw(record(full=False))], [1, 2]))
    assert chunk.dead == []
    assert chunk.events["call"]["occurred_at"].to_pylist()[0] == kept
    assert json.loads(chunk.events["call"]["payload"].to_pylist()[0])["time"] == text


@pytest.mark.parametrize(
    "text",
    [
        *("2016-12-31T23:58:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:59:60+08:00", "2016-12-31T23:59:61Z"),
        *("2023-02-28T22:59:60Z", "2024-02-28T23:59:60Z", "9999-12-31T23:59:60Z", "2016-12-31T24:59:60Z"),
    ],
)
def test_a_second_60_anywhere_else_is_refused(text: str) -> None:
    assert isinstance(border().take(raw(record(full=False, time=text))), Refusal)
