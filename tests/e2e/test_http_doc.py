"""docs/http.md is true: its commands run, its program sends, its limits and statuses are those of the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.infra.serve.connection import Bounds
from opsledger.infra.serve.rates import BURST_S
from opsledger.infra.serve.refusals import FILE_BYTES, LINES
from opsledger.infra.serve.server import DEFAULT_PORT
from opsledger.infra.web import connection as rest
from opsledger.ingest.border.fast import MAX_NESTING
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.openapi import document
from opsledger.ingest.http.request import BATCH, BINARY, STRUCTURED
from tests.e2e.conftest import ROOT, Cli
from tests.http_server import running

DOC = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")


def test_the_program_of_the_page_sends_and_the_report_counts_it(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    assert cli("init", "--tenant", "acme", "--zone", "Asia/Shanghai").code == 0
    (commands,) = re.findall(r"```sh\n(.*?)```", DOC, re.DOTALL)
    add, list_, serve = commands.splitlines()
    assert serve == "opsledger serve"
    made = cli(*(word.strip('"') for word in re.findall(r'"[^"]*"|\S+', add)[1:]))
    assert made.code == 0, made.err
    assert "ticket desk" in cli(*list_.split()[1:]).out
    (program,) = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
    with running(tmp_path / "data") as process:
        environ = {**os.environ, "URL": process.url, "KEY": made.out.strip()}
        done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
        busy = cli("history", "ticket", "T-1001", "--tenant", "acme")
    assert (busy.code, "in use by `opsledger serve`" in busy.err) == (4, True)
    assert done.returncode == 0, done.stderr[-300:]
    assert json.loads(done.stdout)["status"] == "accepted"
    told = cli("history", "ticket", "T-1001", "--tenant", "acme")
    assert "ticket.opened" in told.out, told


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    limits, bounds = Limits(), Bounds()
    for figure in (
        f"| body | {limits.body_bytes:,} bytes |",
        f"| event | {MAX_EVENT_BYTES:,} bytes |",
        f"| events a batch | {limits.events:,} |",
        f"| levels of nesting of an event | {MAX_NESTING}, ",
        f"| headers | {bounds.headers}, together {bounds.header_bytes:,} bytes |",
        f"| requests waiting for the log | {limits.waiting}, together {limits.in_flight_bytes:,} bytes; beyond: 429 |",
        f"| connections | {bounds.connections} |",
        (
            f"| headers complete within | {bounds.header_s:g} s, the whole request within {bounds.request_s:g} s, "
            f"an idle connection is closed after {bounds.idle_s:g} s, "
            f"one that does not take its answers after {bounds.unread_s:g} s |"
        ),
        f"| rest of a refused request | {rest._DRAINED_BYTES:,} bytes, {rest._DRAINED_S:g} s, {rest._SILENT_S:g} s without",
        f"`--burst` may come at once, what comes in {'ten' if BURST_S == 10 else BURST_S}",
        f"Of many at once {'five' if LINES.a_second == 5 else LINES.a_second} a second have a line",
        f"two files of {FILE_BYTES // 1024**2} MiB",
        f"| {limits.answer_s:g} s; a log that takes more than {limits.stalled_s:g} s",
        f"http://127.0.0.1:{DEFAULT_PORT}",
    ):
        assert figure in DOC, figure


def test_every_status_type_and_path_is_on_the_page() -> None:
    told = document("", Limits())
    for path in told["paths"]:
        assert path in DOC, path
    for status in told["paths"]["/events"]["post"]["responses"]:
        assert f"| {status} |" in DOC or f"**{status}**" in DOC, status
    for media in (STRUCTURED, BATCH, BINARY):
        assert f"`{media}`" in DOC
