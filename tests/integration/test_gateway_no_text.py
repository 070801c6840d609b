"""Bytes that are no text, anywhere in a request: the engine answers, or its error keeps its code; nothing fails in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import urllib3

from opsledger.infra.gateway.errors import from_engine
from tests.gateway_scene import Scene
from tests.gateways import Running, Told, running

NONE = b"\xff"
MANY = "&".join(f"a{number}=1" for number in range(5_001))


def ask(gateway: Running, address: str, body: bytes = b"SELECT 1", *, known: bool = True) -> Told:
    headers = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": gateway.found.password} if known else {}
    with urllib3.PoolManager(retries=False) as http:
        answer = http.request("POST", f"{gateway.found.url}/?{address}", body=body, headers=headers)
        return Told(answer.status, answer.headers, answer.data)


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("max_threads=%ff", 400, 27),
        ("session_timezone=%ff", 400, 36),
        ("max_execution_time=%ff", 200, 0),
        ("format_csv_null_representation=%ff", 200, 0),
        ("database=%ff", 404, 81),
        ("default_format=%ff", 404, 73),
        ("client_protocol_version=%ff", 400, 568),
        ("%ff=1", 404, 115),
        ("query_id=%ff", 200, 0),
        (MANY, 400, 568),
    ],
)
def test_in_the_address(gateway: Running, address: str, status: int, code: int) -> None:
    for more in ("", "&session_id=no_text%ff"):
        told = ask(gateway, address + more)
        assert (told.status, told.code) == (status, code), told.body


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (b"SELECT throwIf(1, '\xff')", 395),
        (b"SELECT * FROM `\xff`", 60),
        (b"SELECT toUInt8('\xff')", 6),
        (b"EXPLAIN SELECT * FROM `\xff`", 60),
        (b"INSERT INTO `\xff` FORMAT CSV\n1", 60),
        (b"DROP TABLE `\xff`", 60),
        (b"SELECT '\xff' FORMAT `\xff`", 73),
    ],
)
def test_in_a_statement_the_code_of_the_error_is_kept(gateway: Running, statement: bytes, code: int) -> None:
    told = ask(gateway, "", statement)
    assert told.code == code, told.body
    assert b"codec" not in told.body


def test_in_a_bound_value_they_are_what_they_are(gateway: Running) -> None:
    raw = "电".encode() + NONE + b"\xc3("
    for text, value, found in (
        (b"SELECT {x:String}", raw, raw),
        (b"SELECT {x:Array(String)}", b"['" + raw + b"']", b"['" + raw + b"']"),
    ):
        told = ask(gateway, f"param_x={quote_from_bytes(value)}", text + b" FORMAT TSVRaw")
        assert (told.status, told.body) == (200, found + b"\n")
    told = ask(gateway, "param_x=%ff", b"SELECT {x:UInt8}")
    assert (told.code, b"Python" in told.body) == (457, False)
    assert ask(gateway, "param_%ff=1", b"SELECT {x:UInt8}").code == 456


def test_what_a_session_keeps_may_be_no_text(gateway: Running) -> None:
    for text in (b"SET format_csv_null_representation = '\xff'", b"CREATE DATABASE IF NOT EXISTS `\xff`", b"USE `\xff`"):
        assert ask(gateway, "session_id=kept", text).status == 200
    told = ask(gateway, "session_id=kept&format_csv_null_representation=x", b"SELECT NULL, currentDatabase() FORMAT CSV")
    assert told.body == b'x,"\xff"\n'
    told = ask(gateway, "session_id=kept&close_session=1", b"SELECT NULL FORMAT CSV")
    assert told.body == b"\xff\n"
    assert ask(gateway, "", b"DROP DATABASE `\xff`").status == 200


def test_the_query_log_takes_them(scene: Scene) -> None:
    for address in ("user=%ff&password=x", "query_id=%ff"):
        ask(scene.gateway, address, known="user" not in address)
    ask(scene.gateway, "", b"SELECT throwIf(1, '\xff')")
    told = scene.ask("auditor", "SELECT count() FROM gateway_log.query_log WHERE code = 395")
    assert (told.status, int(told.text) >= 1) == (200, True), told.text
    told = scene.ask("auditor", "SELECT user, query_id FROM gateway_log.query_log WHERE user = '?' OR query_id = '?'")
    assert sorted(line.split("\t")[0] for line in told.text.splitlines()) == ["?", "default"]


def test_too_many_parameters_are_answered_and_logged_and_say_nothing_on_the_screen(tmp_path: Path) -> None:
    with running(tmp_path / "data") as gateway:
        told = [ask(gateway, MANY, known=known) for known in (True, False)]
        assert [(one.status, one.code) for one in told] == [(400, 568)] * 2
        assert ask(gateway, "max_threads=%ff").status == 400
        gateway.stop()
        assert gateway.process.stdout is not None
        said = gateway.process.stdout.read().decode()
        assert [line for line in said.splitlines() if not line.startswith(("serving", "stopped"))] == []
        lines: list[Any] = []
        for file in sorted((tmp_path / "data" / "gateway-log").iterdir()):
            lines += map(json.loads, file.read_text().splitlines())
        assert [line["code"] for line in lines] == [568, 568, 27]


def test_what_the_bindings_could_not_read_is_read() -> None:
    """The control is the first: the words of the bindings hold no code."""
    said = b"Code: 395. DB::Exception: \xff (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)"
    fault = UnicodeDecodeError("utf-8", said, 26, 27, "invalid start byte")
    outer = RuntimeError(f"Streaming query failed: {fault}")
    assert from_engine(outer).code == 1002
    outer.__cause__ = fault
    for error in (outer, fault):
        assert (from_engine(error).code, from_engine(error).reason) == (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")
        assert from_engine(error).body("1").startswith(said)
