"""The pages as a browser shows them: whole, in both languages, at the width of a small laptop, on their own."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("needs Chromium (Debian: apt-get install chromium); in CI it is required", allow_module_level=True)

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1366,768",
]


def browse(page: Path, profile: Path, *more: str) -> str:
    assert CHROMIUM, "Chromium is required in CI"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *more, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def pixels(path: Path) -> tuple[int, int, int]:
    """Width, height and number of different rows of a PNG's picture."""
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    packed, at = b"", 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    raw = zlib.decompress(packed)
    stride = len(raw) // height
    return width, height, len({raw[i : i + stride] for i in range(0, len(raw), stride)})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    cli = Cli(folder / "data")
    cli.ok("simulate", "--days", "3", "--calls-per-day", "120", "--out", folder / "e.jsonl", "--commands", folder / "c.jsonl")
    cli.ok("init", "--tenant", "demo", "--zone", "Asia/Shanghai")
    cli.ok("ingest", folder / "e.jsonl", "--tenant", "demo", "--quiet")
    cli.ok("decide", "--file", folder / "c.jsonl")
    for lang in ("en", "zh"):
        for report in ("traffic", "service_indicators"):
            out = folder / f"{report}.{lang}.html"
            cli.ok("report", "run", report, "--month", "2026-01", "--lang", lang, "--format", "html", "--out", out)
        statement = folder / f"statement.{lang}.html"
        cli.ok(
            "statement",
            "--contract",
            "xinhe-2026",
            "--month",
            "2026-01",
            "--lang",
            lang,
            "--format",
            "html",
            "--out",
            statement,
        )
    return folder


TITLES = {
    "traffic.en": "Traffic",
    "traffic.zh": "话务量统计表",
    "service_indicators.en": "Service indicators",
    "service_indicators.zh": "服务指标统计表",
    "statement.en": "Vendor statement",
    "statement.zh": "外包结算单",
}


@pytest.mark.parametrize(("name", "title"), TITLES.items())
def test_a_page_shows_its_title_table_and_picture(pages: Path, tmp_path: Path, name: str, title: str) -> None:
    page = pages / f"{name}.html"
    shot = tmp_path / "shot.png"
    dom = browse(page, tmp_path / "profile", "--dump-dom")
    assert title in re.sub(r"<[^>]+>", "", dom)
    assert dom.count("<tr") > 5
    browse(page, tmp_path / "profile", f"--screenshot={shot}")
    width, height, rows = pixels(shot)
    assert (width, height) == (1366, 768)
    assert rows > 150, "an empty page has a handful of different pixel rows"


def test_an_empty_page_would_be_noticed(tmp_path: Path) -> None:
    page, shot = tmp_path / "empty.html", tmp_path / "shot.png"
    page.write_text("<html><body><h1>Traffic</h1></body></html>")
    browse(page, tmp_path / "profile", f"--screenshot={shot}")
    assert pixels(shot)[2] < 150


def test_a_page_asks_nothing_of_the_network(pages: Path) -> None:
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
        assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//|@import|<script|<iframe", text)
