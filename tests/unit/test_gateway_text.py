"""Where the data of an INSERT begin is found in one pass of bounded length, however the body comes in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from opsledger.infra.gateway import statement
from opsledger.infra.gateway.answer import read_text
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.statement import MAX_HEAD_BYTES, Token, insert_of

LONG = b"INSERT INTO t " + b"1," * 2_000_000


def read(body: bytes, size: int, query: bytes = b"") -> tuple[Any, bytes]:
    """What is found of a text whose body comes in pieces of a size; all its data."""
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    request: Any = SimpleNamespace(query=query, body=pieces)
    text, insert, rest = read_text(request)
    return insert, text[insert.data_at if insert else 0 :] + b"".join(rest)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens were looked at."""
    whole, seen = statement.tokens, [0]

    def counted(text: bytes) -> Iterator[Token]:
        for token in whole(text):
            seen[0] += 1
            yield token

    monkeypatch.setattr(statement, "tokens", counted)
    return seen


@pytest.mark.parametrize("size", [100, 1 << 20, len(LONG)])
def test_a_text_without_data_is_refused_after_its_first_part(size: int, taken: list[int]) -> None:
    with pytest.raises(ServerError, match="of an INSERT before its data is larger than") as refusal:
        read(LONG, size)
    assert (refusal.value.code, refusal.value.status[:3]) == (229, "413")
    assert taken[0] < MAX_HEAD_BYTES + 100


def test_as_many_tokens_are_looked_at_as_are_there(taken: list[int]) -> None:
    """Of the count above: behind SELECT and FORMAT nothing is looked at, before them all is."""
    columns = b",".join(b"c%d" % n for n in range(1_000))
    for text, most in (
        (b"INSERT INTO t SELECT " + b"1," * 100_000 + b"1", 10),
        (b"INSERT INTO t (%b) FORMAT CSV\n1" % columns, 2_010),
    ):
        taken[0] = 0
        read(text, 1 << 20)
        assert most - 10 < taken[0] <= most


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    "head", [b"INSERT INTO t FORMAT JSONEachRow\n", b"INSERT INTO t(a) SETTINGS a = 1 FORMAT CSV \r\n", b"INSERT INTO t VALUES"]
)
@pytest.mark.parametrize("query", [b"", b"/* a */ INSERT INTO t"])
def test_a_head_is_read_whole_however_small_the_pieces_are(size: int, head: bytes, query: bytes) -> None:
    body = head if not query else head.removeprefix(b"INSERT INTO t")
    insert, data = read(body + b"\n(1)\n" * 200_000, size, query)
    assert insert.format == {b"FO": "JSONEachRow", b"(a": "CSV", b"VA": "Values"}[head.split(b"INTO t")[1].strip()[:2]]
    assert data == b"\n(1)\n" * 200_000


def test_control_a_cut_head_is_another_format() -> None:
    """Why nothing is looked for in the first piece alone."""
    found = insert_of(b"INSERT INTO t FORMAT JSON")
    assert found is not None
    assert found.format == "JSON"


def test_other_statements_may_be_longer() -> None:
    text = b"SELECT " + b"1," * 400_000 + b"1"
    assert read(text, 1 << 20) == (None, text)
    assert read(b"INSERT INTO t " + text, 1 << 20) == (None, b"INSERT INTO t " + text)
