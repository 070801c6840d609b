"""Native blocks for a client that says its protocol's version: it reads what JSON of the same question says, zones included."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_connect.driver.ctypes import RespBuffCls
from clickhouse_connect.driver.query import QueryContext
from clickhouse_connect.driver.transform import NativeTransform

from opsledger.infra.data_directory import ENGINE
from opsledger.infra.engine.address import prepare
from opsledger.infra.gateway.engine import Engine, Handle
from opsledger.infra.gateway.errors import ServerError, from_engine
from opsledger.infra.gateway.native import NEWEST, WITH_ZONES, retold, split, version_of
from opsledger.infra.gateway.native_columns import passed
from opsledger.infra.store import engine_address

NOT_IMPLEMENTED = 48
ZONED = "toDateTime('2026-01-05 00:00:00', 'Asia/Shanghai')"
NUMBERS = [f"CAST(number - 2, '{sign}Int{bits}')" for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)]
VALUES = (
    *NUMBERS,
    *("CAST(number / 3, 'Float32')", "number / 3", "toBFloat16(number)", "number % 2 = 1", "toIntervalDay(number)"),
    *(f"CAST(number - 2, 'Decimal({digits}, 3)')" for digits in (9, 18, 38, 76)),
    *("repeat('长\\0', number * 50)", "toFixedString(toString(number), 3)", "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')"),
    *("toIPv4('1.2.3.4')", "toIPv6('2001:db8::1')", "CAST('b, (c', 'Enum8(\\'a\\' = 1, \\'b, (c\\' = 2)')"),
    *("CAST('it\\'s', 'Enum16(\\'it\\\\\\'s\\' = 1)')", r"CAST('e\\', 'Enum8(\'e\\\\\' = 1, \'f\' = 2)')"),
    *("toDate('2026-01-05') + number", "toDate32('1930-01-05') + number", "toTime('12:00:00')", "toTime64('12:00:00.500', 3)"),
    *(ZONED, "toDateTime('2026-01-05 00:00:00')", "toDateTime('2026-01-05 00:00:00', 'UTC')"),
    *(f"toDateTime64('2026-01-05 00:00:00.123456', {scale}, 'Asia/Shanghai')" for scale in (0, 3, 6)),
    *("if(number % 2, number, NULL)", "if(number % 2, toString(number), NULL)", f"toNullable({ZONED})", "NULL"),
    *("toLowCardinality(toString(number % 3))", "toLowCardinality(if(number % 2, toString(number), NULL))"),
    *("toLowCardinality(toUInt16(number))", "toLowCardinality(toFixedString('ab', 3))", f"toLowCardinality({ZONED})"),
    *("range(number)", "[[number], [], [1, 2]]", "[]", "[NULL, number]", f"[{ZONED}]", "[toLowCardinality(toString(number))]"),
    *("CAST([], 'Array(LowCardinality(String))')", "CAST(range(number), 'Array(LowCardinality(Nullable(String)))')"),
    *("(number, 'a')", "tuple()", "(tuple(), [tuple()])", f"(1, {ZONED})", "toNullable((number, 'a'))"),
    *("CAST((number, 'a'), 'Tuple(a UInt8, `b c` String)')", r"CAST((1, 'x'), 'Tuple(`a\\`, (b` UInt8, c String)')"),
    "CAST((1, (2, 'x')), 'Tuple(a UInt8, b Tuple(c UInt8, d LowCardinality(String)))')",
    *("map('a', number)", "map('a', [toLowCardinality('x')])", "map('a', map('b', NULL))", "CAST(map(), 'Map(String, UInt8)')"),
    "CAST(map('a', number), 'Map(LowCardinality(String), Nullable(UInt8))')",
    *("CAST([(1, 'a')], 'Nested(a UInt8, b String)')", "[(number, [toNullable('x')])]", "materialize('const')", "'const'"),
    *("CAST((1, 2), 'Point')", "CAST([(1, 2)], 'Ring')", "CAST([(1, 2)], 'LineString')", "CAST([[(1, 2)]], 'Polygon')"),
    *("CAST([[(1, 2)]], 'MultiLineString')", "CAST([[[(1, 2)]]], 'MultiPolygon')"),
    *(
        "CAST(number, 'SimpleAggregateFunction(sum, UInt64)')",
        "CAST('a', 'SimpleAggregateFunction(any, LowCardinality(String))')",
    ),
)
UNTOLD = ("CAST(number, 'Variant(UInt64, String)')", "CAST(number, 'Dynamic')", """CAST('{"a": 1}', 'JSON')""")
"""Their blocks come as they are; beside a DateTime of a zone they are refused, for where they end is not known."""
STATE = "initializeAggregation('sumState', number)"
AS_TEXT = {
    "output_format_json_quote_64bit_integers": "1",
    "output_format_json_quote_decimals": "1",
    "output_format_json_quote_denormals": "1",
}


@pytest.fixture(scope="module")
def handle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    root = tmp_path_factory.mktemp("native")
    prepare(root / ENGINE)
    engine = Engine(engine_address(root), {"session_timezone": "UTC"})
    with engine.handle(AS_TEXT) as found:
        yield found
    engine.close()


def blocks(handle: Handle, text: str) -> list[bytes]:
    """The blocks as the engine writes them."""
    stream = handle.stream(text.encode(), "Native", {})
    assert stream is not None
    try:
        return [bytes(block) for block in stream]
    finally:
        stream.close()


def types(handle: Handle, text: str) -> list[str]:
    return handle.types(f"DESCRIBE ({text})".encode(), {})


def read(found: Iterable[bytes], *, head: bool = True) -> list[Sequence[Any]]:
    """The rows as clickhouse-connect reads them; ``head``: as it does where it has said its version."""
    context = QueryContext(query_tz="UTC")  # else a time without a zone is read as one of the process's own
    context.block_info = head
    source = SimpleNamespace(gen=iter(list(found)), close=lambda: None, exception_tag=None)
    return list(NativeTransform.parse_response(RespBuffCls(source), context).result_rows)


def asked(handle: Handle, text: str, version: int = NEWEST) -> list[Sequence[Any]]:
    """The rows of a question by way of blocks that are told anew."""
    return read(retold(iter(blocks(handle, text)), version, lambda: types(handle, text)))


def in_json(handle: Handle, text: str) -> list[Any]:
    """The rows of the same question by JSON."""
    return [json.loads(line) for line in handle.query(text.encode(), "JSONCompactEachRow", {})[0].tobytes().splitlines()]


def same(value: Any, told: Any) -> bool:
    """Whether a value is the one that JSON tells; a time is that of its zone's clocks."""
    if isinstance(value, dict):
        return [str(key) for key in value] == list(told) and all(map(same, value.values(), told.values()))
    if isinstance(value, list | tuple):
        return len(value) == len(told) and all(map(same, value, told))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) == datetime.fromisoformat(told)
    if isinstance(value, bytes):
        return value.decode() == told
    if value is None or isinstance(value, bool | str):
        return value is told or value == told
    if isinstance(value, float):
        return abs(value - float(told)) < 1e-6
    if isinstance(value, int | Decimal):
        return value == Decimal(told)
    if hasattr(value, "total_seconds"):
        clock = time.fromisoformat(told)
        return bool(value.total_seconds() == clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6)
    return bool(value == date.fromisoformat(told)) if isinstance(value, date) else str(value) == told


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_read_as_json_tells_it(handle: Handle, value: str) -> None:
    """Alone, and before a DateTime of a zone: there the reader of blocks has to know where it ends."""
    for text in (f"SELECT {value} FROM numbers(2, 5)", f"SELECT {value}, {ZONED} + number, number FROM numbers(2, 5)"):
        found, told = asked(handle, text), in_json(handle, text)
        assert len(found) == 5
        assert [(row, other) for row, other in zip(found, told, strict=True) if not same(row, other)] == []


