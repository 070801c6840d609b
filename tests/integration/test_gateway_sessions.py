"""Sessions at the gateway: as many as clients make, each its user's own, and what comes along goes with its request."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.gateway_scene import WHO, Scene
from tests.gateways import Told

MANY = 250


def _along(scene: Scene, who: str, text: str, name: str = "along", **more: object) -> Told:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'
    headers = {**scene.logins[who], "Content-Type": "multipart/form-data; boundary=x"}
    body = f"{head}5\r\n--x--\r\n".encode()
    return scene.gateway.send(body, headers=headers, query=text, **{f"{name}_structure": "a UInt8"}, **more)


@pytest.mark.parametrize("who", WHO)
def test_more_sessions_than_there_is_room_for_are_all_answered(scene: Scene, who: str) -> None:
    for number in range(MANY):
        told = scene.ask(who, f"SELECT {number}", session_id=f"{who}-{number}", session_timeout=3600)
        assert told.text == f"{number}\n"


def test_the_longest_idle_have_made_room_and_the_last_ones_are_there(scene: Scene) -> None:
    """The control: only what had to go went."""
    for number in range(MANY):
        scene.ask(
            "writer", f"CREATE TEMPORARY TABLE mine AS SELECT {number} AS n", session_id=f"r{number}", session_timeout=3600
        )
    found = [scene.ask("writer", "SELECT n FROM mine", session_id=f"r{number}", session_check=1) for number in (0, 100, 249)]
    assert [told.code for told in found] == [372, 0, 0]
    assert [told.text for told in found[1:]] == ["100\n", "249\n"]


def test_a_session_is_its_users_own(scene: Scene) -> None:
    name = str(uuid4())
    scene.ask("writer", "CREATE TEMPORARY TABLE mine AS SELECT 7 AS n", session_id=name)
    assert scene.ask("writer", "SELECT n FROM mine", session_id=name).text == "7\n"
    assert scene.gateway.ask("SELECT n FROM mine", session_id=name).code == 60  # another writer
    assert scene.gateway.ask("SELECT 1", session_id=f"w {name}", session_check=1).code == 372
    for who in ("reader", "auditor", "bound"):
        assert scene.ask(who, "SELECT n FROM mine", session_id=name).code == 60
    assert scene.ask("writer", "SELECT n FROM mine", session_id=name).text == "7\n"


def test_a_table_that_comes_along_ends_with_its_request_in_a_session_too(scene: Scene) -> None:
    name = str(uuid4())
    for _ in range(2):
        assert _along(scene, "writer", "SELECT a FROM along", session_id=name).text == "5\n"
        assert scene.ask("writer", "SELECT a FROM along", session_id=name).code == 60
    assert _along(scene, "writer", "SELECT throwIf(a = 5) FROM along", session_id=name).code == 395
    assert scene.ask("writer", "SELECT a FROM along", session_id=name).code == 60


def test_it_does_not_touch_a_sessions_own_tables(scene: Scene) -> None:
    name = str(uuid4())
    scene.ask("writer", "CREATE TEMPORARY TABLE own AS SELECT 9 AS a", session_id=name)
    assert _along(scene, "writer", "SELECT a + (SELECT a FROM own) FROM along", session_id=name).text == "14\n"
    assert scene.ask("writer", "SELECT a FROM own", session_id=name).text == "9\n"
    # one of the same name is refused, and the session's stays
    assert _along(scene, "writer", "SELECT a FROM own", "own", session_id=name).code == 57
    assert scene.ask("writer", "SELECT a FROM own", session_id=name).text == "9\n"


@pytest.mark.parametrize("text", ["extremes = 1", "max_bytes_to_read = 1", "max_rows_to_read = 1", "max_result_rows = 1"])
def test_what_is_set_in_a_session_does_not_keep_it_from_being_used(scene: Scene, text: str) -> None:
    name = str(uuid4())
    assert scene.ask("writer", f"SET {text}, max_block_size = 5", session_id=name).status == 200
    told = scene.ask("writer", "SELECT getSetting('max_threads')", session_id=name, max_threads=3, database="system")
    assert told.text.startswith("3\n")
    assert scene.ask("writer", "SET extremes = 0", session_id=name).status == 200
    after = "SELECT getSetting('max_threads') = 3, getSetting('max_block_size'), currentDatabase()"
    assert scene.ask("writer", after, session_id=name).text == "0\t5\tdefault\n"


@pytest.mark.parametrize("text", ["SET limit = 1", "SET max_threads = 2, offset = 1", "SET `offset` = 1"])
def test_what_would_cut_all_answers_is_sent_with_a_request_alone(scene: Scene, text: str) -> None:
    name = str(uuid4())
    told = scene.ask("writer", text, session_id=name)
    assert (told.code, "is sent with a request" in told.text) == (497, True)
    for sent, rows in (({"limit": 2}, "0\n1\n"), ({"limit": 1, "offset": 2}, "2\n"), ({}, "0\n1\n2\n")):
        assert scene.ask("writer", "SELECT number FROM numbers(3)", session_id=name, **sent).text == rows


@pytest.mark.parametrize("timeout", ["nan", "-1", "soon", "-inf"])
def test_a_timeout_that_is_none_is_refused(scene: Scene, timeout: str) -> None:
    assert scene.ask("writer", "SELECT 1", session_id="t", session_timeout=timeout).code == 568
