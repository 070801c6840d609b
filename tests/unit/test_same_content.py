"""When two payloads of one id say the same."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from opsledger.ingest.same_content import rewritten, same_content
from tests.ledger_samples import line


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (line("a"), line("a").replace(b": ", b":")),
        (line("a"), json.dumps(dict(reversed(json.loads(line("a")).items()))).encode()),
        (line("a", time="2026-01-05T09:00:00Z"), line("a", time="2026-01-05T17:00:00.000+08:00")),
        (line("a"), line("a", vendor="in-house")),
        (line("a", cost=1.50), line("a", cost=1.5)),
    ],
)
def test_another_way_to_write_the_same_is_the_same(one: bytes, other: bytes) -> None:
    assert same_content(one, other)
    assert same_content(other, one)


@pytest.mark.parametrize(
    "other",
    [
        line("a", data={"queue": "q2"}),
        line("a", time="2026-01-05T09:00:00.000001Z"),
        line("a", vendor="v2"),
        line("a", trunk="1"),
        line("a", type_="call.connected", data={}),
        line("a", data={"queue": "q1", "unknown": 1}),
    ],
)
def test_any_other_value_is_other_content(other: bytes) -> None:
    assert not same_content(line("a"), other)
    assert not same_content(other, line("a"))


def test_numbers_keep_every_digit_when_an_event_is_rewritten() -> None:
    raw = line("a").replace(b'"tenant"', b'"rate": 0.12345678901234567890, "tenant"')
    made = rewritten(raw, UUID(int=1), UUID(int=2))
    assert b"0.12345678901234567890" in made
    assert json.loads(made)["corrects"] == str(UUID(int=2))
    assert "corrects" not in json.loads(rewritten(made, UUID(int=1), None))