def test_what_differs_is_seen(handle: Handle) -> None:
    """Blocks that were not told anew: without a head they cannot be read, without the zone times are another zone's."""
    text = f"SELECT {ZONED} AS at, number FROM numbers(3)"
    found = blocks(handle, text)
    told = in_json(handle, text)
    assert same(asked(handle, text), told)
    assert not same(read(found, head=False), told)
    assert not same(asked(handle, text, WITH_ZONES - 1), told)
    with pytest.raises(Exception, match=r".+"):
        assert same(read(found), told)
    right = ["1", {"b": "2"}]
    assert same([1, {"b": 2}], right)
    for wrong in ([], ["1"], ["2", right[1]], ["1", {"c": "2"}], ["1", {"b": "3"}], ["1", {}]):
        assert not same([1, {"b": 2}], wrong)


def test_a_version_of_none_leaves_the_answer_as_it_is(handle: Handle) -> None:
    """The gateway tells nothing anew then. An older version than that of the zones gets heads alone."""
    text = f"SELECT {ZONED}, 'DateTime' FROM numbers(3)"
    found = blocks(handle, text)
    assert version_of("") == version_of("0") == 0
    old = list(retold(iter(found), WITH_ZONES - 1, lambda: pytest.fail("no types are needed")))
    assert [block[8:] for block in old] == found
    new = list(retold(iter(found), WITH_ZONES, lambda: types(handle, text)))
    assert b"".join(new).count(b"DateTime('Asia/Shanghai')") == len(found)
    assert [len(block) for block in new] == [len(block) + 8 + len("('Asia/Shanghai')") for block in found]


def test_blocks_without_a_zone_are_not_taken_apart(handle: Handle) -> None:
    text = f"SELECT {', '.join(UNTOLD)}, 'DateTime', toDateTime(0) FROM numbers(4)"
    assert same(asked(handle, text), in_json(handle, text))


