"""The query log: a line for each request, with who, when and why not, and without a word that may be a person's name."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from opsledger.infra.gateway.errors import AUTHENTICATION_FAILED
from opsledger.infra.gateway.query_log import FOLDER
from tests.gateway_scene import WHO, Scene, cut, drained
from tests.gateways import Told
from tests.naive_http import until

NAME = "Zhang"
"""A person's, which stands in statements and values and may not stand in the log."""
ASKED = "SELECT * FROM gateway_log.query_log ORDER BY at, query_id"
CROSS = "SELECT sum(a.number * b.number) FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b"


def _text(root: Path) -> str:
    return "".join(file.read_text() for file in sorted((root / FOLDER).iterdir()))


def _lines(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _text(root).splitlines()]


def _line(scene: Scene, query_id: str) -> dict[str, Any]:
    """The one line of a request."""
    (found,) = [line for line in _lines(scene.gateway.root) if line["query_id"] == query_id]
    return found


def _asked(scene: Scene, who: str, text: str, **more: Any) -> tuple[Told, dict[str, Any]]:
    """An answer and its line."""
    query_id = str(uuid4())
    told = scene.ask(who, text, query_id=query_id, **more)
    return told, _line(scene, query_id)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


@pytest.mark.parametrize("who", WHO)
def test_a_request_leaves_one_line(scene: Scene, who: str) -> None:
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(milliseconds=1)
    text = "SELECT number FROM numbers(3)" if who != "writer" else "SELECT number, sleep(0.05) FROM numbers(3)"
    _, line = _asked(scene, who, text)
    elapsed = datetime.now(UTC).replace(tzinfo=None) - before
    assert 0 <= (at := datetime.fromisoformat(line.pop("at")) - before).total_seconds() <= elapsed.total_seconds()
    assert (50 if who == "writer" else 0) <= line.pop("ms") <= (elapsed - at).total_seconds() * 1000 + 1
    del line["query_id"]
    assert line == {
        "user": who[0],
        "role": "reader" if who == "bound" else who,
        "remote": "127.0.0.1",
        "kind": "SelectWithUnionQuery",
        "digest": _digest(text),
        "read_rows": 3,
        "written_rows": 0,
        "result_rows": 3,
        "code": 0,
        "why": "",
    }


def test_the_digest_is_of_the_statement_as_sent_and_tells_statements_apart(scene: Scene) -> None:
    text = "SELECT  'a' -- and why\n"
    assert _asked(scene, "reader", text)[1]["digest"] == _digest(text.strip())
    assert _asked(scene, "reader", "", query=text)[1]["digest"] == _digest(text.strip())
    assert _asked(scene, "reader", "SELECT  'b' -- and why")[1]["digest"] != _digest(text.strip())


