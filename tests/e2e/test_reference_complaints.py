"""Reports over 349 real complaints of September 2016 against figures worked out independently."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.real_table import RealTable, imported, keys_of, ratio, value_of
from tests.shared_tables import SHARED_ONLY, reference
from tests.tables import EXAMPLES, SHARED

pytestmark = SHARED_ONLY
NAME = "Consumer_Complaints.csv"
FILE = SHARED / "cfpb_complaints" / NAME
MAPPING = "cfpb.complaints.yaml"
MONTH = "2016-09"


def told(bureau: RealTable, **asked: Any) -> dict[str, tuple[int, int]]:
    return bureau.indicators([bureau.month(MONTH)], "complaint_summary", **asked)


def charted(bureau: RealTable) -> dict[str, Any]:
    """Complaints by business, as the report draws them."""
    (chart,) = bureau.report("complaint_summary", bureau.month(MONTH), charts=True).charts
    return {str(bar["name"]): bar["value"] for bar in chart.data}


def answers(bureau: RealTable) -> dict[str, int]:
    """Complaints by the company's answer; those without one are still pending."""
    found = dict(bureau.query("SELECT outcome, count() FROM complaints FINAL WHERE resolved_at IS NOT NULL GROUP BY 1"))
    return found | {"In progress": told(bureau)["complaints_pending"][0]}


def disputed(bureau: RealTable) -> int:
    satisfied, asked = told(bureau)["complaint_satisfaction"]
    return asked - satisfied


def channel(bureau: RealTable, name: str) -> int:
    return told(bureau, only={"channel": (name,)})["complaints_filed"][0]


COMPARED: dict[str, Callable[[RealTable], Any]] = {
    "rows": lambda b: told(b)["complaints_filed"][0],
    "product": charted,
    "response": answers,
    "disputed_yes": disputed,
}
"""Key of the reference → the same figure out of our reports and facts."""
DIFFERENT = {"via": "test_what_came_on_paper_is_one_channel"}
"""Key of the reference → the test that says how ours differs, and gets the one number from the other."""
WITHOUT = {
    "timely": "the bureau's verdict on the company's answer; ours is by times, and the day of the answer is not published"
}
"""Key of the reference → why no report or metric of ours says anything like it."""


@cache
def expected() -> dict[str, Any]:
    values = reference("cfpb_complaints")[NAME]
    return {key: value_of(values, key) for key in keys_of(values)}


@cache
def raw() -> list[dict[str, str]]:
    """The file's rows, read without the product."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTable]:
    table = imported(tmp_path_factory, "cfpb", "America/New_York", FILE, MAPPING)
    assert table.counts.kept == (349, 349, 0, 0)
    yield table
    table.close()


def test_every_key_of_the_reference_is_told_of() -> None:
    assert keys_of(reference("cfpb_complaints")[NAME]) == {*COMPARED, *DIFFERENT, *WITHOUT}
    assert len({*COMPARED, *DIFFERENT, *WITHOUT}) == len(COMPARED) + len(DIFFERENT) + len(WITHOUT)
    assert all(callable(globals()[name]) for name in DIFFERENT.values())


@pytest.mark.parametrize("key", list(COMPARED))
def test_a_figure_is_the_reference_s(bureau: RealTable, key: str) -> None:
    assert COMPARED[key](bureau) == expected()[key]


def test_the_command_line_prints_the_same_report(bureau: RealTable) -> None:
    printed = {row["metric"]: row["value"] for row in bureau.printed("complaint_summary", "--month", MONTH)["rows"]}
    assert printed["complaints_filed"] == expected()["rows"]
    assert printed["complaints_resolved"] == expected()["rows"] - expected()["response"]["In progress"]


def test_what_came_on_paper_is_one_channel(bureau: RealTable) -> None:
    """Reference: 11 by referral and 7 by postal mail. Ours: another authority's referral is a letter too: 18 letters."""
    ours = {name: channel(bureau, name) for name in ("web", "phone", "letter", "email", "fax")}
    via = expected()["via"]
    assert ours == {"web": 314, "phone": 17, "letter": 18, "email": 0, "fax": 0}
    assert (via["Web"], via["Phone"], via["Referral"] + via["Postal mail"]) == (ours["web"], ours["phone"], ours["letter"])


