"""What a client has asked for ends at the gateway when the client goes, however it is answered, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway_scene import Scene, cut
from tests.naive_http import until

CROSS = "SELECT sum(a.number * b.number) FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b"
ENDLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    (CROSS, {}),
    (f"{CROSS} FORMAT JSON", {}),
    (CROSS, {"session_id": "of-one-who-goes"}),
    (CROSS, {"wait_end_of_query": 1}),
    ("SELECT number FROM numbers(100000000000) FORMAT TSV", {}),
    ("SELECT number FROM numbers(100000000000) FORMAT Native", {"client_protocol_version": 54405}),
    ("SELECT number FROM numbers(100000000000)", {"enable_http_compression": 1}),
    ("SELECT sleepEachRow(0.1) FROM numbers(6000)", {"max_block_size": 1}),
    ("INSERT INTO swallows SELECT number FROM numbers(100000000000)", {}),
    ("INSERT INTO swallows SELECT number FROM numbers(100000000000)", {"session_id": "of-another"}),
    ("CREATE TABLE made_of_much ENGINE = Null AS SELECT number FROM numbers(100000000000)", {}),
)


@pytest.fixture(scope="module")
def asked(scene: Scene) -> Iterator[Scene]:
    """The scene with a table that keeps nothing."""
    assert scene.ask("writer", "CREATE TABLE swallows (a UInt64) ENGINE = Null").status == 200
    yield scene
    assert scene.ask("writer", "DROP TABLE swallows").status == 200


def _running(scene: Scene) -> list[str]:
    """The writer's statements that run, as the auditor sees them."""
    rows = scene.rows("auditor", "SELECT query, Settings['log_comment'] AS mark FROM system.processes")
    return [row["query"] for row in rows if row["mark"].startswith("writer|")]


@pytest.mark.parametrize(("text", "more"), ENDLESS)
def test_it_ends_when_its_client_goes(asked: Scene, text: str, more: dict[str, Any]) -> None:
    connection = asked.begin("writer", text, **more)
    until(lambda: _running(asked))
    cut(connection)
    until(lambda: not _running(asked))
    # a session is free again, and is there for the next
    assert asked.ask("writer", "SELECT 1", **{k: v for k, v in more.items() if k == "session_id"}).text == "1\n"
    asked.ask("writer", "DROP TABLE IF EXISTS made_of_much")


def test_who_closes_in_good_order_has_gone_too(asked: Scene) -> None:
    connection = asked.begin("writer", CROSS)
    until(lambda: _running(asked))
    connection.close()
    until(lambda: not _running(asked))


def test_who_stays_is_answered_while_others_go(asked: Scene) -> None:
    """The control: the statement of one who stays goes on, also a second one of the same user and text."""
    text = "SELECT sum(a.number % 7) FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b"
    stays, goes = asked.begin("writer", text), asked.begin("writer", text)
    until(lambda: len(_running(asked)) == 2)
    cut(goes)
    until(lambda: len(_running(asked)) == 1)
    slow = asked.ask("writer", "SELECT sleepEachRow(0.1) FROM numbers(8)", max_block_size=1)  # as long as two looks take
    assert slow.text == "0\n" * 8
    assert len(_running(asked)) == 1
    cut(stays)
    until(lambda: not _running(asked))


def test_a_readers_statement_ends_as_well(asked: Scene) -> None:
    connection = asked.begin("reader", CROSS)
    find = "SELECT count() FROM system.processes WHERE startsWith(Settings['log_comment'], 'reader|')"
    until(lambda: asked.ask("auditor", find).text == "1\n")
    cut(connection)
    until(lambda: asked.ask("auditor", find).text == "0\n")
