"""Every SQL file that reads a table with tenants' rows says whose rows it wants, or hands the tenant on with each row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsledger.domain.catalogue import STREAMS
from opsledger.projections.facts.tables import FACTS

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "projections").rglob("*.sql"))
TABLES = {*STREAMS, *(f"{stream}_once" for stream in STREAMS), *(fact.name for fact in FACTS)}
WHOLE = {
    "event_count.sql": "a number of rows, of system.tables",
    "extents.sql": "how far the log goes",
    "first_gap.sql": "how far the log goes",
    "offsets_twice.sql": "how far the log goes",
    "once.sql": "each event once, with its tenant: who reads it says whose",
    "positions_seen.sql": "how far the log goes",
    "read_log.sql": "the log itself, record by record",
    "identities.sql": "what all events are known by: an import asks of its own",
    "decided.sql": "a number of rows: whether a ledger has decisions at all",
    "corrections_of_others.sql": "older ledgers, tenant by tenant: it joins by tenant",
}
"""Files that read whole tables, and why."""
READ = re.compile(r"(?:FROM|JOIN)\s+(merge\([^)]*\)+|\{\w+:Identifier\}|`?\w+`?)", re.IGNORECASE)
TENANT = re.compile(
    r"tenant\s*(?:=|IN)\s*\{|\(\s*tenant\s*,|(?:GROUP|PARTITION|LIMIT 1) BY\s+tenant|SELECT\s+tenant|\btenant,", re.IGNORECASE
)


def scope(text: str, at: int) -> str:
    """The question that a place of a text belongs to: up to the parentheses around it."""
    depth, start = 0, at
    while start > 0 and depth >= 0:
        start -= 1
        depth += {")": 1, "(": -1}.get(text[start], 0)
    depth, end = 0, at
    while end < len(text) and depth >= 0:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return text[start:end]


def unscoped(text: str) -> list[str]:
    """Reads of tables with tenants' rows that do not say of whom."""
    plain = re.sub(r"--[^\n]*", "", text)
    found = []
    for read in READ.finditer(plain):
        name = read[1].strip("`")
        if (name in TABLES or name.startswith(("merge(", "{stream"))) and not TENANT.search(scope(plain, read.start())):
            found.append(read[0])
    return found


@pytest.mark.parametrize("file", [file for file in FILES if file.name not in WHOLE], ids=lambda file: file.name)
def test_a_file_reads_of_one_tenant_or_hands_the_tenant_on(file: Path) -> None:
    assert unscoped(file.read_text(encoding="utf-8")) == []


def test_files_that_read_all_are_there() -> None:
    assert {*WHOLE} <= {file.name for file in FILES}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT event_id FROM call",
        "SELECT 1 FROM award WHERE tenant = {tenant:String} AND event_id NOT IN (SELECT corrects FROM award WHERE x)",
        "SELECT event_id FROM merge(currentDatabase(), {tables:String}) WHERE event_id IN {ids:Array(UUID)}",
        "SELECT a FROM {stream:Identifier} WHERE subject = 'x' -- tenant = {tenant:String}",
    ],
)
def test_control_one_that_does_not_is_found(text: str) -> None:
    assert len(unscoped(text)) == 1
