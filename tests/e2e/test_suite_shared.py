"""Every report of the suite over real tables: it runs, its laws hold, no column is empty without a word about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.empties import unexplained
from tests.real_table import RealTable, imported
from tests.shared_tables import SHARED_ONLY
from tests.tables import SHARED

pytestmark = SHARED_ONLY
TABLES = {
    "bank": ("anonymous_bank/january.txt", "anonymous_bank.calls.yaml", "Asia/Jerusalem", "1999-01"),
    "pwc": ("pwc_call_center/Call-Center-Dataset.csv", "pwc_call_center.calls.yaml", "Europe/Zurich", "2021-02"),
    "it": ("uci_incident_event_log/incident_event_log_119998.zip", "uci_incidents.tickets.yaml", "UTC", "2016-05"),
    "cfpb": ("cfpb_complaints/Consumer_Complaints.csv", "cfpb.complaints.yaml", "America/New_York", "2016-09"),
}
"""Tenant → file, mapping, zone, a month in the middle of it."""
GROUPS = ("traffic", "business", "complaints", "work", "service", "special")
SUITE = [r.code for r in REPORTS.values() if r.group.en in GROUPS and (r.any_span or "month" in r.grains)]
SPEAK = {
    "bank": {"ivr", "traffic", "lost_calls", "agent_workload", "call_detail"},
    "pwc": {"traffic", "lost_calls", "agent_workload", "call_detail", "consults", "requests", "hot_topics", "satisfaction"},
    "it": {"tickets"},
    "cfpb": {c for c in SUITE if c.startswith("complaints_by_")} | {"complaint_handling"},
}
"""The reports by row that a table has something to say in; the others say that nothing is on record."""
ALWAYS = {"complaint_summary", "service_indicators", "bulletin"}
"""A row a metric, whatever there is."""


@pytest.fixture(scope="module", params=TABLES)
def table(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, RealTable]]:
    file, mapping, zone, _ = TABLES[request.param]
    made = imported(tmp_path_factory, request.param, zone, SHARED / file, mapping)
    yield request.param, made
    made.close()


@pytest.mark.parametrize("code", SUITE)
def test_every_report_of_a_real_month_holds_its_laws_and_explains_what_is_empty(
    table: tuple[str, RealTable], code: str
) -> None:
    name, made = table
    result = made.report(code, made.month(TABLES[name][3]), charts=True)
    assert not unexplained(result)
    assert bool(result.rows) == (code in SPEAK[name] | ALWAYS)
    if not result.rows:
        assert any("nothing on record" in warning for warning in result.footer.warnings)


def test_the_bulletin_keeps_silent_about_what_a_source_never_tells(table: tuple[str, RealTable]) -> None:
    name, made = table
    result = made.report("bulletin", made.month(TABLES[name][3]), charts=True)
    at = [column.name for column in result.columns].index("metric")
    shown = {row[at] for row in result.rows}
    assert ("complaints_filed" in shown) == (name == "cfpb")
    assert ("inbound_calls" in shown) == (name in ("bank", "pwc"))
    assert any(note.startswith("Not on this page") for note in result.footer.notes)


def test_a_column_without_a_word_about_it_would_be_found(table: tuple[str, RealTable]) -> None:
    name, made = table
    result = made.report("service_indicators", made.month(TABLES[name][3]))
    silent = replace(result, footer=replace(result.footer, notes=()))
    assert "target" in unexplained(silent)
