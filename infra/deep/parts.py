"""The engine's files: each part of each table checked, parts that were set aside, tables that are gone or were edited."""

from __future__ import annotations

import json

from clickhouse_connect.driver.binding import format_query_value
from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.catalogue import STREAMS
from opsledger.infra.deep.findings import RESTORE, Check, Client, DeepFinding, Progress
from opsledger.projections.ledger.engine_errors import remedy
from opsledger.projections.ledger.sql import sql
from opsledger.projections.ledger.tables import LEDGER

_PARTS = """
SELECT table, name, bytes_on_disk
FROM system.parts
WHERE active AND database = currentDatabase()
ORDER BY table, name
"""
_DETACHED = """
SELECT table, name, ifNull(reason, '')
FROM system.detached_parts
WHERE database = currentDatabase()
ORDER BY table, name
"""
_PRESENT = "SELECT name FROM system.tables WHERE database = currentDatabase()"
_EDITED = """
SELECT table, command, toString(create_time)
FROM system.mutations
WHERE database = currentDatabase() AND (startsWith(command, 'UPDATE') OR startsWith(command, 'DELETE')
    OR startsWith(command, '(UPDATE') OR startsWith(command, '(DELETE'))
ORDER BY table, create_time
"""
_EACH = "SETTINGS check_query_single_value_result = 0 FORMAT JSONCompact"
_WHERE_WHOLE = "where the manifest misses nothing, its rows are in other parts: delete its folder; else restore a backup"
_MEANWHILE = (60, 232)
"""The table or part is not there any more."""


def check_parts(client: Client, progress: Progress) -> Check:
    """Read every part of every table whole and compare it with its checksums."""
    parts = client.query(_PARTS).result_rows
    total, done = sum(int(size) for _, _, size in parts) or 1, 0
    for table, name, size in parts:
        progress(done, total, f"{table} {name}")
        if wrong := _wrong(client, str(table), str(name)):
            yield DeepFinding(f"part {name} is broken: {wrong}", f"table '{table}'", remedy(str(table)))
        done += int(size)
    progress(done, total, "")


def _wrong(client: Client, table: str, part: str) -> str:
    """What is wrong with a part; '' where nothing is, or it was merged into another meanwhile."""
    text = f"CHECK TABLE `{table}` PART {format_query_value(part)} {_EACH}"
    try:
        rows = json.loads(client.raw_query(text))["data"]
    except ClickHouseError as error:
        if getattr(error, "code", None) in _MEANWHILE:
            return ""
        raise
    return next((_short(str(message)) for _, passed, message in rows if not passed), "")


def _short(message: str) -> str:
    return message.partition("DB::Exception: ")[2].partition(" (version")[0][:200] or message[:200]


def check_offsets(client: Client) -> Check:
    """Offsets that were given out here once, and stand in several rows: a part was copied, or is in another's place."""
    there = {str(row[0]) for row in client.query(_PRESENT).result_rows}
    for stream in sorted({*STREAMS} & there):
        asked = {"stream": stream}
        for partition, twice, missing in client.query(sql("offsets_twice"), parameters=asked).result_rows:
            what = f"{twice:,} rows of partition {partition} have an offset that others have; {missing:,} offsets are missing"
            yield DeepFinding(what, f"table '{stream}'", RESTORE, of_ledger=True)


def check_set_aside(client: Client) -> Check:
    """Parts that the engine, or somebody, has set aside: what is in them is in no report."""
    for table, name, reason in client.query(_DETACHED).result_rows:
        why = f" ({reason})" if reason else ""
        todo = _WHERE_WHOLE if table in LEDGER else remedy(str(table))
        yield DeepFinding(f"part {name} is set aside{why} and not read", f"table '{table}'", todo)


def check_tables(client: Client, *, made: bool = True) -> Check:
    """Tables of the ledger that are gone, and those whose rows somebody has changed or deleted: only inserts are ours.

    ``made``: whether all were there once; an older program's are made by the next command that writes.
    """
    there = {str(row[0]) for row in client.query(_PRESENT).result_rows}
    for name in sorted(LEDGER - there) if made else ():
        yield DeepFinding("the table is gone", f"table '{name}'", remedy(name))
    for table, command, at in client.query(_EDITED).result_rows:
        if table in LEDGER:
            what = f"rows were changed by hand at {at} UTC: {str(command)[:200]}"
            yield DeepFinding(what, f"table '{table}'", remedy(str(table)))
