"""A batch is counted from its bytes: however many elements it has, few objects are made to find out."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.ingest.http import depth
from opsledger.ingest.http.depth import is_deeper, is_longer
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.problem import Problem
from opsledger.ingest.http.request import BATCH, BINARY, STRUCTURED, Message, parse
from tests.unit.test_http_parsing import JSON
from tests.unit.test_http_parsing import depth as depth_of

LIMITS = Limits()
SMALL = 40_000_000
"""Bytes: some times a body, and far less than the objects of one."""


@given(st.lists(JSON, max_size=6), st.booleans(), st.sampled_from([1, 2, 3, 7, 1 << 18]))
def test_a_list_has_as_many_elements_as_its_value(values: list[object], ascii_only: bool, piece: int) -> None:
    body = json.dumps(values, ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(depth, "_PIECE_BYTES", piece)  # what is open goes on in the next piece
        assert not is_longer(body, max(1, len(values)))
        assert len(values) < 2 or is_longer(body, len(values) - 1)
        assert is_deeper(body, depth_of(values) - 1)
        assert not is_deeper(body, depth_of(values))


def test_what_only_looks_like_an_element_is_none() -> None:
    assert not is_longer(b'["' + b"," * 9_000 + b'",{"a":' + b"[" + b"1," * 9_000 + b"1]}]", 2)
    escaped = rb'["\\","\\\"","\\\"",1]'
    assert len(json.loads(escaped)) == 4
    assert (is_longer(escaped, 3), is_longer(escaped, 4)) == (True, False)


def test_what_is_no_list_has_no_elements() -> None:
    many = b"1," * 9 + b"1"
    assert [is_longer(body, 5) for body in (b'{"a":1' + b',"b":1' * 9 + b"}", many, b'"' + many + b'"')] == [False] * 3
    assert [is_longer(before + b"[" + many + b"]", 5) for before in (b"", b" \r\n\t", b"\xef\xbb\xbf")] == [True] * 3


def peak(work: Callable[[], object]) -> int:
    """The most memory that something takes at once, beyond what there was."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


ONES = b"[" + b"1," * 4_190_000 + b"1]"
LISTS = b"[" + b"[]," * 2_790_000 + b"1]"


def told(media: str, body: bytes) -> str:
    """What is said of a body: the problem's status, else why it is dead, if it is known yet."""
    try:
        (item,) = parse(Message(media, body, {"id": "x"} if media == BINARY else {}), LIMITS).items
    except Problem as problem:
        return str(problem.status)
    return item.refusal.reason if item.refusal else "left to the border"


@pytest.mark.parametrize("body", [ONES, LISTS, b"[" + b'{"a":1},' * 900_000 + b"1]"], ids=["ones", "lists", "objects"])
@pytest.mark.parametrize(("media", "end"), [(BATCH, "413"), (STRUCTURED, "left to the border"), (BINARY, "left to the border")])
def test_many_elements_are_refused_before_there_are_objects_of_them(media: str, end: str, body: bytes) -> None:
    found: list[str] = []
    assert peak(lambda: found.append(told(media, body))) < SMALL
    assert found == [end]


@pytest.mark.parametrize("read", [lambda body: msgspec.json.decode(body, type=list[msgspec.Raw]), msgspec.json.decode])
def test_a_decoder_would_have_made_them(read: Callable[[bytes], object]) -> None:
    """Negative control."""
    assert peak(lambda: read(LISTS)) > 3 * SMALL


def test_brackets_without_end_take_no_more() -> None:
    assert peak(lambda: told(BATCH, b"[]" * 4_190_000)) < SMALL
    assert peak(lambda: told(BATCH, b"[" * 8_380_000)) < SMALL
