"""The gateway speaks ClickHouse's HTTP interface: statements, values, settings, formats, errors, sessions, logins."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData
from pyarrow import parquet

from tests.gateways import Running


def test_who_is_well_needs_no_password(gateway: Running) -> None:
    for path in ("/ping", "/", "/replicas_status"):
        told = gateway.send(b"", method="GET", path=path, headers={"X-ClickHouse-Key": "no"})
        assert (told.status, told.body) == (200, b"Ok.\n")


def test_a_path_that_is_none_is_answered_as_a_server_does(gateway: Running) -> None:
    told = gateway.send(b"", method="GET", path="/nowhere")
    assert told.status == 404
    assert told.text.startswith("There is no handle /nowhere")


@pytest.mark.parametrize("given", [{"query": "SELECT 1 + 1"}, {}])
def test_a_statement_comes_in_the_address_or_as_the_body(gateway: Running, given: dict[str, Any]) -> None:
    assert gateway.ask(b"" if given else b"SELECT 1 + 1", **given).body == b"2\n"


def test_a_statement_in_the_address_goes_on_in_the_body(gateway: Running) -> None:
    assert gateway.ask(b"+ 1", query="SELECT 1").body == b"2\n"


def test_a_get_reads_and_does_not_write(gateway: Running) -> None:
    assert gateway.ask(method="GET", query="SELECT 5").body == b"5\n"
    for more in ({}, {"session_id": "by_get"}):
        told = gateway.ask(method="GET", query="CREATE TABLE by_get (a UInt8) ENGINE = Memory", **more)
        assert told.code == 164
        assert gateway.ask(method="GET", query="SELEC 1", **more).code == 62
    assert gateway.ask("EXISTS TABLE by_get").body == b"0\n"


def test_values_are_bound_by_the_engine(gateway: Running) -> None:
    nasty = "'; DROP TABLE x; -- \\ \t 电话"
    client = gateway.client()
    found = client.query(
        "SELECT {text:String}, {many:Array(String)}, {none:Nullable(String)}, {at:DateTime64(6, 'UTC')}",
        parameters={"text": nasty, "many": [nasty, ""], "none": None, "at": "2026-01-05 00:00:00.123456"},
    ).result_rows[0]
    assert found[:3] == (nasty, [nasty, ""], None)
    assert f"{found[3]:%f}" == "123456"


def test_very_many_values_come_as_a_form(gateway: Running) -> None:
    ids = ["61f0c404-5cb3-11e7-907b-a6006ad3dba0"] * 20_000
    assert gateway.client().query("SELECT length({ids:Array(UUID)})", parameters={"ids": ids}).first_row == (20_000,)


def test_a_table_that_comes_along_is_there_for_this_request_alone(gateway: Running) -> None:
    along = ExternalData(file_name="along", data=b"1,a\r\n2,b\n", fmt="CSV", structure=["x UInt8", "y String"])
    client = gateway.client()
    assert client.query("SELECT sum(x), max(y) FROM along", external_data=along).first_row == (3, "b")
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM along")


def test_the_format_is_the_statements_then_the_requests(gateway: Running) -> None:
    plain = gateway.ask("SELECT 1 AS a")
    assert (plain.body, plain.headers["X-ClickHouse-Format"]) == (b"1\n", "TabSeparated")
    assert gateway.ask("SELECT 1 AS a", default_format="JSONEachRow").body == b'{"a":1}\n'
    assert gateway.ask("SELECT 1 AS a", headers={"X-ClickHouse-Format": "CSV"}).headers["X-ClickHouse-Format"] == "CSV"
    told = gateway.ask("SELECT 'FORMAT CSV' AS a FORMAT JSONCompact SETTINGS max_threads = 1", default_format="CSV")
    assert told.headers["X-ClickHouse-Format"] == "JSONCompact"
    assert json.loads(told.body)["data"] == [["FORMAT CSV"]]


def _rows(format_: str, body: bytes) -> int:
    if format_ == "JSON":
        return len(json.loads(body)["data"])
    if format_ == "ArrowStream":
        return int(pa.ipc.open_stream(body).read_all().num_rows)
    if format_ == "Parquet":
        return int(parquet.read_table(pa.BufferReader(body)).num_rows)
    return body.count(b"\n") - (2 if format_.endswith("Types") else 1)


@pytest.mark.parametrize("format_", ["JSON", "TabSeparatedWithNamesAndTypes", "CSVWithNames", "ArrowStream", "Parquet"])
def test_a_format_with_a_head_has_one_however_long_it_is(gateway: Running, format_: str) -> None:
    for count in (1, 200_000):
        told = gateway.ask(f"SELECT number FROM numbers({count})", default_format=format_)
        assert _rows(format_, told.body) == count


def test_the_answer_says_what_it_is(gateway: Running) -> None:
    told = gateway.ask("SELECT number FROM numbers(10)", query_id="mine-1", wait_end_of_query=1)
    summary = json.loads(told.headers["X-ClickHouse-Summary"])
    assert told.headers["X-ClickHouse-Query-Id"] == "mine-1"
    assert told.headers["X-ClickHouse-Timezone"] == "UTC"
    assert (summary["read_rows"], summary["result_rows"]) == ("10", "10")
    zoned = gateway.ask("SELECT timezone()", session_timezone="Asia/Shanghai")
    assert (zoned.text, zoned.headers["X-ClickHouse-Timezone"]) == ("Asia/Shanghai\n", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("SELECT * FROM nowhere", 404, 60),
        ("SELEC 1", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT {missing:String}", 404, 456),
        ("SELECT 1 FORMAT Nothing", 404, 73),
        ("SELECT 1 INTO OUTFILE '/tmp/of_a_gateway.csv'", 403, 497),
        ("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", 403, 497),
    ],
)
def test_an_error_has_the_servers_status_code_and_words(gateway: Running, statement: str, status: int, code: int) -> None:
    told = gateway.ask(statement)
    assert (told.status, told.code) == (status, code)
    assert told.text.startswith(f"Code: {code}. DB::Exception: ")
    assert " (version " in told.text


@pytest.mark.parametrize(
    "body", [b"", b"  \n", b"-- only a remark", b"\x00\x01\xff\xfe", b"\xff\xfe\x00SELECT 1", b"SELECT 1\x00 2"]
)
def test_what_is_no_statement_is_not_said_to_be_done(gateway: Running, body: bytes) -> None:
    told = gateway.send(body, database="default")
    assert (told.status, told.code) == (400, 62), told.body


def test_bytes_that_are_no_text_may_stand_in_a_literal(gateway: Running) -> None:
    assert gateway.send(b"SELECT hex('\xff\x00')").body == b"FF00\n"


def test_an_unknown_setting_is_refused(gateway: Running) -> None:
    told = gateway.ask("SELECT 1", no_such_setting="1")
    assert (told.status, told.code) == (404, 115)
    assert gateway.send(b"SELECT 1", path="/?max_threads%3D1,readonly=1").code == 115


def test_a_setting_is_gone_with_its_request(gateway: Running) -> None:
    asked = "SELECT getSetting('max_threads'), getSetting('max_block_size'), currentDatabase()"
    before = gateway.ask(asked).body
    assert gateway.ask(asked, max_threads=7, max_block_size=11, database="system").body == b"7\t11\tsystem\n"
    assert gateway.ask("SET max_threads = 9").status == 200
    assert gateway.ask("SELECT throwIf(1)", max_threads=5).status == 500
    assert all(gateway.ask(asked).body == before for _ in range(5))


def test_a_session_keeps_what_is_set_in_it_and_not_what_a_request_brought(gateway: Running) -> None:
    """The other half of the test before: that a setting which does stay is seen."""
    asked = "SELECT getSetting('max_threads'), currentDatabase()"
    gateway.ask("SET max_threads = 3", session_id="s1")
    gateway.ask("USE system", session_id="s1")
    gateway.ask("CREATE TEMPORARY TABLE kept AS SELECT 8 AS x", session_id="s1")
    assert gateway.ask(asked, session_id="s1").body == b"3\tsystem\n"
    assert gateway.ask(asked, session_id="s1", max_threads=6, database="default").body == b"6\tdefault\n"
    assert gateway.ask(asked, session_id="s1").body == b"3\tsystem\n"
    assert gateway.ask("SELECT x FROM kept", session_id="s1").body == b"8\n"
    assert gateway.ask("SELECT x FROM kept", session_id="s2").code == 60


def test_a_session_is_free_as_soon_as_its_answer_is_there(gateway: Running) -> None:
    assert {gateway.ask("SELECT 1", session_id="again", max_threads=n % 3 + 1).body for n in range(300)} == {b"1\n"}


def test_a_session_that_must_be_there_and_is_not_is_an_error(gateway: Running) -> None:
    assert gateway.ask("SELECT 1", session_id="unheard", session_check=1).code == 372


@pytest.mark.parametrize(
    ("headers", "more", "status", "code"),
    [
        ({"X-ClickHouse-Key": "wrong"}, {}, 403, 516),
        ({"X-ClickHouse-User": "root"}, {}, 403, 516),
        ({"X-ClickHouse-Key": ""}, {}, 401, 194),
        ({"X-ClickHouse-User": "", "X-ClickHouse-Key": "", "Authorization": "Basic !!"}, {}, 403, 516),
        ({"X-ClickHouse-User": "", "X-ClickHouse-Key": ""}, {"user": "default", "password": "guess"}, 403, 516),
    ],
)
def test_who_has_not_the_password_learns_nothing(
    gateway: Running, headers: dict[str, str], more: dict[str, Any], status: int, code: int
) -> None:
    told = gateway.ask("SELECT 1", headers=headers, **more)
    assert (told.status, told.code) == (status, code)
    assert gateway.found.password not in told.text


def test_the_password_may_come_by_each_way_that_a_server_knows(gateway: Running) -> None:
    nobody = {"X-ClickHouse-User": "", "X-ClickHouse-Key": ""}
    basic = base64.b64encode(f"default:{gateway.found.password}".encode()).decode()
    assert gateway.ask("SELECT 1", headers={**nobody, "Authorization": f"Basic {basic}"}).status == 200
    assert gateway.ask("SELECT 1", headers=nobody, user="default", password=gateway.found.password).status == 200


def test_a_statement_that_gives_no_rows_is_told_from_one_that_gives_nothing(gateway: Running) -> None:
    assert "X-ClickHouse-Format" in gateway.ask("SELECT 1 WHERE 0").headers
    assert "X-ClickHouse-Format" not in gateway.ask("CREATE TABLE IF NOT EXISTS made (a UInt8) ENGINE = Memory").headers


def test_what_is_larger_than_it_may_be_is_refused(gateway: Running) -> None:
    told = gateway.ask("SELECT " + "1, " * 6_000_000 + "1")
    assert (told.status, told.code) == (413, 229)
    assert gateway.send(b"SELECT 1", path="/?" + "&".join(f"param_{n}=1" for n in range(6_000))).code == 568
    assert gateway.ask("SELECT 1").status == 200


def test_native_block_compression_is_refused_and_not_misread(gateway: Running) -> None:
    assert gateway.ask("SELECT 1", compress=1).status == 501
    assert gateway.ask("SELECT 1", decompress=1).status == 501
