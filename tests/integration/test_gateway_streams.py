"""Rows sent are rows stored and rows read, by every codec, in any size, with many at once, with clients that go away."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import signal
import socket
import struct
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import lz4.frame
import pyarrow as pa
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import StreamFailureError

from opsledger.infra.gateway.codecs import packed, pieces
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.found import find
from tests.gateways import Running, running, start

ROWS = 120_000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "bz2": bz2.compress,
    "deflate": zlib.compress,
}
MANY_FRAMES = [name for name in PACKERS if name not in ("", "deflate")]


@pytest.fixture
def table(gateway: Running) -> str:
    gateway.ask("CREATE OR REPLACE TABLE sent (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    return "sent"


def lines(start: int = 0, count: int = ROWS) -> bytes:
    return b"".join(b"%d\tevent %d\n" % (n, n % 1000) for n in range(start, start + count))


def stored(gateway: Running) -> tuple[int, int]:
    told = gateway.ask("SELECT count(), sum(a) FROM sent").text.split()
    return int(told[0]), int(told[1])


WHOLE = (ROWS, sum(range(ROWS)))


@pytest.mark.parametrize("encoding", PACKERS)
def test_rows_sent_are_rows_stored_for_every_codec(gateway: Running, table: str, encoding: str) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    told = gateway.send(PACKERS[encoding](lines()), headers=headers, query=f"INSERT INTO {table} FORMAT TSV")
    assert told.status == 200, told.body
    assert f'"written_rows":"{ROWS}"' in told.headers["X-ClickHouse-Summary"]
    assert stored(gateway) == WHOLE


@pytest.mark.parametrize("encoding", MANY_FRAMES)
def test_a_body_of_several_frames_is_stored_whole(gateway: Running, table: str, encoding: str) -> None:
    frames = [PACKERS[encoding](lines(start, ROWS // 4)) for start in range(0, ROWS, ROWS // 4)]
    told = gateway.send(b"".join(frames), headers={"Content-Encoding": encoding}, query=f"INSERT INTO {table} FORMAT TSV")
    assert told.status == 200, told.body
    assert stored(gateway) == WHOLE


def test_who_unpacks_the_first_frame_alone_loses_rows() -> None:
    """What the test before would see of a decoder that stops early."""
    body = b"".join(lz4.frame.compress(lines(start, 10)) for start in (0, 10))
    assert lz4.frame.LZ4FrameDecompressor().decompress(body) == lines(0, 10)
    assert b"".join(pieces(io.BytesIO(body), "lz4")) == lines(0, 20)


@pytest.mark.parametrize("encoding", [name for name in PACKERS if name])
def test_a_body_that_is_cut_or_damaged_is_an_error(gateway: Running, table: str, encoding: str) -> None:
    body = PACKERS[encoding](lines(0, 1000))
    for wrong in (body[: len(body) // 2], body[:-1], body + b"and more", b"no such thing at all"):
        told = gateway.send(wrong, headers={"Content-Encoding": encoding}, query=f"INSERT INTO {table} FORMAT TSV")
        assert (told.status, told.code) == (500, 271), told.body
    assert stored(gateway)[0] == 0


def test_an_unknown_encoding_is_refused(gateway: Running, table: str) -> None:
    told = gateway.send(lines(0, 5), headers={"Content-Encoding": "br"}, query=f"INSERT INTO {table} FORMAT TSV")
    assert (told.status, told.code) == (501, 48)
    assert stored(gateway)[0] == 0


def test_a_body_that_unpacks_to_too_much_is_refused_before_it_has() -> None:
    given = pieces(io.BytesIO(gzip.compress(bytes(50_000_000))), "gzip", limit=5_000_000)
    taken: list[int] = []
    with pytest.raises(ServerError, match="larger than 5000000 bytes"):
        taken.extend(len(piece) for piece in given)
    assert sum(taken) <= 5_000_000
    assert max(taken) <= 1024 * 1024


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip", "deflate"])
def test_an_answer_is_packed_as_asked_and_whole(gateway: Running, encoding: str) -> None:
    asked = f"SELECT number, 'event' FROM numbers({ROWS})"
    told = gateway.ask(asked, headers={"Accept-Encoding": f"br, {encoding};q=0.5"}, enable_http_compression=1)
    assert told.headers["Content-Encoding"] == encoding
    assert b"".join(pieces(io.BytesIO(told.body), encoding)) == b"".join(b"%d\tevent\n" % n for n in range(ROWS))
    assert "Content-Encoding" not in gateway.ask(asked, headers={"Accept-Encoding": encoding}).headers


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip", "deflate"])
def test_what_is_packed_piece_by_piece_unpacks_to_the_same(encoding: str) -> None:
    chunks = [b"", b"a" * 3_000_000, bytes(range(256)) * 100, b"z"]
    assert b"".join(pieces(io.BytesIO(b"".join(packed(iter(chunks), encoding))), encoding)) == b"".join(chunks)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (b"INSERT INTO sent VALUES (1, 'a'), (2, 'FORMAT CSV')", 2),
        (b"insert into sent (b, a) format CSV\nx,1\ny,2\n", 2),
        (b"INSERT INTO sent FORMAT TSV 1\ta\n", 1),
        (b"INSERT INTO sent /* VALUES */ SETTINGS max_threads = 1 FORMAT JSONEachRow\n" + b'{"a":1,"b":"VALUES"}\n', 1),
        (b"INSERT INTO `sent` SELECT number, 'FORMAT CSV' FROM numbers(3)", 3),
        (b"-- first\nINSERT INTO TABLE sent (a) WITH 5 AS x SELECT x", 1),
    ],
)
def test_an_insert_is_understood_however_it_is_written(gateway: Running, table: str, statement: bytes, rows: int) -> None:
    told = gateway.send(statement)
    assert told.status == 200, told.body
    assert stored(gateway)[0] == rows


def test_a_row_that_cannot_be_read_is_an_error_and_no_row(gateway: Running, table: str) -> None:
    told = gateway.send(b"1\ta\nx\tb\n", query=f"INSERT INTO {table} FORMAT TSV")
    assert (told.status, told.code) == (400, 27)
    assert stored(gateway)[0] == 0


def test_an_insert_without_rows_stores_none(gateway: Running, table: str) -> None:
    assert gateway.send(b"", query=f"INSERT INTO {table} FORMAT Native").status == 200
    assert stored(gateway)[0] == 0


def test_an_insert_of_ours_lands_in_one_part(gateway: Running, table: str) -> None:
    rows = pa.table({"a": pa.array(range(400_000), pa.uint64()), "b": pa.array(["x"] * 400_000)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    whole = {"max_insert_block_size": 1_000_000, "min_insert_block_size_rows": 1_000_000, "min_insert_block_size_bytes": 0}
    gateway.client().raw_insert(table, ["a", "b"], pa.BufferReader(sink.getvalue()), settings=whole, fmt="ArrowStream")
    parts = "SELECT count(), sum(rows) FROM system.parts WHERE table = 'sent' AND active"
    assert gateway.ask(parts).body == b"1\t400000\n"


def test_what_breaks_in_mid_stream_is_seen_by_every_client(gateway: Running) -> None:
    broken = "SELECT throwIf(number = 3000000, 'so far') FROM numbers(4000000)"
    with pytest.raises(StreamFailureError, match="so far"), gateway.client().query_row_block_stream(broken) as blocks:
        for _ in blocks:
            pass
    with _socket(gateway, f"{broken} FORMAT TSV") as connection:
        answer = _read(connection)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"__exception__" in answer
    assert not answer.endswith(b"0\r\n\r\n"), "the end of a whole answer"


def test_a_whole_answer_has_its_end(gateway: Running) -> None:
    """The other half of the test before."""
    with _socket(gateway, "SELECT number FROM numbers(1000000) FORMAT TSV") as connection:
        answer = _read(connection)
    assert answer.endswith(b"0\r\n\r\n")


def test_an_error_before_the_end_of_an_answer_that_waits_for_it_is_an_error(gateway: Running) -> None:
    broken = "SELECT throwIf(number = 3000000) FROM numbers(4000000)"
    assert gateway.ask(broken, wait_end_of_query=1).code == 395


def test_clients_that_go_away_leave_nothing_behind(gateway: Running) -> None:
    for _ in range(20):
        with _socket(gateway, "SELECT number, number FROM numbers(100000000000) FORMAT TSV") as connection:
            assert connection.recv(100_000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until = time.monotonic() + 60
    while (running_ := gateway.ask("SELECT count() FROM system.processes").text) != "1\n" and time.monotonic() < until:
        time.sleep(0.2)
    assert running_ == "1\n"


def test_fifty_clients_at_once_get_their_own_answers(gateway: Running, table: str) -> None:
    def one(number: int) -> tuple[int, str, str, int]:
        mine = lines(number * 1000, 1000)
        kept = gateway.send(
            lz4.frame.compress(mine), headers={"Content-Encoding": "lz4"}, query=f"INSERT INTO {table} FORMAT TSV"
        )
        told = gateway.ask("SELECT getSetting('max_threads'), {mine:UInt32}", max_threads=number + 1, param_mine=number)
        long = gateway.ask(f"SELECT {number} FROM numbers(200000)")
        return kept.status, told.text, gateway.ask("SELECT getSetting('max_threads')").text, long.body.count(b"%d\n" % number)

    usual = gateway.ask("SELECT getSetting('max_threads')").text
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(one, range(50)))
    assert [status for status, *_ in found] == [200] * 50
    assert [told for _, told, *_ in found] == [f"{n + 1}\t{n}\n" for n in range(50)]
    assert {after for _, _, after, _ in found} == {usual}
    assert [count for *_, count in found] == [200_000] * 50
    assert stored(gateway) == (50_000, sum(range(50_000)))


def test_a_slow_reader_keeps_nobody_waiting(gateway: Running) -> None:
    with _socket(gateway, "SELECT number FROM numbers(100000000) FORMAT TSV") as connection:
        assert connection.recv(1000)
        assert gateway.ask("SELECT 1").body == b"1\n"


def test_what_was_stored_outlives_a_kill_and_the_next_gateway_starts(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    first.ask("CREATE TABLE sent (a UInt64, b String) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1")
    assert first.send(lines(), query="INSERT INTO sent FORMAT TSV").status == 200
    with _socket(first, "SELECT number FROM numbers(100000000000) FORMAT TSV") as connection:
        assert connection.recv(1000)
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    assert (tmp_path / "data" / "gateway.json").exists()
    assert find(tmp_path / "data") is None, "the note of a gateway that is dead"
    with running(tmp_path / "data") as second:
        assert stored(second) == WHOLE


def test_told_to_stop_it_answers_what_is_under_way(tmp_path: Path) -> None:
    gateway = start(tmp_path / "data")
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(gateway.ask, "SELECT sleep(2), 'done'", wait_end_of_query=1)
        until = time.monotonic() + 60
        while gateway.ask("SELECT count() FROM system.processes").text == "1\n" and time.monotonic() < until:
            time.sleep(0.05)
        assert gateway.stop() == 0
        assert under_way.result().body == b"0\tdone\n"
    assert not (tmp_path / "data" / "gateway.json").exists()


def _socket(gateway: Running, statement: str) -> socket.socket:
    place = urlsplit(gateway.found.url)
    connection = socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=60)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {gateway.found.password}\r\nX-ClickHouse-User: default\r\n"
    connection.sendall(f"{head}Connection: close\r\nContent-Length: {len(statement)}\r\n\r\n{statement}".encode())
    return connection


def _read(connection: socket.socket) -> bytes:
    found = bytearray()
    while some := connection.recv(1 << 20):
        found += some
    return bytes(found)
