"""Behind every count of the data quality report stand as many events, things or records as it says."""

from __future__ import annotations

import pytest

from opsledger.infra.facts import view
from opsledger.infra.store import Store
from opsledger.projections.reports.cells import parse_ref
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.quality import rows as found_rows
from opsledger.projections.reports.run import run_report
from tests.integration.test_data_quality import DAY, PLANTS
from tests.integration.test_data_quality import store as planted  # noqa: F401  its defects, planted once
from tests.lead_walk import cells_of, counted, follow, shown


@pytest.mark.parametrize("tenant", PLANTS)
def test_behind_every_count_of_the_quality_report_stand_as_many_as_were_found(planted: Store, tenant: str) -> None:  # noqa: F811
    with view(planted, tenant) as facts:
        result, seen = run_report(facts, Request("data_quality", DAY)), 0
        for table, row, index, ref in cells_of(result):
            if (count := counted(table, row, index, ref)) or table.number is not None:
                assert shown(follow(facts, ref)) == count, (parse_ref(ref).place, count)
                seen += 1
    assert seen >= len(PLANTS[tenant].found)


def test_a_check_asked_otherwise_than_counted_lists_other_rows(planted: Store, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Negative control: the rows of a shifted predicate are not those that were counted."""
    tenant = next(name for name, plant in PLANTS.items() if plant.found.get("future"))
    monkeypatch.setattr(found_rows, "FUTURE_MS", 10**9)
    with view(planted, tenant) as facts:
        result = run_report(facts, Request("data_quality", DAY))
        differ = [
            counted(t, row, index, ref) != shown(follow(facts, ref))
            for t, row, index, ref in cells_of(result)
            if parse_ref(ref).place[1] == "future" and t.rows[row][index]
        ]
    assert differ
    assert all(differ)


def test_an_event_found_says_its_place_in_the_log(planted: Store) -> None:  # noqa: F811
    tenant = next(name for name, plant in PLANTS.items() if plant.found.get("out_of_order"))
    with view(planted, tenant) as facts:
        result = run_report(facts, Request("data_quality", DAY))
        refs = [ref for t, row, i, ref in cells_of(result) if parse_ref(ref).place[1] == "out_of_order" and t.rows[row][i]]
        listed = follow(facts, refs[0], lang="zh")
    names = [c.name for c in listed.columns]
    assert "@" in str(listed.rows[0][names.index("place")])
    assert listed.rows[0][names.index("event_id")]
    assert "乱序" in listed.title
