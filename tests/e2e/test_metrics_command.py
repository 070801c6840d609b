"""``opsledger metrics``: every definition can be read, with data and without; the example is what the reports say."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from opsledger.projections.metrics.registry import METRICS
from tests.e2e.conftest import Cli

pytestmark = pytest.mark.usefixtures("kept")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("metrics")
    cli = Cli(folder / "data")
    cli.ok("simulate", "--days", "3", "--calls-per-day", "80", "--seed", "7", "--out", folder / "all.jsonl", "--quiet")
    cli.ok("ingest", folder / "all.jsonl", "--tenant", "demo", "--quiet", "--format", "jsonl")
    return cli


def test_the_list_holds_every_metric_in_both_languages(cli: Cli) -> None:
    for lang in ("en", "zh"):
        lines = cli.ok("metrics", "list", "--lang", lang).splitlines()
        assert {line.split()[0] for line in lines if line.startswith("  ")} == set(METRICS)
    assert "人工接通率" in cli.ok("metrics", "list", "--lang", "zh", "--group", "queues")
    assert "avg_talk" not in cli.ok("metrics", "list", "--group", "queues")


def test_a_definition_can_be_read_without_any_data(tmp_path: Path) -> None:
    empty = Cli(tmp_path / "nothing")
    page = empty.ok("metrics", "show", "answer_rate")
    assert "Queue entries answered ÷ queue entries" in page
    assert "SELECT count() FROM legs WHERE entered_at >= start" in page
    assert "there is no data for it on record" in page
    assert not (tmp_path / "nothing").exists()


def test_the_example_is_worked_from_the_month_at_hand(cli: Cli) -> None:
    page = cli.ok("metrics", "show", "answer_rate", "--month", "2026-01")
    found = re.search(r"numerator ([\d,]+); denominator ([\d,]+); .* = ([\d.]+) %", page)
    assert found is not None
    report = json.loads(cli.ok("report", "run", "service_indicators", "--month", "2026-01", "--format", "json"))
    line = next(row for row in report["rows"] if row["metric"] == "answer_rate")
    assert [int(found[n].replace(",", "")) for n in (1, 2)] == [int(line["numerator"]), int(line["denominator"])]
    assert abs(Decimal(found[3]) / 100 - Decimal(str(line["value"]))) <= Decimal("0.00005")
    assert "Asia/Shanghai" in page


def test_the_last_full_month_with_data_is_chosen(cli: Cli) -> None:
    assert "示例: demo, 2026-01 (Asia/Shanghai): 分子" in cli.ok("metrics", "show", "answer_rate", "--lang", "zh")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("code", ["p90_wait", "cost_per_call", "headcount", "seat_utilisation", "productivity", "fcr"])
def test_metrics_of_every_kind_have_a_page(cli: Cli, code: str, lang: str) -> None:
    page = cli.ok("metrics", "show", code, "--lang", lang)
    assert page.startswith(code)
    assert "{" not in page, "a parameter of the engine shows through"


def test_a_threshold_stands_in_the_texts(cli: Cli) -> None:
    assert "within 15 s of entering" in cli.ok("metrics", "show", "service_level", "--threshold", "15")


def test_other_systems_versions_stand_beside_it(cli: Cli) -> None:
    page = cli.ok("metrics", "show", "service_level")
    assert all(profile in page for profile in ("asterisk-sl2:", "connect:", "wazo:")) or "asterisk-sl:" in page


def test_an_unknown_code_names_the_nearest(cli: Cli) -> None:
    for words, nearest in ((("show", "answer_rat"), "answer_rate"), (("list", "--group", "queue"), "queues")):
        said = cli("metrics", *words)
        assert said.code == 2
        assert nearest in said.err
