"""The commands about reports as they are typed: parameters, cells, whole sets, what changed, and broken laws."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from unittest.mock import patch

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.moments import parse_moment
from opsledger.infra.store import open_store
from opsledger.projections.reports.catalogue import REPORTS
from tests.e2e.conftest import Cli, let_go

pytestmark = pytest.mark.usefixtures("kept")
DAY = ("--day", "2026-01-05")
NOON = parse_moment("2026-01-10T12:00", "UTC")
EVENING = parse_moment("2026-01-10T18:00", "UTC")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Eight days; every twentieth event of the third came late: after noon of the tenth."""
    folder = tmp_path_factory.mktemp("desk")
    cli = Cli(folder / "data")
    cli.ok("simulate", "--days", "8", "--calls-per-day", "60", "--seed", "4", "--out", folder / "all.jsonl", "--quiet")
    lines = (folder / "all.jsonl").read_bytes().splitlines(keepends=True)
    late = [line for i, line in enumerate(lines) if b'"time":"2026-01-05' in line and i % 20 == 0]
    for name, part, at in (("a", [x for x in lines if x not in set(late)], NOON), ("b", late, EVENING)):
        (folder / name).write_bytes(b"".join(part))
        with patch("opsledger.infra.cli.common.SystemClock", lambda at=at: FixedClock(at)):
            cli.ok("ingest", folder / name, "--tenant", "demo", "--quiet", "--format", "jsonl")
            cli.ok("report", "run", "traffic", *DAY)
        let_go()  # with its clock
    return cli


@pytest.fixture
def cli(desk: Cli) -> Cli:
    return desk


