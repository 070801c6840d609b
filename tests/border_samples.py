"""Valid records of every type, and ways to spoil them: the material of the border's tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.clock import FixedClock
from opsledger.domain.fields import FieldSpec, Kind, specs_of
from opsledger.ingest.border.judge import Border

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
AN_ID = "12345678-1234-5678-9234-567812345678"


def border(*, decisions: bool = True) -> Border:
    return Border(FixedClock(NOW), decisions=decisions)


def record(type_: str = "call.queued", *, full: bool = True, **attributes: Any) -> dict[str, Any]:
    """A valid record of a type; ``full`` gives the optional fields too."""
    data = {s.name: value_of(s) for s in fields_of(type_) if full or not s.optional}
    envelope = {
        "type": type_,
        "specversion": "1.0",
        "id": AN_ID,
        "source": "sim:desk",
        "subject": "c5",
        "time": "2026-01-05T01:02:03.123456Z",
        "tenant": "t1",
        "data": data,
    }
    return {**envelope, **({"vendor": "v1", "actor": "a1", "causedby": AN_ID} if full else {}), **attributes}


def value_of(spec: FieldSpec) -> Any:
    simple = {
        Kind.NAME: "宽带",
        Kind.TEXT: "some text",
        Kind.INT: 3,
        Kind.DECIMAL: "12.50",
        Kind.TIME: "2026-01-05T09:02:03.5+08:00",
        Kind.BOOL: True,
        Kind.ID: AN_ID,
        Kind.IDS: [AN_ID],
        Kind.DOCUMENT: {"a": [1, 2.5, {"b": None}]},
    }
    if spec.rule.kind is Kind.CHOICE:
        return spec.choices[0]
    if spec.rule.kind is Kind.ITEMS:
        return [{s.name: value_of(s) for s in specs_of(spec.item or int)}]
    if spec.rule.max_bytes < 8 and spec.rule.kind is Kind.NAME:
        return "CNY" if spec.rule.max_bytes == 3 else "2026-01"
    return simple[spec.rule.kind]


def raw(record_: dict[str, Any], *, ascii_only: bool = False) -> bytes:
    return json.dumps(record_, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


TIMES = [
    "2026-01-05T01:02:03Z",
    "2026-01-05T01:02:03z",
    "2026-01-05t01:02:03Z",
    "2026-01-05 01:02:03Z",
    "2026-01-05T01:02:03.1Z",
    "2026-01-05T01:02:03.12345649Z",
    "2026-01-05T01:02:03.1234565Z",
    "2026-01-05T01:02:03.999999999Z",
    "2026-01-05T01:02:03.123456499+08:00",
    "2026-01-05T01:02:03.123456500-08:00",
    "2026-01-05T01:02:03.1234564999Z",
    "2199-12-31T23:59:59.9999999Z",
    "1900-01-01T00:00:00.000000001Z",
    "2300-01-01T00:00:00.0000001Z",
    "2026-01-05T01:02:03.123456789012Z",
    "2026-01-05T01:02:03+23:59",
    "2026-01-05T01:02:03-23:59",
    "2026-01-05T01:02:03.000001+0800",
    "2026-01-05T01:02:03-00:00",
    "2026-01-05T01:02:03+24:00",
    "2026-01-05T01:02:03+08",
    "2026-01-05T01:02+08:00",
    "2026-01-05T01:02:03+08:60",
    "2026-01-05T01:02:03",
    "2026-01-05T01:02:60Z",
    "2016-12-31T23:59:60Z",
    "2026-01-05T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "1989-12-31T23:59:59.999999Z",
    "1990-01-01T00:00:00Z",
    "1990-01-01T00:00:00+08:00",
    "2026-06-01T12:05:00Z",
    "2026-06-01T12:05:00.000001Z",
    "2026-06-01T20:05:00+08:00",
    "1899-12-31T23:59:59Z",
    "2199-12-31T23:59:59.999999Z",
    "2200-01-01T00:00:00Z",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59-05:00",
    "0000-01-01T00:00:00Z",
    "٢٠٢٦-01-05T01:02:03Z",
    " 2026-01-05T01:02:03Z",
    "2026-01-05T01:02:03Z\n",
    "2026-01-05T01:02:03,5Z",
    "2026-01-05",
    "1767575000",
]
TEXTS = [
    "",
    " ",
    " q1 ",
    "a" * 64,
    "a" * 65,
    "a" * 256,
    "a" * 257,
    "好" * 21,
    "好" * 85,
    "好" * 86,
    "😀" * 64,
    "😀" * 65,
    "a" * 8192,
    "a" * 8193,
    "好" * 2730,
    "好" * 2731,
    "\x00",
    "a\x00b",
    "\u2028",
    "\ud800",
    "\udfff x",
    "A",
    AN_ID,
    AN_ID.upper().replace("1", "A"),
    AN_ID.replace("-", ""),
    "{" + AN_ID + "}",
    AN_ID[:-1] + " ",
    "1234567-81234-5678-9234-567812345678",
    AN_ID[:-1] + "g",
    AN_ID[:-1] + "é",
    "2026-01",
    "CNY",
    "1.0",
    "true",
    "consult",
    "inbound",
]
NUMBERS = [
    0,
    -0.0,
    3,
    3.0,
    3.5,
    -1,
    1e2,
    1e400,
    True,
    False,
    10**12,
    10**12 + 1,
    -(10**12) - 1,
    10**30,
    2**63,
    2**64,
    0.1,
    0.12345,
    0.12340,
    1e-7,
    "12.5000",
    "12.50000",
    "12.50001",
    "1E+3",
    "1E-400",
    "1e99999999999999999999",
    "NaN",
    "sNaN",
    "Infinity",
    "-0",
    " 12 ",
    "1_000",
    "１２",
    "0x10",
    "999999999999.9999",
    "1000000000000.0001",
]
SHAPES: list[Any] = [
    None,
    [],
    {},
    [1],
    {"a": 1},
    [None],
    [AN_ID, 5],
    [{}],
    [[]],
    [{"item": "x", "deduction": "1", "times": 1, "x": 1}],
]
NASTY: list[Any] = [*TIMES, *TEXTS, *NUMBERS, *SHAPES]


def paths(record_: dict[str, Any]) -> list[tuple[str, ...]]:
    """Every attribute and every data field of a record, and one place of each for something unknown."""
    inner = record_["data"] if isinstance(record_["data"], dict) else {}
    return [
        *((name,) for name in record_),
        ("corrects",),
        ("correctssource",),
        ("dataschema",),
        ("x",),
        *(("data", n) for n in inner),
        ("data", "x"),
    ]


def spoilt(record_: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(record_))
    target = copy["data"] if len(path) == 2 else copy
    target[path[-1]] = value
    return copy


@st.composite
def spoilt_records(draw: st.DrawFn) -> bytes:
    """The bytes of a record in which a value was replaced, left out or added, and now and then some bytes changed."""
    base = record(draw(st.sampled_from(sorted(TYPES))), full=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(paths(base)))
        if len(path) == 2 and not isinstance(base["data"], dict):
            continue
        base = spoilt(base, path, draw(st.one_of(st.sampled_from(NASTY), any_json())))
    if draw(st.integers(0, 5)) == 0:
        base.pop(draw(st.sampled_from(sorted(base))))
    data = raw(base, ascii_only=draw(st.booleans()))
    return draw(mangled(data)) if draw(st.integers(0, 3)) == 0 else data


def any_json() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    )


@st.composite
def mangled(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    end = min(len(data), at + draw(st.integers(0, 3)))
    return data[:at] + draw(st.binary(max_size=3)) + data[end:]
