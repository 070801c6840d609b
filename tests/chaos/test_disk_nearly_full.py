"""A disk on which a part has no room though its rows would: the insert is refused before it begins, and nothing is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.confined import NO_MOUNTS, own_mounts, run

SCRIPT = """
mount -t tmpfs -o size=80m tmpfs /mnt
"$PYTHON" - <<'END'
import json, os
from pathlib import Path
from clickhouse_connect.driver.exceptions import DatabaseError
from opsledger.domain.clock import SystemClock
from opsledger.infra.store import open_embedded

def told(text):
    try:
        return str(store.client.command(text))
    except DatabaseError as error:
        return str(error.code)

with open_embedded(Path("/mnt/data"), clock=SystemClock()) as store:
    columns = ", ".join(f"c{n} UInt32 DEFAULT rand()" for n in range(1500))
    told(f"CREATE TABLE wide (a UInt64, {columns}) ENGINE = MergeTree ORDER BY a SETTINGS min_bytes_for_wide_part = 0")
    free = os.statvfs("/mnt").f_bavail * os.statvfs("/mnt").f_frsize
    Path("/mnt/fill").write_bytes(bytes(free - 6 * 1024 * 1024))
    for settings in ("", "SETTINGS min_free_disk_bytes_to_perform_insert = 0"):
        inserted = told(f"INSERT INTO wide (a) {settings} SELECT 1")
        print(json.dumps({"inserted": inserted, "read": told("SELECT sum(ignore(*)) FROM wide")}))
END
"""


def test_nothing_is_inserted_where_little_room_is_left(tmp_path: Path) -> None:
    """The second is the control: without the setting the engine keeps a part with cut files, and its insert says nothing."""
    words = own_mounts()
    if not words:
        pytest.skip(NO_MOUNTS)
    code, (refused, control), said = run(words, SCRIPT, str(tmp_path))
    assert code == 0, said
    assert refused == {"inserted": "243", "read": "0"}
    assert control["inserted"] != "243"
    assert control["read"] == "246"
