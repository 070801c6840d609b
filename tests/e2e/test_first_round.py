"""A newcomer's first round through the product, each step as the help page shows it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli

COUNTS = re.compile(r"read ([\d,]+) = accepted ([\d,]+) \+ duplicate ([\d,]+) \+ dead ([\d,]+)")


def counts(text: str) -> tuple[int, ...]:
    match = COUNTS.search(text)
    assert match, text
    return tuple(int(group.replace(",", "")) for group in match.groups())


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, Path]:
    """Ten simulated days, read in and decided."""
    folder = tmp_path_factory.mktemp("centre")
    cli = Cli(folder / "data")
    events, commands = folder / "events.jsonl", folder / "commands.jsonl"
    cli.ok("simulate", "--days", "10", "--calls-per-day", "150", "--seed", "7", "--out", events, "--commands", commands)
    cli.ok("init", "--tenant", "demo", "--zone", "Asia/Shanghai")
    read, accepted, duplicate, dead = counts(cli.ok("ingest", events, "--tenant", "demo", "--quiet"))
    assert (read, duplicate, dead) == (accepted, 0, 0)
    assert "refused 0" in cli.ok("decide", "--file", commands)
    return cli, events


def test_reading_the_same_file_again_adds_nothing(centre: tuple[Cli, Path]) -> None:
    cli, events = centre
    read, accepted, duplicate, dead = counts(cli.ok("ingest", events, "--tenant", "demo", "--quiet"))
    assert (accepted, duplicate, dead) == (0, read, 0)


def test_a_report_has_the_same_numbers_in_every_format(centre: tuple[Cli, Path], tmp_path: Path) -> None:
    cli, _ = centre
    ask = ("report", "run", "traffic", "--week", "2026-W02")
    plain = json.loads(cli.ok(*ask, "--format", "json"))
    assert {"title", "period", "zone", "parameters", "columns", "rows", "footer"} <= set(plain)
    assert {"name", "title", "unit", "definition"} <= set(plain["columns"][0])
    assert plain["footer"]["cutoff"]
    assert plain["footer"]["log_positions"]["call/0"] > 0
    rows = list(csv.reader(io.StringIO(cli.ok(*ask, "--format", "csv"))))
    entries = rows[0].index("Queue entries")  # names of queues stand in columns of their own
    assert [int(row[entries]) for row in rows[1 : 1 + len(plain["rows"])]] == [row["entries"] for row in plain["rows"]]
    page = tmp_path / "week.html"
    cli.ok(*ask, "--format", "html", "--lang", "zh", "--out", page)
    text = page.read_text(encoding="utf-8")
    assert "话务量统计表" in text
    assert text.count("<script") == text.count("</script") == 2, "the page's own script and its data, and no other"
    assert "<script src" not in text
    assert not re.findall(r"(?:src|href)=\"https?:", text)


def test_every_report_runs_for_every_span_that_it_offers(centre: tuple[Cli, Path]) -> None:
    cli, _ = centre
    spans = {"day": ("--day", "2026-01-05"), "week": ("--week", "2026-W02"), "month": ("--month", "2026-01")}
    listed = cli.ok("report", "list").splitlines()
    with cli.held():
        for line in listed:
            code = line.split()[0]
            for span in re.findall(r"\b(day|week|month)\b", line[49:74]):
                said = cli("report", "run", code, *spans[span], "--format", "json")
                assert said.code == 0, (code, span, said.err)
                assert json.loads(said.out)["columns"], (code, span)


def test_the_statement_names_rule_quantity_unit_amount_and_evidence(centre: tuple[Cli, Path]) -> None:
    cli, _ = centre
    made = json.loads(cli.ok("statement", "--contract", "xinhe-2026", "--month", "2026-01", "--format", "json"))
    line = made["lines"][0]
    assert {"rule", "quantity", "unit_amount", "amount", "evidence"} <= set(line)
    assert re.fullmatch(r"-?\d+\.\d\d", made["total"])
    again = json.loads(cli.ok("statement", "--contract", "xinhe-2026", "--month", "2026-01", "--format", "json"))
    assert again["digest"] == made["digest"], "the same facts and terms give the same statement"


def test_the_history_of_a_call_is_every_event_in_order(centre: tuple[Cli, Path]) -> None:
    cli, events = centre
    calls = [json.loads(line) for line in events.read_bytes().splitlines() if b'"type":"call.' in line]
    subject = next(e["subject"] for e in calls if e["type"] == "call.transferred")
    rows = json.loads(cli.ok("history", "call", subject, "--format", "json"))
    told = sorted((e for e in calls if e["subject"] == subject), key=lambda e: e["time"])
    assert sorted(r["event_id"] for r in rows) == sorted(e["id"] for e in told)
    assert [r["occurred_at"] for r in rows] == sorted(r["occurred_at"] for r in rows)


def test_a_rebuild_finds_the_facts_as_they_were(centre: tuple[Cli, Path]) -> None:
    cli, _ = centre
    assert "NOT" not in cli.ok("rebuild", "--quiet")


def test_doctor_tells_settings_reach_and_versions(centre: tuple[Cli, Path]) -> None:
    cli, _ = centre
    out = cli.ok("doctor")
    assert "open, engine" in out
    assert "chdb" in out


def test_the_help_page_tells_the_first_round_and_the_exit_codes(cli: Cli) -> None:
    out = cli.ok("--help")
    for word in ("init", "ingest", "report", "statement", "history", "dead-letters", "rebuild", "simulate", "doctor", "130"):
        assert word in out


def test_what_was_known_before_an_import_can_still_be_seen(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    cli.ok("simulate", "--days", "2", "--calls-per-day", "60", "--out", tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[: len(lines) // 2]))
    second.write_bytes(b"".join(lines[len(lines) // 2 :]))
    cli.ok("ingest", first, "--tenant", "demo", "--quiet")
    ask = ("report", "run", "service_indicators", "--month", "2026-01", "--format", "json")
    before = json.loads(cli.ok(*ask))
    cli.ok("ingest", second, "--tenant", "demo", "--quiet")
    after = json.loads(cli.ok(*ask))
    assert after["rows"] != before["rows"]
    then = json.loads(cli.ok(*ask, "--as-known-at", before["footer"]["cutoff"]))
    assert then["rows"] == before["rows"]


def test_the_only_tenant_is_found_whatever_is_known_of_it(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    fault = {
        "type": "fault.raised",
        "specversion": "1.0",
        "id": "00000000-0000-5000-8000-000000000001",
        "source": "test:desk",
        "subject": "f1",
        "time": "2026-01-05T01:02:03Z",
        "tenant": "acme",
        "data": {"system": "ivr", "kind": "outage", "severity": "major"},
    }
    (tmp_path / "one.jsonl").write_text(json.dumps(fault) + "\n")
    assert cli("report", "run", "traffic", "--day", "2026-01-05").code == 2, "an empty ledger has no tenant"
    cli.ok("ingest", tmp_path / "one.jsonl", "--quiet")
    assert "acme" in cli.ok("report", "run", "traffic", "--day", "2026-01-05")
