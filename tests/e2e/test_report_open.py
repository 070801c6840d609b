"""``opsledger report open``: a real server asked by a real client and by a real browser."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.infra.facts import view
from opsledger.infra.store import open_store
from opsledger.projections.formats.links import links_of, script, script_policy
from opsledger.projections.reports.cells import ORDER, ref_of
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report
from tests.e2e.conftest import Cli

ZONE = "Asia/Shanghai"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("open")
    found = Cli(folder / "data")
    found.ok("simulate", "--days", "2", "--calls-per-day", "80", "--out", folder / "e.jsonl", "--quiet")
    found.ok("init", "--tenant", "demo", "--zone", ZONE)
    found.ok("ingest", folder / "e.jsonl", "--tenant", "demo", "--quiet")
    return found


@contextmanager
def opened(cli: Cli, *more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a report that is open."""
    started = cli.start("report", "open", "traffic", "--day", "2026-01-02", "--no-browser", "--for", "120", *more)
    assert started.stdout
    line = started.stdout.readline().decode()
    found = re.search(r"http://127\.0\.0\.1:\d+/[\w-]+/", line)
    assert found, line + (started.stderr.read().decode() if started.stderr and started.poll() is not None else "")
    try:
        yield found[0], started
    finally:
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=60)


def fetched(address: str) -> tuple[int, str, bytes]:
    try:
        with urlopen(address, timeout=60) as answer:
            return answer.status, str(answer.headers["Content-Type"]), answer.read()
    except HTTPError as error:
        return error.code, str(error.headers["Content-Type"]), error.read()


def result_of(cli: Cli) -> Result:
    with open_store(cli.data) as store, view(store, "demo") as facts:
        return run_report(facts, Request("traffic", parse_period(Grain.DAY, "2026-01-02", ZONE)))


def test_the_report_its_other_forms_and_the_rows_behind_a_figure(cli: Cli) -> None:
    result = result_of(cli)
    column = next(i for i, c in enumerate(result.columns) if c.name == "entries")
    number = next(n for n, row in enumerate(result.rows) if row[column])
    ref = ref_of(result, number, "entries")
    with opened(cli) as (address, _):
        status, media, page = fetched(address)
        assert (status, media) == (200, "text/html; charset=utf-8")
        assert b"data-live" in page
        assert "话务量统计表".encode() in fetched(f"{address}?lang=zh")[2]
        for form, begins in (("xlsx", b"PK"), ("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbf"), ("json", b"{")):
            status, _, body = fetched(f"{address}report.{form}?lang=zh")
            assert (status, body[: len(begins)]) == (200, begins)
        status, _, body = fetched(f"{address}cell.json?ref={ref}")
        assert status == 200
        assert len(json.loads(body)["rows"]) >= 1
        assert b"<table" in fetched(f"{address}cell?ref={ref}&lang=zh")[2]


def test_what_cannot_be_shown_is_told_on_a_page_without_a_traceback(cli: Cli) -> None:
    with opened(cli) as (address, _):
        for path, status in (
            ("nothing", 404),
            ("report.exe", 404),
            ("cell", 400),
            ("cell?ref=x", 400),
            ("cell?ref=%00%F0", 400),
        ):
            found = fetched(address + path)
            assert found[0] == status
            assert b"Traceback" not in found[2]
            assert found[2].startswith(b"<!doctype html>")
        assert fetched(address)[0] == 200, "a bad request leaves the server as it was"
        assert fetched(re.sub(r"/[\w-]+/$", "/", address))[0] == 404


def test_a_figure_of_another_tenant_is_not_shown(cli: Cli) -> None:
    result = result_of(cli)
    other = replace(result, parameters={**result.parameters, "tenant": "other"})
    with opened(cli) as (address, _):
        status, _, body = fetched(f"{address}cell?ref={ref_of(other, -1, 'entries')}")
        assert status == 400
        assert b"not one of the report" in body


def test_it_ends_by_itself_and_by_ctrl_c_and_lets_the_data_go(cli: Cli) -> None:
    with opened(cli) as (_, started):
        assert cli("report", "list").code == 0
        started.send_signal(signal.SIGINT)
        started.wait(timeout=60)
        assert started.returncode == 0
    assert cli("report", "run", "traffic", "--day", "2026-01-02").code == 0
    began = time.monotonic()
    said = cli("report", "open", "traffic", "--day", "2026-01-02", "--no-browser", "--for", "1")
    assert (said.code, time.monotonic() - began < 60) == (0, True)


def test_a_request_that_it_cannot_honour_is_refused_before_anything_is_served(cli: Cli) -> None:
    said = cli("report", "open", "trafic", "--day", "2026-01-02", "--no-browser", "--for", "1")
    assert said.code == 2
    assert "traffic" in said.err
    assert "http://" not in said.out


def test_the_parts_of_a_page_make_the_very_references_of_its_figures(cli: Cli) -> None:
    """In Python what the page's script does in a browser; ``test_pages_in_a_browser`` runs that."""
    result = result_of(cli)
    links = links_of(result)[0]
    for number in (0, len(result.rows) - 1, -1):
        for index, column in enumerate(result.columns):
            ref = ref_of(result, number, column.name)
            if ref is None:
                continue
            merged = {**links.base, **links.rows[number], **links.columns[index]}
            assert _encoded({k: merged[k] for k in ORDER if k in merged}) == ref


def _encoded(content: dict[str, object]) -> str:
    from opsledger.projections.reports import cells

    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return f"{cells._text(data)}.{cells._check(data)}"


def test_only_the_script_of_the_page_itself_may_run(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    cli.ok("report", "run", "traffic", "--day", "2026-01-02", "--format", "html", "--out", out)
    page = out.read_text("utf-8")
    assert f"script-src {script_policy()}" in page
    assert page.count("<script") == 2  # the data of the references, and the script
    assert f"<script>{script()}</script>" in page
