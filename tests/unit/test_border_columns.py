"""The Arrow columns hold exactly what the events hold, to the microsecond, in the order of the input."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.domain.catalogue import TYPES, column_name, columns_of, fields_of
from opsledger.domain.fields import Kind
from opsledger.ingest.border import columns
from opsledger.ingest.border.bulk import Bulk
from opsledger.ingest.border.columns import schema_of, tables_of
from opsledger.ingest.border.convert import encode, type_of
from opsledger.ingest.border.judge import Refusal
from tests.border_samples import AN_ID, border, raw, record, spoilt

BORDER = border()
NO_ID = bytes(16)


def naive_row(wire: Any, payload: bytes, ordinal: int) -> dict[str, Any]:
    """The row of one event, value by value, without any cleverness."""
    type_ = type_of(wire)
    row: dict[str, Any] = {
        "tenant": wire.tenant,
        "subject": wire.subject,
        "occurred_at": wire.time.astimezone(UTC),
        "event_id": wire.id.bytes,
        "vendor": wire.vendor,
        "source": wire.source,
        "actor": wire.actor,
        "caused_by": wire.causedby.bytes if wire.causedby else NO_ID,
        "corrects": wire.corrects.bytes if wire.corrects else NO_ID,
        "corrects_source": wire.correctssource or wire.source,
        "type": type_,
        "version": TYPES[type_].VERSION,
        "payload": payload,
        "record": ordinal,
    }
    own = {s.name for s in fields_of(type_)}
    for spec in columns_of(type_.partition(".")[0]):
        value = getattr(wire.data, spec.name) if spec.name in own else None
        row[column_name(spec.name)] = naive_value(spec.rule.kind, value)
    return row


def naive_value(kind: Kind, value: Any) -> Any:
    if value is None:
        return {Kind.ID: NO_ID, Kind.IDS: [], Kind.INT: None, Kind.DECIMAL: None, Kind.TIME: None, Kind.BOOL: None}.get(
            kind, ""
        )
    if kind is Kind.TIME:
        return value.astimezone(UTC)
    if kind is Kind.IDS:
        return [u.bytes for u in value]
    return encode(value).decode() if kind in (Kind.ITEMS, Kind.DOCUMENT) else value


def naive_tables(events: list[Any], payloads: list[bytes], records: list[int]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for event, payload, ordinal in zip(events, payloads, records, strict=True):
        found.setdefault(type_of(event).partition(".")[0], []).append(naive_row(event, payload, ordinal))
    return found


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """A table's rows; where no row names the source of what it corrects, the ledger fills the column in."""
    rows: list[dict[str, Any]] = table.to_pylist()
    if not any(row["corrects_source"] for row in rows):
        rows = [row | {"corrects_source": row["source"]} for row in rows]
    return rows


def same_as_naive(payloads: list[bytes], records: list[int]) -> bool:
    events = [BORDER.take(p) for p in payloads]
    assert not [e for e in events if isinstance(e, Refusal)]
    wanted = naive_tables(events, payloads, records)
    plain, bulk = tables_of(events, payloads, records), Bulk(BORDER).take(payloads, records).tables
    return all(
        set(made) == set(wanted) and all(made[s].schema == schema_of(s) and _rows(made[s]) == wanted[s] for s in wanted)
        for made in (plain, bulk)
    )


moments = st.datetimes(datetime(1990, 1, 2), datetime(2026, 5, 31), timezones=st.timezones()).map(  # noqa: DTZ001  zones are drawn
    lambda t: t.isoformat(timespec="microseconds")
)
far_moments = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)).map(  # noqa: DTZ001  drawn as UTC
    lambda t: t.isoformat(timespec="microseconds") + "Z"
)


@st.composite
def some_payloads(draw: st.DrawFn) -> list[bytes]:
    payloads = []
    for type_ in draw(st.lists(st.sampled_from(sorted(TYPES)), max_size=12)):
        made = record(type_, full=draw(st.booleans()), time=draw(far_moments.filter(lambda t: "1991" < t < "2026")))
        for spec in fields_of(type_):
            if spec.rule.kind is Kind.TIME and spec.name in made["data"]:
                made["data"][spec.name] = draw(far_moments)
            if spec.rule.kind is Kind.INT and spec.name in made["data"]:
                made["data"][spec.name] = draw(st.integers(spec.rule.ge, spec.rule.le))
            if spec.rule.kind is Kind.NAME and spec.rule.max_bytes > 100 and spec.name in made["data"]:
                made["data"][spec.name] = draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=70))
        if draw(st.booleans()):
            made |= {"corrects": AN_ID, "correctssource": draw(st.sampled_from(["", "crm:a", "座席"]))}
        payloads.append(raw(made))
    return payloads


@settings(max_examples=150, deadline=None)
@given(some_payloads())
def test_columns_equal_the_naive_ones_row_by_row(payloads: list[bytes]) -> None:
    assert same_as_naive(payloads, list(range(len(payloads))))


@settings(max_examples=300, deadline=None)
@given(st.lists(far_moments, min_size=1, max_size=20))
def test_times_are_exact_to_the_microsecond_up_to_2200(texts: list[str]) -> None:
    values = [datetime.fromisoformat(t) for t in texts]
    wanted = [(v - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for v in values]
    assert columns.WIRE.micros(values).tolist() == wanted


def test_control_a_double_times_a_million_loses_microseconds() -> None:
    values = [datetime(2106, 3, 1, 0, 0, 0, micros, tzinfo=UTC) for micros in range(1000)]
    doubles = [round(v.timestamp() * 1e6) for v in values]
    assert doubles != columns.WIRE.micros(values).tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(moments, min_size=1, max_size=8))
