"""An input that breaks off, or Ctrl-C: what was read before is stored and told, the journal says how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.store import Store, open_store
from opsledger.ingest.chunk import Chunk
from tests.ledger_samples import NOW, calls, chunks, importer, spec
from tests.new_ledger import new_ledger

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(new_ledger(tmp_path / "data"), clock=FixedClock(NOW)) as opened:
        yield opened


def breaking(error: BaseException) -> Iterator[Chunk]:
    yield from chunks(calls(300), 100)
    raise error


def test_what_was_read_before_the_input_broke_off_is_stored(store: Store) -> None:
    result = importer(store).run(breaking(UserError("calls.gz: line 301: the gzip data ends too early")), spec())
    assert (result.tally.accepted, str(result.problem)) == (300, "calls.gz: line 301: the gzip data ends too early")
    assert store.ledger.event_count() == 300
    (record,) = store.imports.runs()
    assert (record.state, record.problem, record.accepted) == ("broken", str(result.problem), 300)
    again = importer(store).run(chunks(calls(400)), spec())
    assert (again.tally.accepted, again.tally.duplicate) == (100, 300)


def test_what_was_read_before_ctrl_c_is_stored(store: Store) -> None:
    result = importer(store).run(breaking(KeyboardInterrupt()), spec())
    assert (result.tally.accepted, result.interrupted, result.problem) == (300, True, None)
    assert store.imports.runs()[0].state == "interrupted"


def test_a_fault_of_the_program_is_not_hidden_and_loses_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        importer(store).run(breaking(ZeroDivisionError()), spec())
    assert store.ledger.event_count() == 300


def test_ctrl_c_in_a_real_process_ends_it_with_its_counts(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join(calls(40_000)))
    command = [sys.executable, "-m", "tests.chaos.import_child", str(tmp_path / "data"), str(file)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    said = [json.loads(process.stdout.readline())]
    while not said[-1].get("stored"):
        said.append(json.loads(process.stdout.readline()))
    process.send_signal(signal.SIGINT)
    said += [json.loads(text) for text in process.stdout.readlines()]
    process.wait()
    assert said[-1]["interrupted"] is True
    assert 0 < said[-1]["stored"] < 40_000
    with open_store(tmp_path / "data", clock=FixedClock(NOW)) as store:
        assert store.ledger.event_count() == said[-1]["stored"]
