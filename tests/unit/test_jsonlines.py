"""Canonical JSON Lines become chunks: every line that is not blank is a record, accepted or dead, in order."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest.adapters import jsonlines
from opsledger.ingest.adapters.jsonlines import JsonLines
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.inputs import open_input
from tests.border_samples import border, raw, record


def chunks_of(tmp_path: Path, data: bytes) -> list[Chunk]:
    path = tmp_path / "x.jsonl"
    path.write_bytes(data)
    with open_input(path) as source:
        return list(JsonLines(border(decisions=False)).chunks(source))


def subjects(chunks: list[Chunk]) -> list[str]:
    return [s for c in chunks for s in c.events["call"]["subject"].to_pylist()]


def test_lines_become_events_in_order_and_the_payload_is_the_line(tmp_path: Path) -> None:
    lines = [raw(record(subject=f"s{i}")) for i in range(5)]
    (chunk,) = chunks_of(tmp_path, b"\r\n".join(lines))
    table = chunk.events["call"]
    assert (chunk.read, list(chunk.dead)) == (5, [])
    assert table["payload"].to_pylist() == lines
    assert table["record"].to_pylist() == [0, 1, 2, 3, 4]


def test_blank_lines_are_no_records_and_line_numbers_count_them(tmp_path: Path) -> None:
    data = b"\n".join([b"", raw(record()), b"   ", b"\t", b"nonsense", b"", raw(record("call.ended")), b"{}"])
    (chunk,) = chunks_of(tmp_path, data)
    assert chunk.read == 4
    assert [(d.line, d.record, d.reason) for d in chunk.dead] == [(5, 1, "not_json"), (8, 3, "unknown_type")]
    assert chunk.events["call"]["record"].to_pylist() == [0, 2]


def test_a_record_beyond_the_limit_is_dead_with_beginning_length_and_hash(tmp_path: Path) -> None:
    huge = b'{"x":"' + b"a" * 3_000_000 + b'"}'
    (chunk,) = chunks_of(tmp_path, raw(record()) + b"\n" + huge + b"\n" + raw(record()))
    (dead,) = chunk.dead
    assert chunk.read == 3
    assert (dead.reason, dead.line, dead.record, dead.length) == ("too_large", 2, 1, len(huge))
    assert (dead.raw, dead.sha256) == (huge[: 64 * 1024], hashlib.sha256(huge).hexdigest())
    assert chunk.events["call"]["record"].to_pylist() == [0, 2]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_size_of_chunks_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(jsonlines, "CHUNK_RECORDS", size)
    lines = [raw(record(subject=f"s{i}")) if i % 5 else b"bad" for i in range(23)]
    chunks = chunks_of(tmp_path, b"\n\n".join(lines))
    assert max(c.read for c in chunks) <= size
    assert sum(c.read for c in chunks) == 23
    assert [d.line for c in chunks for d in c.dead] == [1, 11, 21, 31, 41]
    assert [s for c in chunks if c.events for s in subjects([c])] == [f"s{i}" for i in range(23) if i % 5]


def test_chunks_are_cut_by_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "CHUNK_BYTES", 1 << 20)
    line = raw(record(x="y" * 200_000))
    assert [c.read for c in chunks_of(tmp_path, b"\n".join([line] * 20))][:2] != [20]


def test_a_cut_file_gives_its_chunks_first_and_no_half_record(tmp_path: Path) -> None:
    data = gzip.compress(b"\n".join(raw(record(subject=f"s{i}")) for i in range(20_000)))
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(data[: len(data) // 2])
    found: list[Chunk] = []
    with pytest.raises(UserError, match="cut short"):
        found.extend(JsonLines(border()).chunks(open_input(path)))
    assert not [d for c in found for d in c.dead]
    seen = subjects(found)
    assert len(seen) > 1000
    assert seen == [f"s{i}" for i in range(len(seen))]


def test_every_record_is_counted_once(tmp_path: Path) -> None:
    data = b"\n".join([raw(record()), b"x", raw(record("ticket.opened")), b"\xff\xfe", raw(record("penalty.waived"))])
    (chunk,) = chunks_of(tmp_path, data)
    alive = {r for table in chunk.events.values() for r in table["record"].to_pylist()}
    assert alive | {d.record for d in chunk.dead} == set(range(chunk.read))
    assert not alive & {d.record for d in chunk.dead}


def test_an_import_for_one_tenant_refuses_the_events_of_another(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = [raw(record(tenant="acme")), raw(record(tenant="other")), raw(record(tenant="acme"))]
    path.write_bytes(b"\n".join(lines))
    for tenant, refused in (("acme", [2]), ("", [])):
        with open_input(path) as source:
            (chunk,) = JsonLines(border(decisions=False), tenant).chunks(source)
        assert [d.line for d in chunk.dead] == refused
        assert chunk.events["call"].num_rows == 3 - len(refused)
    assert all(d.raw == lines[1] and d.reason == "other_tenant" for d in chunk.dead)
