"""A local Kafka where the disk is full or may not be written: told, and nothing runs afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT
from opsledger.infra.kafka.local.artifacts import libraries
from tests.chaos.confined import own_mounts, run

pytestmark = [pytest.mark.chaos, pytest.mark.local_kafka]

UP = '"$PYTHON" -m opsledger.infra.cli kafka up --dir'


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    libraries()  # fetched before, not on the small disk
    words = own_mounts()
    small = f"mount -t tmpfs -o size=8k tmpfs /mnt; {UP} /mnt/kafka" if words else f'ulimit -f 1; {UP} "$1"/kafka'
    code, _, errors = run(words, small, str(tmp_path))
    assert (code, "Traceback" in errors) == (EXIT_ENVIRONMENT, False), errors
    if words:
        assert "disk is full" in errors or "No space left" in errors, errors


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    libraries()
    words = own_mounts()
    if not words:  # not root's, so rights bind
        tmp_path.chmod(0o500)
    code, _, errors = run(
        words, f"mount -t tmpfs -o ro tmpfs /mnt; {UP} /mnt/kafka" if words else f'{UP} "$1"/kafka', str(tmp_path)
    )
    tmp_path.chmod(0o700)
    assert (code, "Traceback" in errors, "starting Kafka in" in errors) == (EXIT_ENVIRONMENT, False, True), errors
