"""Bodies before any parser descends into them, and the canonical bytes of an event."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.domain.catalogue import TYPES
from opsledger.domain.envelope import Position
from opsledger.domain.ports import Span
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.depth import is_deeper
from opsledger.ingest.http.item import item_of
from opsledger.ingest.http.judging import Judging, Owner
from opsledger.ingest.http.places import places_of
from opsledger.ingest.same_content import same_content
from tests.border_samples import border, raw, record
from tests.ledger_samples import line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\a宽'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[]{}"\\'), inner, max_size=3),
    max_leaves=30,
)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (isinstance(value, (dict, list))) + max(map(depth, inner), default=0)


@given(JSON, st.booleans())
def test_the_depth_of_bytes_is_that_of_the_value(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    levels = depth(value)
    assert not is_deeper(body, levels)
    assert levels == 0 or is_deeper(body, levels - 1)


def test_depth_is_seen_across_pieces_and_is_not_hidden_by_strings() -> None:
    filler = b'"' + b"]" * 2_000_000 + b'",'
    assert is_deeper(b"[" * 400 + filler + b"[" * 200, 512)
    assert not is_deeper(b"[" * 300 + filler + b"]" * 200 + b",[" * 1 + b"[" * 200, 512)
    assert is_deeper(b'["\\\\",' * 600, 512)
    assert not is_deeper(b'["' + b"[" * 5_000 + b'"]', 512)
    assert not is_deeper(b'["\\"' + b"[" * 5_000 + b'"]', 512)


def test_any_way_to_write_an_event_gives_the_same_bytes() -> None:
    whole = record("queue.described") | {"sequence": "5", "atest": "5", "btest": "true"}
    whole["data"]["targets"] = {"b": 1.10, "a": [None]}
    typed = whole | {"atest": 5, "btest": True}
    names = list(whole)
    random.Random(3).shuffle(names)
    shuffled = {name: whole[name] for name in names} | {"corrects": None, "datacontenttype": "application/json"}
    written = [
        raw(whole),
        raw(shuffled, ascii_only=True),
        raw(typed),
        json.dumps(shuffled, indent=2, ensure_ascii=False).encode(),
        raw(item := json.loads(item_of(raw(whole)).value)),
    ]
    (value,) = {item_of(each).value for each in written}
    assert json.loads(value) == item == whole
    assert same_content(value, raw(whole))
    assert same_content(value, raw(typed))


def test_numbers_keep_their_digits() -> None:
    body = b'{"data": {"a": 1.10, "b": 12345678901234567890123, "c": -0.0}}'
    assert item_of(body).value == b'{"data":{"a":1.10,"b":12345678901234567890123,"c":-0.0}}'


STRANGE = [
    *(b"", b"[]", b"1", b'"x"', b'{"a":"\xff"}', b'{"data":"\\ud800"}', b"{" * 400, b'{"data":' + b"9" * 100_000 + b"}"),
    *(b'{"data":' * 900 + b"1" + b"}" * 900, line("x") + b"x", b'{"a":NaN}', b"\xef\xbb\xbf{}"),
]


@pytest.mark.parametrize("body", STRANGE, ids=range(len(STRANGE)))
def test_what_cannot_be_read_stays_as_it_is(body: bytes) -> None:
    found = item_of(body)
    assert (found.raw, found.value, found.refusal) == (body, body, None)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_is_an_item_and_what_changes_says_the_same(body: bytes) -> None:
    found = item_of(body)
    if found.refusal:
        assert (found.raw, found.value, found.refusal.reason) == (body, body, Reason.INVALID)
    elif found.value != body:
        assert json.loads(found.value, parse_float=Decimal) == {
            name: value
            for name, value in json.loads(body, parse_float=Decimal).items()
            if value is not None and name != "datacontenttype"
        }
    msgspec.json.decode(found.value) if found.value is not body else None


def test_the_border_says_the_same_of_the_canonical_bytes() -> None:
    for spoilt in (record("call.queued"), record("call.queued") | {"time": "now"}, record("call.queued") | {"id": 1}):
        assert border().take(raw(spoilt)) == border().take(item_of(raw(spoilt)).value)


@pytest.mark.parametrize("type_", sorted(type_ for type_ in TYPES))
def test_the_lean_way_to_judge_gives_the_same_verdicts_and_values(type_: str) -> None:
    whole = record(type_)
    changed = [whole | {name: value} for name in whole for value in (None, 1, "x", [], {"queue": 1})]
    items = [item_of(raw(each)) for each in (whole, record(type_, full=False), *changed)]
    owners = [Owner("t1", "sim:desk")] * len(items)
    one, other = (Judging(border(), lean=lean).chunk(items, owners) for lean in (False, True))
    assert one.dead == other.dead
    assert {s: t.num_rows for s, t in one.events.items()} == {s: t.num_rows for s, t in other.events.items()}
    for stream, table in other.events.items():
        for name in table.column_names:
            assert table[name].to_pylist() == one.events[stream][name].to_pylist()


def test_places_follow_the_rows_through_spans_in_any_order() -> None:
    spans = [Span("t", 1, 10, 1), Span("t", 0, 7, 1), Span("t", 1, 20, 2), Span("t", 0, 3, 2)]
    found = places_of(spans, [1, 0, 1, 0, 0, 1])
    assert found == [Position("t", p, o) for p, o in ((1, 10), (0, 3), (1, 20), (0, 4), (0, 7), (1, 21))]
    with pytest.raises(RuntimeError):
        places_of(spans, [1, 0, 1, 0, 0, 0])
    assert places_of([], []) == []