def test_who_did_not_dispute_said_nothing(bureau: RealTable) -> None:
    """Only 'Yes' is in the file: satisfaction is 0 of 41 opinions, not 0 of 280 answers."""
    assert Counter(row["Consumer disputed?"] for row in raw()) == {"": 308, "Yes": 41}
    assert told(bureau)["complaint_satisfaction"] == (0, 41)


def test_the_days_of_a_complaint_are_the_bureau_s(bureau: RealTable) -> None:
    days = bureau.query("SELECT toString(toDate(filed_at, 'America/New_York')), count() FROM complaints FINAL GROUP BY 1")
    theirs = Counter("-".join(row["Date received"].split("/")[i] for i in (2, 0, 1)) for row in raw())
    assert dict(days) == theirs
    assert told(bureau)["complaints_filed"][0] == sum(n for day, n in theirs.items() if day.startswith(MONTH))


def test_the_time_to_resolve_is_until_the_company_got_the_complaint(bureau: RealTable) -> None:
    """The day of the answer is not published; that of the complaint's sending stands for it, and the report's mean is of it."""
    taken_ms, resolved = told(bureau)["complaint_resolution_time"]
    assert (resolved, ratio(taken_ms, resolved * 3_600_000, 2)) == (280, 3.6)


@pytest.mark.parametrize("business", ["Mortgage", "Debt collection", "Credit reporting"])
def test_a_business_is_measured_as_it_is_charted(bureau: RealTable, business: str) -> None:
    measured = bureau.measured("complaints_filed", bureau.month(MONTH), "business")
    assert measured[business].numerator == charted(bureau)[business] == expected()["product"][business]


def test_trap_a_comma_in_quotes_ends_no_cell(bureau: RealTable) -> None:
    commas = {f"cfpb:{row['Complaint ID']}": row["Company"] for row in raw() if "," in row["Company"]}
    companies = dict(bureau.query("SELECT complaint, department FROM complaints FINAL"))
    assert len(commas) > 10
    assert commas.items() <= companies.items()


def test_a_file_cut_inside_quotes_loses_its_last_row_only_and_the_whole_file_brings_it(tmp_path: Path) -> None:
    whole = FILE.read_bytes()
    cut = tmp_path / "cut.csv"
    cut.write_bytes(whole[: whole.rindex(b'"')])
    table = RealTable(tmp_path / "data", "cfpb", "America/New_York")
    first = table.ingest(cut, MAPPING)
    assert (first.dead, first.said.code) == (1, 3)
    listed = table.run("dead-letters", "list").out
    assert "the file ends inside a quoted cell of the row that starts in line" in listed
    assert "it was cut short" in listed
    again = table.ingest(FILE, MAPPING)
    assert (again.duplicate, again.accepted, again.dead) == (first.accepted, 349 - first.accepted, 0)
    assert COMPARED["response"](table) == expected()["response"]
    table.close()


def test_an_altered_row_and_a_further_one_are_seen_by_the_figures_that_they_concern(bureau: RealTable, tmp_path: Path) -> None:
    """Negative control: an answer that is changed (which corrects what was said before), and one complaint more."""
    spoilt = bureau.copy(tmp_path / "data")
    row = next(r for r in raw() if r["Company response to consumer"] == "Closed" and r["Consumer disputed?"] == "")
    path = tmp_path / "few.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows([row | {"Company response to consumer": "Closed with regret"}, row | {"Complaint ID": "9999999"}])
    assert spoilt.ingest(path, EXAMPLES / MAPPING).kept == (2, 2, 0, 0)
    same = {key for key, figure in COMPARED.items() if figure(spoilt) == expected()[key]}
    spoilt.close()
    assert same == {"disputed_yes"}