@pytest.mark.parametrize("value", [*UNTOLD, STATE])
def test_what_cannot_be_passed_is_refused_and_not_misread(handle: Handle, value: str) -> None:
    with pytest.raises(ServerError, match="DateTime of a zone beside") as refusal:
        asked(handle, f"SELECT {value}, {ZONED} FROM numbers(2)")
    assert refusal.value.code == NOT_IMPLEMENTED


def test_several_blocks_each_have_a_head_and_types_are_asked_for_once(handle: Handle) -> None:
    text = f"SELECT toLowCardinality(toString(number % 9)) AS a, {ZONED} + number AS at FROM numbers(9000)"
    found = blocks(handle, f"{text} SETTINGS max_block_size = 1000, max_threads = 1")
    assert len(found) > 3
    calls: list[int] = []

    def of_question() -> list[str]:
        calls.append(1)
        return types(handle, text)

    new = list(retold(iter(found), NEWEST, of_question))
    assert len(new) == len(found)
    assert len(calls) == 1
    assert same(sorted(read(new), key=lambda row: row[1]), in_json(handle, text))


def test_an_answer_without_rows_is_none(handle: Handle) -> None:
    for text in (f"SELECT {ZONED} WHERE 0", f"SELECT {ZONED} AS at, 1 AS n FROM numbers(0)"):
        assert asked(handle, text) == []
    assert list(retold(iter([b"", b""]), NEWEST, list)) == [b"", b""]


def test_sparse_columns_of_a_table_are_read(handle: Handle) -> None:
    columns = "n UInt64, few UInt32, at DateTime('Asia/Shanghai'), text String"
    handle.query(
        f"CREATE TABLE sparse ({columns}) ENGINE = MergeTree ORDER BY n "
        "SETTINGS ratio_of_defaults_for_sparse_serialization = 0.5, min_bytes_for_wide_part = 0".encode(),
        "Null",
        {},
    )
    rows = f"SELECT number, if(number % 97, 0, number), if(number % 89, toDateTime(0), {ZONED}), if(number % 83, '', 'x')"
    handle.query(f"INSERT INTO sparse {rows} FROM numbers(1000)".encode(), "Null", {})
    kinds = "SELECT DISTINCT serialization_kind FROM system.parts_columns WHERE table = 'sparse' AND column IN ('few', 'text')"
    assert handle.text(kinds) == "Sparse"
    text = "SELECT few, at, text, n FROM sparse ORDER BY n"
    assert same(asked(handle, text), in_json(handle, text))
    handle.query(b"DROP TABLE sparse", "Null", {})


def test_an_answer_that_came_whole_is_split_into_its_blocks(handle: Handle) -> None:
    text = f"SELECT [toString(number)], {ZONED} FROM numbers(50)"
    parts = [blocks(handle, f"{text} LIMIT {count}")[0] for count in (1, 20, 50)]
    assert list(split(b"".join(parts))) == parts
    assert list(split(b"")) == []
    answer = handle.query(b"DESCRIBE numbers(1)", "Native", {})[0].tobytes()
    assert b"".join(split(answer)) == answer


def test_where_a_column_ends_is_known_and_a_strange_type_is_refused() -> None:
    assert passed("Array(UInt8)", bytes((1, *[0] * 7, 3, *[0] * 7, 9, 9, 9)), 0, 2) == 19
    assert passed("Nonesuch", b"", 7, 0) == 7
    with pytest.raises(ServerError, match="beside 'Nonesuch'"):
        passed("Nonesuch", b"\0", 0, 1)


@pytest.mark.parametrize("version", [str(NEWEST + 1), "-1", "x", "1.0", "٣", "1" * 40])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(ServerError, match="client_protocol_version is a number up to 54405"):
        version_of(version)
    assert version_of("54405") == NEWEST


@pytest.mark.parametrize("kind", ["Exception", "NetException", "ParsingException", "ErrnoException", "HTTPException"])
def test_the_code_of_an_error_of_any_kind_is_kept(kind: str) -> None:
    said = f"Code: 519. DB::{kind}: Code: 7. DB::Exception: Attempt (NOT_A_LEADER) (version 26.9.2.1 (official build))"
    error = from_engine(RuntimeError(f"Failed: {said}\n"))
    assert (error.code, error.reason) == (519, "NOT_A_LEADER")
    assert error.text == said.removesuffix(" (version 26.9.2.1 (official build))")


@pytest.mark.parametrize(
    "said", ["Code: x. DB::Exception: a", "Code: 5. Exception: a", "Code: 5. DB::Net: a", "DB::Exception: a"]
)
def test_what_is_no_error_of_the_engine_has_the_code_of_none(said: str) -> None:
    error = from_engine(RuntimeError(said))
    assert (error.code, error.reason) == (1002, "UNKNOWN_EXCEPTION: RuntimeError")
    assert said in error.text
