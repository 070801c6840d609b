"""kill -9 at any point of an import: what was reported as stored is there, a second run completes it, nothing is twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.dead_letters import DeadLetterFilter
from opsledger.infra.store import Store, open_store
from tests.ledger_samples import NOW, calls, chunks, importer, line, spec
from tests.new_ledger import new_ledger

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
RECORDS = 4_000


def records(seed: int) -> list[bytes]:
    """Calls, faults, repeated and broken lines, in one order for a seed."""
    chance = random.Random(seed)
    fault = {"system": "ivr", "kind": "outage", "severity": "major"}
    lines = calls(RECORDS)
    lines += [line(f"f{n}", type_="fault.raised", data=fault) for n in range(RECORDS // 20)]
    lines += [b"broken %d" % n for n in range(RECORDS // 20)] + chance.sample(lines, RECORDS // 20)
    chance.shuffle(lines)
    return lines


@dataclass(frozen=True)
class Content:
    """What a reader finds in a ledger, and how many rows there are in all."""

    events: frozenset[tuple[str, bytes]]
    rows: int
    letters: frozenset[tuple[bytes, int]]


def content(store: Store) -> Content:
    query = "SELECT event_id, payload FROM merge(currentDatabase(), '^(call|fault)$')"
    rows = store.client.query(query, column_formats={"payload": "bytes"}).result_rows
    letters = store.dead_letters.list(DeadLetterFilter(limit=1_000_000))
    assert len({letter.id for letter in letters}) == len(letters)
    return Content(
        frozenset((str(id_), payload) for id_, payload in rows), len(rows), frozenset((s.raw, s.line) for s in letters)
    )


def opened(path: Path) -> Store:
    return open_store(path, clock=FixedClock(NOW))


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return records(1)


@pytest.fixture(scope="module")
def clean(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Content:
    with opened(tmp_path_factory.mktemp("clean") / "data") as store:
        importer(store).run(chunks(lines), spec())
        return content(store)


@pytest.fixture
def file(lines: list[bytes], tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def child(data: Path, file: Path, *options: str, kill_after_s: float | None = None) -> list[dict[str, Any]]:
    """Run an import in a child, killed after a while or by itself; what it said. The first finds an empty ledger."""
    if not data.exists():
        new_ledger(data, facts=False)
    command = [sys.executable, "-m", "tests.chaos.import_child", str(data), str(file), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    said = [process.stdout.readline()]  # "opened": from here on the time runs
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        process.kill()
    said += process.stdout.readlines()
    process.wait()
    return [json.loads(text) for text in said if text.endswith(b"\n")]


def check_reported_is_stored(data: Path, said: Sequence[dict[str, Any]], before: int) -> int:
    """Rows stored now; AssertionError if fewer than were there plus what was reported."""
    reported = max((part.get("stored", 0) for part in said), default=0)
    with opened(data) as store:
        rows = content(store).rows
    assert rows >= before + reported, f"{reported} events were reported as stored and {rows - before} are there"
    return rows


def complete(data: Path, lines: list[bytes]) -> Content:
    with opened(data) as store:
        result = importer(store).run(chunks(lines), spec())
        assert result.problem is None
        assert result.tally.read == len(lines)
        return content(store)


@pytest.mark.parametrize("seed", [11, 12])
def test_an_import_killed_again_and_again_is_completed_and_nothing_is_twice(
    seed: int, lines: list[bytes], file: Path, clean: Content, tmp_path: Path
) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    rows, data = 0, tmp_path / "data"
    for _ in range(5):
        said = child(data, file, kill_after_s=chance.uniform(0.0, 1.2))
        rows = check_reported_is_stored(data, said, rows)
    assert complete(data, lines) == clean


@pytest.mark.parametrize("point", ["before-dead:2", "after-dead:2", "before-append:1", "after-append:1", "after-append:4"])
def test_an_import_killed_between_its_stores_is_completed(
    point: str, lines: list[bytes], file: Path, clean: Content, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    said = child(data, file, f"kill={point}")
    assert "problem" not in said[-1], "the child came to its end and was not killed"
    check_reported_is_stored(data, said, 0)
    assert complete(data, lines) == clean


def test_the_comparison_sees_an_import_that_looks_nothing_up(file: Path, clean: Content, tmp_path: Path) -> None:
    """Negative control: without the dedup the second run adds everything a second time, and the test above would fail."""
    data = tmp_path / "data"
    child(data, file, "kill=after-append:4")
    child(data, file, "blind")
    with opened(data) as store:
        found = content(store)
    assert found.events == clean.events
    assert found.rows > clean.rows
    assert found != clean


def test_the_check_sees_an_import_that_reports_too_early(file: Path, tmp_path: Path) -> None:
    """Negative control: a report before the store would be caught."""
    said = child(tmp_path / "data", file, "boast", "kill=before-append:3")
    with pytest.raises(AssertionError, match="were reported as stored"):
        check_reported_is_stored(tmp_path / "data", said, 0)


def test_what_the_engine_stored_survives_a_kill_right_after_the_first_report(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    said = child(data, file, "kill=before-dead:4")
    assert max(part.get("stored", 0) for part in said) > 0
    assert check_reported_is_stored(data, said, 0) > 0