def _json(text: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(text)
    return found


def test_figures_stand_beside_those_of_the_day_before(cli: Cli) -> None:
    now, before = (
        _json(cli.ok("report", "run", "traffic", "--day", day, "--format", "json"))["totals"]
        for day in ("2026-01-05", "2026-01-04")
    )
    both = _json(cli.ok("report", "run", "traffic", *DAY, "--compare", "previous", "--format", "json"))["totals"]
    assert isinstance(now, dict) and isinstance(before, dict) and isinstance(both, dict)  # noqa: PT018  for the type checker
    assert both["entries"] == now["entries"]
    assert both["entries.before"] == before["entries"]
    assert both["entries.change"] == now["entries"] - before["entries"]


def test_a_dimension_without_an_option_is_named_with_only(cli: Cli) -> None:
    all_, phone, none = (
        _json(cli.ok("report", "run", "traffic", *DAY, "--format", "json", *more))["totals"]["entries"]  # type: ignore[call-overload]
        for more in ((), ("--only", "channel=phone"), ("--only", "channel=fax"))
    )
    assert all_ >= phone > none == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "trafic", *DAY), "did you mean 'traffic'?"),
        (("run", "traffic"), "say for when, once"),
        (("run", "traffic", *DAY, "--month", "2026-01"), "say for when, once"),
        (("run", "traffic", "--day", "2026-02-30"), "'2026-02-30' is not a day"),
        (("run", "traffic", "--month", "9999-12"), "a year lies between"),
        (("run", "traffic", *DAY, "--zone", "Asia/Peking"), "not a time zone"),
        (("run", "traffic", *DAY, "--only", "chanel=phone"), "did you mean 'channel'?"),
        (("run", "traffic", *DAY, "--only", "phone"), "is not NAME=VALUE"),
        (("run", "tickets", *DAY, "--queue", "sales"), "tickets cannot be narrowed by queue"),
        (("run", "traffic", *DAY, "--format", "htm"), "did you mean 'html'?"),
        (("run", "traffic", *DAY, "--bom"), "--bom goes with --format csv"),
        (("run", "traffic", *DAY, "--compare", "lastyear"), "did you mean 'last_year'?"),
        (("run", "traffic", *DAY, "--profile", "geneses"), "did you mean 'genesys'?"),
        (("run", "traffic", *DAY, "--as-known-at", "noon"), "'noon' is not a moment"),
        (("run", "traffic", *DAY, "--as-known-at", "2001-01-01"), "nothing was known"),
        (("run", *DAY), "say which report"),
        (("run", "traffic", "--all", *DAY), "say which report"),
        (("run", "--all", *DAY), "--out FOLDER"),
        (("run", "--all", *DAY, "--out", "x", "--format", "html,docx"), "there is no format 'docx'"),
        (("run", "--all", "--from", "2026-01-05", "--to", "2026-01-06", "--out", "x"), "--day, a --week or a --month"),
        (("run", "traffic", "--from-cell", "abc"), "--from-cell goes with call_detail"),
        (("run", "call_detail", "--from-cell", "abc"), "not the reference of a cell"),
        (("run", "call_detail", *DAY, "--from-cell", "abc"), "leave --day out"),
        (("diff", "traffic", *DAY, "--from", "2026-01-12", "--to", "2026-01-11"), "--from is not before --to"),
        (("diff", "traffic", *DAY, "--from", "2001-01-01", "--to", "2026-01-11"), "nothing was known"),
        (("diff", "traffic", "--from", "2026-01-10"), "say for when, once"),
        (("show", "traffic"), "there is no command 'show'"),
    ],
)
def test_what_cannot_be_is_told_with_what_can(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    said = cli("report", *arguments)
    assert said.code == 2, said.out
    assert message in said.err


def test_a_figure_of_the_page_leads_to_its_rows(desk: Cli) -> None:
    from opsledger.infra.facts import view
    from opsledger.projections.reports.cells import ref_of
    from opsledger.projections.reports.model import Request
    from opsledger.projections.reports.run import run_report

    let_go()
    with open_store(desk.data) as store, view(store, "demo") as facts:
        from opsledger.domain.calendar import Grain, parse_period

        result = run_report(facts, Request("traffic", parse_period(Grain.DAY, "2026-01-05", "UTC")))
    assert result.totals is not None
    entries = result.totals[[c.name for c in result.columns].index("entries")]
    ref = ref_of(result, -1, "entries")
    listed = _json(desk.ok("report", "run", "call_detail", "--from-cell", str(ref), "--format", "json"))
    assert len(listed["rows"]) == entries
    assert {"call", "leg", "queue", "share"} <= set(listed["rows"][0])
    said = desk("report", "run", "call_detail", "--from-cell", str(ref), "--tenant", "other")
    assert said.code == 2
    assert "is of tenant 'demo'" in said.err


def test_the_whole_set_of_a_day_has_an_index_in_both_languages(cli: Cli, tmp_path: Path) -> None:
    said = cli("report", "run", "--all", *DAY, "--format", "html,csv,json", "--out", tmp_path / "set", "--quiet")
    assert said.code == 0, said.err
    page = (tmp_path / "set" / "index.html").read_text("utf-8")
    linked = re.findall(r'href="([^"]+)"', page)
    daily = [code for code, report in REPORTS.items() if "day" in report.grains]
    assert len(linked) == len(daily) * 2 * 3
    assert all((tmp_path / "set" / link).stat().st_size > 100 for link in linked)
    for text in ("话务量统计表", "Traffic", "Headline figures · 主要指标", "Queue entries"):
        assert text in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_a_set_leaves_out_what_cannot_honour_the_request_and_says_so(cli: Cli, tmp_path: Path) -> None:
    said = cli("report", "run", "--all", *DAY, "--only", "reason=abandoned", "--format", "csv", "--out", tmp_path, "--quiet")
    assert said.code == 0
    assert "not made: tickets: tickets cannot be narrowed by reason" in said.err
    assert "Not made" in (tmp_path / "index.html").read_text("utf-8")
    assert list(tmp_path.glob("en/lost_calls_*.csv"))
    only = ("--only", "flow=x", "--only", "severity=y")
    nothing = cli("report", "run", "--all", *DAY, *only, "--out", tmp_path / "none", "--quiet")
    assert nothing.code == 2
    assert "no report of this period" in nothing.err


def test_the_difference_names_the_figures_and_the_late_events(cli: Cli) -> None:
    ask = ("report", "diff", "traffic", *DAY, "--from", "2026-01-10T13:00Z", "--to", "2026-01-10T19:00Z")
    told = _json(cli.ok(*ask, "--format", "json"))
    old, new = (
        _json(cli.ok("report", "run", "traffic", *DAY, "--as-known-at", at, "--format", "json"))
        for at in ("2026-01-10T13:00Z", "2026-01-10T19:00Z")
    )
    changed = {(r["queue"], r["hotline"], r["interval"], r["metric"]) for r in told["rows"] if r["interval"]}
    expected = set()
    rows = [{(r["queue"], r["hotline"], r["interval"]): r for r in made["rows"]} for made in (old, new)]
    for key in {*rows[0], *rows[1]}:
        one, other = (side.get(key, {}) for side in rows)
        expected |= {(*key, n) for n in {*one, *other} - {"queue", "hotline", "interval"} if one.get(n) != other.get(n)}
    assert changed == expected
    assert expected
    events = told["sections"][0]["rows"]  # type: ignore[call-overload]
    assert {e["recorded_at"][:13] for e in events} == {"2026-01-11T02"}, "18:00 UTC"
    assert {e["occurred_at"][:10] for e in events} <= {"2026-01-05", "2026-01-06"}
    assert all(e["late_ms"] > 0 for e in events)
    known = {(e["stream"], e["subject"]) for e in events}
    assert known
    for form in ("table", "csv", "html"):
        assert events[0]["event_id"] in cli.ok(*ask, "--format", form)


def test_a_day_that_nothing_came_late_for_has_not_changed(cli: Cli) -> None:
    ask = ("report", "diff", "lost_calls", "--day", "2026-01-02", "--from", "2026-01-10T13:00Z", "--to", "2026-01-10T19:00Z")
    told = _json(cli.ok(*ask, "--format", "json"))
    assert told["rows"] == []
    assert "Nothing changed" in cli.ok(*ask)


@pytest.mark.parametrize("code", ["service_indicators", "complaint_handling", "call_detail", "bulletin"])
def test_reports_of_every_shape_can_be_compared_with_themselves(cli: Cli, code: str) -> None:
    told = _json(cli.ok("report", "diff", code, *DAY, "--from", "2026-01-10T13:00Z", "--format", "json"))
    assert {"metric", "previous", "value", "change"} <= {str(c["name"]) for c in told["columns"]}


@pytest.fixture
def broken(tmp_path: Path) -> Cli:
    """A desk one of whose facts was tampered with: a queue entry that ended in no known way."""
    cli = Cli(tmp_path / "data")
    cli.ok("simulate", "--days", "1", "--calls-per-day", "30", "--start", "2026-01-05", "--out", tmp_path / "e", "--quiet")
    cli.ok("ingest", tmp_path / "e", "--tenant", "demo", "--quiet", "--format", "jsonl")
    let_go()
    with open_store(cli.data) as store:
        fact_tables(store).update()
        columns = ["tenant", "vendor", "first_day", "call", "leg", "queue", "is_entry", "entered_at", "outcome", "last_offset"]
        entered = parse_moment("2026-01-05T03:00", "UTC")
        store.client.insert("legs", [["demo", "v", entered.date(), "x", 1, "q", True, entered, "evaporated", 1]], columns)
    return cli


def test_a_law_that_does_not_hold_is_on_the_face_of_every_format_and_in_the_exit_code(broken: Cli, tmp_path: Path) -> None:
    for form in ("table", "csv", "json", "html"):
        said = broken("report", "run", "traffic", *DAY, "--format", form)
        assert said.code == 3, form
        assert "Law 2 of the numbers does not hold" in said.out, form
    said = broken("report", "run", "call_detail", *DAY)
    assert said.code == 3
    said = broken("report", "run", "--all", *DAY, "--format", "json", "--lang", "zh", "--out", tmp_path / "set", "--quiet")
    assert said.code == 3
    assert "a law of the numbers does not hold in" in said.err
    assert "break a law of the numbers" in (tmp_path / "set" / "index.html").read_text("utf-8")
    opened = broken("report", "open", "traffic", *DAY, "--no-browser", "--for", "0.1")
    assert opened.code == 3
    assert "a law of the numbers does not hold" in opened.err


def test_the_same_desk_untouched_keeps_the_laws(cli: Cli) -> None:
    """The control of the one before."""
    assert cli("report", "run", "traffic", *DAY).code == 0
    assert cli("report", "run", "call_detail", *DAY).code == 0


def test_a_csv_with_a_mark_begins_with_it(cli: Cli, tmp_path: Path) -> None:
    cli.ok("report", "run", "traffic", *DAY, "--format", "csv", "--bom", "--out", tmp_path / "t.csv")
    data = (tmp_path / "t.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert next(csv.reader(io.StringIO(data.decode("utf-8-sig"))))[0] == "Hotline"
