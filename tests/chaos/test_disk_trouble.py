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

AS_NOBODY = " nobody" if os.geteuid() == 0 else ""
"""Rights do not bind root, so a child of root's gives them up."""
RECORDS = 10_000
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
    """More than 24 MB of records that do not compress, the later ones longer."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(line(f"c{n}", note=os.urandom(1_500 if n < 6_000 else 4_500).hex()) for n in range(RECORDS)))
    return path


def test_a_full_disk_is_told_and_what_was_stored_stays_and_is_completed(file: Path, tmp_path: Path) -> None:
    words, data = own_mounts(), tmp_path / "data"
    code, said, errors = run(words, ON_A_SMALL_DISK if words else WITH_SMALL_FILES, str(data), str(file))
    end = said[-1]
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    assert ("disk is full" if words else "limit") in end["problem"], said[-3:]
    assert 0 < end["stored"] < RECORDS
    lines = file.read_bytes().splitlines()
    with open_store(data, clock=FixedClock(NOW)) as store:
        assert store.client.command("SELECT count() FROM call") >= end["stored"]
        result = importer(store).run(chunks(lines), spec())
        assert result.tally.accepted + result.tally.duplicate == result.tally.read == RECORDS
        assert store.client.query("SELECT count() = uniqExact(event_id) AS same, count() FROM call").first_row == (1, RECORDS)


def test_a_full_disk_before_the_first_event_is_told(file: Path, tmp_path: Path) -> None:
    words = own_mounts()
    full = f"mount -t tmpfs -o size=128k tmpfs /mnt; {IMPORT.replace(chr(34) + '$1' + chr(34), '/mnt/data')}"
    code, said, errors = run(words, full if words else f"ulimit -f 8; {IMPORT}", str(tmp_path / "data"), str(file))
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    assert said[-1]["problem"]


def test_a_read_only_disk_is_told(file: Path, tmp_path: Path) -> None:
    """Where no file system of our own can be had, a directory without the right to write stands for it."""
    data = tmp_path / "data"
    with open_store(data, clock=FixedClock(NOW)) as store:
        importer(store).run(chunks(calls(10)), spec())
    words = own_mounts()
    bind = f'mount --bind "$1" /mnt; mount -o remount,ro,bind /mnt; {IMPORT.replace(chr(34) + "$1" + chr(34), "/mnt")}'
    if not words:
        data.chmod(0o500)
    code, said, errors = run(words, bind if words else IMPORT + AS_NOBODY, str(data), str(file))
    data.chmod(0o700)
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    assert ("read-only" if words else "permission denied") in said[-1]["problem"]


def test_a_directory_of_somebody_else_is_told(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with open_store(data, clock=FixedClock(NOW)):
        pass
    data.chmod(0o700 if AS_NOBODY else 0o000)
    code, said, errors = run([], IMPORT + AS_NOBODY, str(data), str(file))
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