def test_an_insert_is_told_by_its_head_and_counted_by_its_rows(scene: Scene) -> None:
    scene.ask("writer", "CREATE TABLE logged (a String) ENGINE = Memory")
    for rows in ("1\n", "2\n3\n"):
        told, line = _asked(scene, "writer", rows, query="INSERT INTO logged FORMAT TSV")
        assert (told.status, line["written_rows"], line["kind"]) == (200, len(rows) // 2, "InsertQuery")
        assert line["digest"] == _digest("INSERT INTO logged")
    scene.ask("writer", "DROP TABLE logged")


REFUSED = (
    ("reader", "SELECT * FROM default.call", {}, 497, "'default.call' is not for reading"),
    ("reader", "SELECT file('/etc/passwd')", {}, 497, "the function 'file'"),
    ("auditor", "DROP TABLE default.call", {}, 497, "nothing is changed"),
    ("writer", "DROP TABLE default.call", {}, 497, "nothing is taken from it"),
    ("bound", "SELECT 1", {"max_rows_to_read": 5}, 497, "the setting 'max_rows_to_read'"),
    ("reader", "SELECT 1", {"no_such_setting": 5}, 115, "no_such_setting"),
    ("writer", "CREATE USER u", {}, 497, "CreateUserQuery is not on the list"),
    ("writer", "SELEC 1", {}, 62, "no statement begins so"),
    ("reader", "SELECT nothing", {}, 47, "UNKNOWN_IDENTIFIER"),
    ("reader", "SELECT throwIf(number = 3) FROM numbers(5)", {}, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ("writer", "SELECT 1", {"session_id": "none", "session_check": 1}, 372, "SESSION_NOT_FOUND"),
)


@pytest.mark.parametrize(("who", "text", "more", "code", "why"), REFUSED)
def test_what_is_refused_or_fails_has_its_code_and_why(
    scene: Scene, who: str, text: str, more: dict[str, Any], code: int, why: str
) -> None:
    told, line = _asked(scene, who, text, **more)
    assert (told.code, line["code"], line["user"]) == (code, code, who[0])
    assert why in line["why"]
    # what is refused before it is read has no digest, which would be that of nothing
    assert line["digest"] == ("" if more else _digest(text))


WITH_A_NAME: tuple[tuple[str, dict[str, Any]], ...] = (
    (f"SELECT '{NAME}'", {}),
    (f"SELECT toUInt64('{NAME}')", {}),
    (f"SELECT toIPv4('({NAME.upper()})')", {}),
    (f"SELECT throwIf(1, '{NAME}')", {}),
    (f"SELECT throwIf(1, '({NAME.upper()})')", {}),
    ("SELECT {p:UInt8}", {"param_p": NAME}),
    ("SELECT {p:String}", {"param_p": NAME}),
    (f"SELECT '{NAME}' FORM", {}),
    (f"{NAME} 1", {}),
    (f"\x00{NAME}", {}),
    (f"'{NAME}'", {}),
    (f"-- {NAME}", {}),
    (f"SELECT 1 AS `{NAME}\n x`, 2 AS `\n{NAME}`", {}),
    (f"SELECT * FROM format(CSV, 'a UInt8', '{NAME}')", {}),
    (f"SELECT * FROM merge('default', '{NAME}')", {}),
    (f"SELECT * FROM file('{NAME}')", {}),
    (f"SELECT * FROM values('a String DEFAULT \\'{NAME}\\'', 'x')", {}),
    (f"SELECT count() FROM system.tables WHERE name = '{NAME}' AND throwIf(1)", {}),
    (f"CREATE TABLE a.b UUID '00000000-0000-0000-0000-00000000cafe' (a UInt8) ENGINE = Memory COMMENT '{NAME}'", {}),
    (f"CREATE USER u IDENTIFIED BY '{NAME}'", {}),
    (f"CREATE TABLE d.t AS file('{NAME}')", {}),
    (f"INSERT INTO FUNCTION file('{NAME}') SELECT 1", {}),
    (f"INSERT INTO nowhere VALUES ('{NAME}')", {}),
    (f"ALTER TABLE default.call DELETE WHERE subject = '{NAME}'", {}),
    (f"SET max_threads = '{NAME}'", {}),
    ("SELECT 1", {"max_threads": NAME}),
    (f"SELECT 1 INTO OUTFILE '{NAME}'", {}),
    (f"SELECT 1 FORMAT CSV {NAME}", {}),
)


def test_no_word_of_a_statement_and_no_value_is_in_the_log(scene: Scene) -> None:
    for who in ("writer", "reader"):
        for text, more in WITH_A_NAME:
            scene.ask(who, text, **more)
    scene.ask("writer", f"{NAME}\n", query="INSERT INTO nowhere FORMAT TSV")
    with scene.begin("reader", f"SELECT throwIf(number = 3000000, '{NAME}') FROM numbers(4000000)") as broken:
        assert NAME.encode() in drained(broken)
    assert NAME.lower() not in _text(scene.gateway.root).lower()


def test_what_the_log_does_not_tell_the_client_is_told(scene: Scene) -> None:
    """The control: the name is in the errors themselves, and the log has what one calls a request."""
    told = [scene.ask("writer", text, **more) for text, more in WITH_A_NAME]
    assert sum(one.code != 0 and NAME.lower() in one.text.lower() for one in told) >= 8
    assert _asked(scene, "writer", "SELECT 1")[1]["query_id"] in _text(scene.gateway.root)


def _logins(scene: Scene) -> list[dict[str, Any]]:
    return [line for line in _lines(scene.gateway.root) if line["kind"] == "Login"]


def test_a_failed_login_is_told_with_its_name_and_code(scene: Scene) -> None:
    wrong = {"X-ClickHouse-User": "mallory", "X-ClickHouse-Key": "guess-of-a-secret"}
    before = len(_logins(scene))
    assert scene.gateway.ask("SELECT 1", headers=wrong).code == AUTHENTICATION_FAILED
    (line,) = _logins(scene)[before:]
    assert (line["user"], line["code"], line["role"], line["digest"]) == ("mallory", AUTHENTICATION_FAILED, "", "")
    assert line["why"].startswith("AUTHENTICATION_FAILED: mallory")
    assert "guess-of" not in _text(scene.gateway.root)


def test_the_auditor_asks_the_log_and_sees_the_request_before(scene: Scene) -> None:
    for _ in range(3):
        query_id = str(uuid4())
        scene.ask("bound", "SELECT count() FROM calls", query_id=query_id)
        (row,) = scene.rows("auditor", f"SELECT * FROM gateway_log.query_log WHERE query_id = '{query_id}'")
        line = _line(scene, query_id)
        assert {name: row[name] for name in line} == line
        assert row["role"] == "reader"
    known = {line["query_id"] for line in _lines(scene.gateway.root)}
    assert {row["query_id"] for row in scene.rows("auditor", ASKED)} >= known


@pytest.mark.parametrize("who", ["writer", "reader", "bound"])
def test_nobody_else_sees_it(scene: Scene, who: str) -> None:
    for text in (
        ASKED,
        "SELECT count() FROM gateway_log.query_log",
        "SELECT 1 IN (SELECT code FROM gateway_log.query_log)",
        "SELECT * FROM merge('gateway_log', '.*')",
        "SELECT * FROM (WITH x AS (SELECT * FROM `gateway_log`.`query_log`) SELECT * FROM x)",
    ):
        assert scene.ask(who, text).code == 497, text
    assert scene.ask(who, "SELECT * FROM query_log", database="gateway_log").code == 497
    for text in ("TRUNCATE TABLE", "DROP TABLE", "OPTIMIZE TABLE", "INSERT INTO"):
        assert scene.ask(who, f"{text} gateway_log.query_log").code in (497, 62), text


def test_files_and_folder_are_this_users_alone(scene: Scene) -> None:
    folder = scene.gateway.root / FOLDER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert [file.name for file in files] == ["queries-00000001.jsonl"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def _ends_as(scene: Scene, query_id: str) -> dict[str, Any]:
    until(lambda: query_id in _text(scene.gateway.root))
    return _line(scene, query_id)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (CROSS, {}),
        (f"SELECT * FROM ({CROSS}) FORMAT JSON", {}),
        ("SELECT number FROM numbers(100000000000) FORMAT TSV", {}),
        ("SELECT sleepEachRow(0.1), 'so that something is sent' FROM numbers(600)", {"max_block_size": "1"}),
    ],
)
def test_a_statement_whose_client_has_gone_is_told_as_ended(scene: Scene, text: str, more: dict[str, str]) -> None:
    query_id = str(uuid4())
    connection = scene.begin("writer", text, query_id=query_id, **more)
    if "number FROM" in text or more:
        assert connection.recv(100)
    else:
        _under_way(scene, text)
    cut(connection)
    line = _ends_as(scene, query_id)
    assert (line["code"], line["digest"]) == (394, _digest(text))
    assert line["why"].startswith("QUERY_WAS_CANCELLED")


def _under_way(scene: Scene, text: str) -> None:
    def asked() -> bool:
        return any(text[:60] in row["query"] for row in scene.rows("auditor", "SELECT query FROM system.processes"))

    until(asked)


def test_a_statement_that_a_bound_cuts_is_told_with_its_code(scene: Scene) -> None:
    for text, more, code in (
        (CROSS, {"max_execution_time": "0.1"}, 159),
        ("SELECT number FROM numbers(100000) FORMAT JSON", {"max_result_rows": "10"}, 396),
        ("SELECT count() FROM numbers(2000000000)", {}, 158),
        ("SELECT groupArray(number) FROM numbers(5000000)", {"max_memory_usage": "1000000"}, 241),
        ("SELECT number FROM numbers(10000000)", {"max_rows_to_read": "100"}, 158),
    ):
        _, line = _asked(scene, "reader", text, **more)
        assert line["code"] == code, (text, line)


def test_what_breaks_off_in_mid_answer_is_told(scene: Scene) -> None:
    query_id = str(uuid4())
    with scene.begin("reader", "SELECT number FROM numbers(90000000)", query_id=query_id, max_result_rows="3000000") as client:
        assert drained(client).startswith(b"HTTP/1.1 200 ")
    line = _ends_as(scene, query_id)
    assert (line["code"], line["why"]) == (396, "TOO_MANY_ROWS_OR_BYTES")
    assert 0 < line["result_rows"] < 90_000_000
