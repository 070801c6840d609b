"""Worker processes change nothing but the time: same chunks, same order, also when one of them dies or the input breaks."""

from __future__ import annotations

import gzip
import os
import signal
from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest import workers
from opsledger.ingest.adapters import table as adapter
from opsledger.ingest.adapters import table_rows
from opsledger.ingest.adapters.table import Table
from opsledger.ingest.chunk import Chunk
from opsledger.ingest.inputs import open_input
from opsledger.ingest.mapping.plan import parse_mapping
from tests.tables import CALLS, border

ROWS = 3_000


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "WARM_BATCHES", 1)
    monkeypatch.setattr(table_rows, "BATCH_ROWS", 200)
    original = table_rows.TextRows.__init__
    monkeypatch.setattr(table_rows.TextRows, "__init__", lambda self, s, layout: original(self, s, layout, 200))


def table_file(folder: Path) -> Path:
    """Good rows, and now and then one that is dead for each kind of reason."""
    path = folder / "t.csv"
    odd = {
        7: "x,2026-01-05 09:12:58\n",
        8: "8,never,1\n",
        9: f"9,2026-01-05 09:12:58,{'y' * 300}\n",
        10: '10,2026-01-05 09:12:58,"a\nb"\n',
    }
    rows = [odd.get(i % 500, f"{i},2026-01-05 09:12:5{i % 10},热线{i % 7}\n") for i in range(ROWS)]
    path.write_text("id,at,line\n" + "".join(rows), encoding="utf-8")
    return path


def chunks_of(path: Path, workers: int) -> list[Chunk]:
    with open_input(path) as source:
        return list(Table(parse_mapping(CALLS), border(), workers=workers).chunks(source))


def content(chunks: list[Chunk]) -> list[object]:
    return [(c.read, {s: t.to_pylist() for s, t in c.events.items()}, list(c.dead)) for c in chunks]


def test_workers_give_the_same_chunks_in_the_same_order(tmp_path: Path) -> None:
    path = table_file(tmp_path)
    here, there = chunks_of(path, 0), chunks_of(path, 2)
    assert content(there) == content(here)
    assert sum(c.read for c in there) == ROWS
    assert {d.reason for c in there for d in c.dead} == {"malformed", "invalid"}
    assert [c.origin(3) for c in there if c.origin] == [c.origin(3) for c in here if c.origin]


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table_file(tmp_path)
    killed: list[int] = []
    answer = workers.WorkerPool._answer

    def kill_once(self: workers.WorkerPool, task: object) -> bytes:
        if self._processes and not killed:
            killed.append(self._processes[0].pid)
            os.kill(killed[0], signal.SIGKILL)
        return answer(self, task)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(workers.WorkerPool, "_answer", kill_once)
    there = chunks_of(path, 2)
    assert killed
    assert content(there) == content(chunks_of(path, 0))


def test_workers_end_with_the_import_also_when_it_is_left_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    start = workers.WorkerPool._started

    def noted(self: workers.WorkerPool) -> object:
        process = start(self)
        started.append(process.pid)
        return process

    monkeypatch.setattr(workers.WorkerPool, "_started", noted)
    with open_input(table_file(tmp_path)) as source:
        chunks = Table(parse_mapping(CALLS), border(), workers=2).chunks(source)
        for _ in range(4):
            next(chunks)
        chunks.close()  # type: ignore[attr-defined]  # a generator
    assert started
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_stood_before_a_break_comes_before_the_error(tmp_path: Path) -> None:
    path = table_file(tmp_path)
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1)[:-100])
    found: list[int] = []

    def read_all() -> None:
        with open_input(packed) as source:
            found.extend(chunk.read for chunk in Table(parse_mapping(CALLS), border(), workers=2).chunks(source))

    with pytest.raises(UserError, match="cut short"):
        read_all()
    assert sum(found) > 1_000


def test_rows_without_a_key_are_counted_in_one_place(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,at,line\n" + "1,2026-01-05 09:12:58,a\n" * 1_000, encoding="utf-8")
    with open_input(path) as source:
        chunks = list(Table(parse_mapping(CALLS.replace("key: id", "key: row")), border(), workers=2).chunks(source))
    ids = [event_id for chunk in chunks for event_id in chunk.events["call"]["event_id"].to_pylist()]
    assert len(set(ids)) == 1_000
