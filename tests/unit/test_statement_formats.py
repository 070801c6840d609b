"""A statement as people and programs get it: exact numbers, both languages, nothing that a name could smuggle in."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from uuid import UUID

from opsledger.domain.measures import evidence_of
from opsledger.domain.rules import Title
from opsledger.domain.settling import Detail, Line
from opsledger.domain.statement import Statement, digest_of_lines
from opsledger.projections.formats.statement import Sheet, to_csv, to_html, to_json, to_terminal

PROOF = evidence_of("complaints: liable", [UUID(int=7)], (("complaint/0", 9),))


def line(rule: str, amount: str, *, party_id: str = "v1", part: str = "", details: tuple[Detail, ...] = ()) -> Line:
    value = Decimal(amount)
    return Line(
        rule=rule,
        kind="per_event",
        title=Title("Complaints", "投诉扣罚"),
        versions=(1, 2),
        first=date(2026, 1, 1),
        last=date(2026, 1, 31),
        party="agent" if details else "vendor",
        party_id=party_id,
        part=part,
        quantity=Decimal("3.0000"),
        unit_amount=Decimal("-0.8500"),
        amount=value,
        evidence=(PROOF,),
        details=details,
        score=Decimal("92.0931") if details else None,
    )


KPI = Detail(
    "speed",
    Title("20 s", "20 秒"),
    Decimal(2877),
    Decimal(3092),
    Decimal("93.0466"),
    Decimal("32.0931"),
    Decimal(40),
    percent=True,
)


def sheet(*lines: Line) -> Sheet:
    made = Statement(
        contract="desk",
        vendor="v1",
        title=Title("Desk", "外包坐席"),
        month="2026-01",
        zone="Asia/Shanghai",
        currency="CNY",
        lines=lines,
        total=sum((x.amount for x in lines), Decimal("0.00")),
        digest=digest_of_lines(lines),
        notes=(Title("a note", "说明一条"),),
    )
    return Sheet(made, "t1", datetime(2026, 2, 1, 4, tzinfo=UTC), {"complaint/0": 9}, (Title("not over", "未结束"),))


PLAIN = sheet(line("complaints", "-1500.00", part="minor"), line("kpi", "14000.00", party_id="a1", details=(KPI,)))


def test_the_terminal_shows_every_line_the_total_and_how_far_the_facts_reach() -> None:
    text = to_terminal(PLAIN, "en", 200)
    assert "Vendor statement 2026-01 (draft)" in text
    assert re.search(r"Complaints\s+minor\s+01-01 – 01-31\s+1, 2\s+3\s+-0.85\s+-1,500.00", text)
    assert "92.09 points: 93.05 % → 32.09" in text
    assert re.search(r"Total\s+12,500.00", text)
    assert "! not over" in text
    assert "! a note" in text
    assert "2026-02-01 12:00:00" in text  # the cutoff, in the contract's zone


def test_the_same_in_chinese() -> None:
    text = to_terminal(PLAIN, "zh", 200)
    for word in ("外包结算单 2026-01 (草稿)", "投诉扣罚", "轻微", "合计", "未结束", "说明一条", "92.09 分"):
        assert word in text


def test_csv_has_exact_numbers_and_its_lines_add_up() -> None:
    rows = list(csv.DictReader(StringIO(to_csv(PLAIN).split("\r\n\r\n")[0])))
    assert [row["amount"] for row in rows] == ["-1500.00", "14000.00", "12500.00"]
    assert sum(Decimal(row["amount"]) for row in rows[:-1]) == Decimal(rows[-1]["amount"])
    assert (rows[0]["unit_amount"], rows[0]["evidence_events"]) == ("-0.8500", str(UUID(int=7)))
    assert to_csv(PLAIN, bom=True).startswith("\ufeff")


def test_a_name_that_a_spreadsheet_would_run_is_led_by_an_apostrophe() -> None:
    text = to_csv(sheet(line("complaints", "-1.00", party_id="=HYPERLINK(1)")))
    assert ",'=HYPERLINK(1)," in text


def test_json_keeps_decimals_as_text_and_its_digest_can_be_computed_again() -> None:
    plain = json.loads(to_json(PLAIN))
    assert (plain["total"], plain["lines"][0]["amount"]) == ("12500.00", "-1500.00")
    assert plain["lines"][0]["evidence"][0]["event_ids"] == [str(UUID(int=7))]
    assert (plain["currency"], plain["footer"]["cutoff"]) == ("CNY", "2026-02-01T12:00:00+08:00")
    canonical = json.dumps(plain["lines"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == plain["digest"]


def test_the_page_loads_nothing_escapes_names_and_shows_the_evidence() -> None:
    page = to_html(sheet(line("complaints", "-1500.00", party_id="<script>alert(1)</script>")), "zh")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert '<html lang="zh-CN">' in page
    assert str(UUID(int=7)) in page
    assert PROOF.digest in page
    assert "-1,500.00" in to_html(PLAIN)
