"""A full disk, a read-only disk, no permission: a clear message, exit code 4, and what was stored before stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.store import open_store
from opsledger.projections.ledger.engine_errors import told_to_user
from tests.chaos.confined import own_mounts, run
from tests.ledger_samples import NOW, calls, chunks, importer, line, spec

pytestmark = pytest.mark.chaos

IMPORT = '"$PYTHON" -m tests.chaos.import_child "$1" "$2"'
ON_A_SMALL_DISK = f"""
mount -t tmpfs -o size=24m tmpfs /mnt
status=0; {IMPORT.replace('"$1"', "/mnt/data")} || status=$?
cp -a /mnt/data "$1"
exit $status
"""
WITH_SMALL_FILES = f"ulimit -f 4000; {IMPORT}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """More than 24 MB of records that do not compress."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(line(f"c{n}", note=os.urandom(1_500).hex()) for n in range(16_000)))
    return path


def test_a_full_disk_is_told_and_what_was_stored_stays_and_is_completed(file: Path, tmp_path: Path) -> None:
    words, data = own_mounts(), tmp_path / "data"
    _, said, errors = run(words, ON_A_SMALL_DISK if words else WITH_SMALL_FILES, str(data), str(file))
    end = said[-1]
    assert "Traceback" not in errors
    assert ("disk is full" if words else "limit") in end["problem"], said[-3:]
    assert 0 < end["stored"] < 16_000
    lines = file.read_bytes().splitlines()
    with open_store(data, clock=FixedClock(NOW)) as store:
        assert store.client.command("SELECT count() FROM call") >= end["stored"]
        result = importer(store).run(chunks(lines), spec())
        assert result.tally.accepted + result.tally.duplicate == result.tally.read == 16_000
        assert store.client.command("SELECT count() = uniqExact(event_id) AND count() = 16000 FROM call") == 1


def test_a_full_disk_before_the_first_event_is_told(file: Path, tmp_path: Path) -> None:
    words = own_mounts()
    full = f"mount -t tmpfs -o size=128k tmpfs /mnt; {IMPORT.replace(chr(34) + '$1' + chr(34), '/mnt/data')}"
    code, said, errors = run(words, full if words else f"ulimit -f 8; {IMPORT}", str(tmp_path / "data"), str(file))
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    assert said[-1]["problem"]


def test_a_read_only_disk_is_told(file: Path, tmp_path: Path) -> None:
    """Where no file system of our own can be had, the directory belongs to somebody else instead."""
    data = tmp_path / "data"
    with open_store(data, clock=FixedClock(NOW)) as store:
        importer(store).run(chunks(calls(10)), spec())
    words = own_mounts()
    bind = f'mount --bind "$1" /mnt; mount -o remount,ro,bind /mnt; {IMPORT.replace(chr(34) + "$1" + chr(34), "/mnt")}'
    if not words:
        data.chmod(0o500)
    code, said, errors = run(words, bind if words else IMPORT, str(data), str(file))
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    assert ("read-only" if words else "permission denied") in said[-1]["problem"]


def test_a_directory_of_somebody_else_is_told(file: Path, tmp_path: Path) -> None:
    """Rights do not bind root: as root the child becomes nobody, else it meets a directory without rights."""
    data = tmp_path / "data"
    with open_store(data, clock=FixedClock(NOW)):
        pass
    root = os.geteuid() == 0
    data.chmod(0o700 if root else 0o000)
    code, said, errors = run([], IMPORT + (" nobody" if root else ""), str(data), str(file))
    data.chmod(0o700)
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    assert "permission denied" in said[-1]["problem"]


def test_an_error_that_is_not_the_disk_is_not_blamed_on_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), told_to_user("counting"):
        _ = 1 // 0
    with open_store(tmp_path / "data", clock=FixedClock(NOW)) as store:
        with pytest.raises(Exception, match="UNKNOWN_TABLE") as caught, told_to_user("reading"):
            store.client.query("SELECT * FROM nowhere")
        assert not isinstance(caught.value, UserError)