def test_offsets_become_utc(texts: list[str]) -> None:
    payloads = [raw(record("call.ended", time=t)) for t in texts]
    payloads = [p for p in payloads if not isinstance(BORDER.take(p), Refusal)]  # offsets with seconds (old zones) are refused
    assert same_as_naive(payloads, list(range(len(payloads))))


def test_rows_keep_the_order_of_the_input_across_types() -> None:
    types = ["call.queued", "call.ended", "call.queued", "ticket.opened", "call.answered", "call.queued"]
    payloads = [raw(record(t, subject=f"s{i}")) for i, t in enumerate(types)]
    table = tables_of([BORDER.take(p) for p in payloads], payloads, [0, 0, 1, 1, 2, 2])["call"]  # type: ignore[misc]
    assert table["subject"].to_pylist() == ["s0", "s1", "s2", "s4", "s5"]
    assert table["record"].to_pylist() == [0, 0, 1, 2, 2]


def test_a_record_with_one_refused_event_gives_none() -> None:
    good, bad = raw(record()), raw(record(tenant=""))
    taken = Bulk(BORDER).take([good, good, bad, good], [0, 1, 1, 2])
    assert taken.tables["call"]["record"].to_pylist() == [0, 2]
    assert [(i, r.reason.value) for i, r in taken.refused] == [(2, "invalid")]


def test_what_only_the_judge_accepts_stands_in_its_place_among_the_rest() -> None:
    long_name = "好" * 80
    payloads = [raw(record(subject=s)) for s in ("a", long_name, "b")]
    assert Bulk(BORDER).take(payloads, range(3)).tables["call"]["subject"].to_pylist() == ["a", long_name, "b"]


def test_one_bad_time_or_id_among_many_is_found_and_the_others_stay() -> None:
    bad = [
        ("time", "2026-02-30T01:02:03Z"),
        ("id", AN_ID[:-1] + "g"),
        ("time", "2027-01-01T00:00:00Z"),
        ("time", "1989-01-01T00:00:00Z"),
    ]
    payloads = [raw(record(subject=f"s{i}")) for i in range(50)]
    for place, (name, value) in zip((3, 17, 30, 49), bad, strict=True):
        payloads[place] = raw(spoilt(record(), (name,), value))
    taken = Bulk(BORDER).take(payloads, range(50))
    assert [i for i, _ in taken.refused] == [3, 17, 30, 49]
    assert [r.reason.value for _, r in taken.refused] == ["invalid", "invalid", "out_of_time", "out_of_time"]
    assert taken.tables["call"]["record"].to_pylist() == [i for i in range(50) if i not in (3, 17, 30, 49)]


def test_a_whole_file_in_an_odd_but_right_form_is_taken() -> None:
    payloads = [
        raw(record(subject=f"s{i}", time=f"2026-01-05T01:02:03.{i:06d}{tail}"))
        for i, tail in enumerate(["4Z", "5Z", "51Z", "499+08:00", "4999Z", "z"] * 200)
    ]
    assert same_as_naive(payloads, list(range(1200)))


def test_an_odd_id_in_a_list_of_ids_is_found_in_bulk() -> None:
    payloads = [raw(record("penalty.assessed", subject=f"s{i}")) for i in range(20)]
    payloads[7] = raw(spoilt(record("penalty.assessed"), ("data", "evidence"), [AN_ID, AN_ID[:-1] + "g"]))
    payloads[9] = raw(spoilt(record("penalty.assessed"), ("data", "evidence"), [AN_ID, AN_ID.replace("-", "")]))
    taken = Bulk(BORDER).take(payloads, range(20))
    assert [i for i, _ in taken.refused] == [7]
    assert taken.tables["penalty"].num_rows == 19


def test_nothing_gives_no_tables() -> None:
    assert tables_of([], [], []) == {}
    assert Bulk(BORDER).take([], []).tables == {}


def test_decimals_are_kept_to_the_fourth_place() -> None:
    data = raw(record("call.surveyed")).replace(b'"12.50"', b"0.1234")
    assert BORDER.take(data).data.score == Decimal("0.1234")  # type: ignore[union-attr]
    assert Bulk(BORDER).take([data], [0]).tables["call"]["score"].to_pylist() == [Decimal("0.1234")]


@pytest.mark.parametrize("stream", sorted({t.partition(".")[0] for t in TYPES}))
def test_items_and_documents_are_json_texts(stream: str) -> None:
    payloads = [raw(record(t)) for t in TYPES if t.startswith(stream + ".")]
    table = Bulk(BORDER).take(payloads, range(len(payloads))).tables[stream]
    for spec in columns_of(stream):
        if spec.rule.kind in (Kind.ITEMS, Kind.DOCUMENT):
            assert all(json.loads(text) for text in table[column_name(spec.name)].to_pylist() if text)


def test_string_columns_hold_no_nulls() -> None:
    table = Bulk(BORDER).take([raw(record("call.connected", full=False)), raw(record())], range(2)).tables["call"]
    strings = [n for n, t in zip(table.schema.names, table.schema.types, strict=True) if pa.types.is_dictionary(t)]
    assert strings
    assert np.sum([table[name].null_count for name in strings]) == 0
