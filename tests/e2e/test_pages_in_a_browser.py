"""The pages as a browser shows them: whole, in both languages, at the width of a small laptop, on their own."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bare_machine import with_latin
from tests.e2e.conftest import Cli

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("needs Chromium (Debian: apt-get install chromium)", allow_module_level=True)

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


def browse(page: Path | str, profile: Path, *more: str, fragment: str = "") -> str:
    assert CHROMIUM
    address = page if isinstance(page, str) else page.as_uri() + fragment
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *more, address]
    environ = with_latin(profile.with_name("bare"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environ)
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


def test_without_an_installed_font_for_it_chinese_is_shown(pages: Path, tmp_path: Path) -> None:
    """With Latin fonts alone; the second and third are what boxes look like."""
    page = (pages / "traffic.zh.html").read_text("utf-8")
    letters = re.compile(r"<style>@font-face.*?</style>")
    chart = re.compile(r"(?<=data:image/svg\+xml;base64,)[^\"]+")
    plain = chart.sub(lambda found: b64encode(letters.sub("", b64decode(found[0]).decode()).encode()).decode(), page)
    assert letters.search(page)
    assert plain != page
    shots = [
        _shot(tmp_path, name, text) for name, text in (("whole", page), ("boxes", letters.sub("", page)), ("charts", plain))
    ]
    assert len(set(shots)) == 3


def _shot(folder: Path, name: str, page: str) -> bytes:
    (folder / f"{name}.html").write_text(page, "utf-8")
    shot = folder / f"{name}.png"
    browse(folder / f"{name}.html", folder / "profile", f"--screenshot={shot}")
    return shot.read_bytes()


def test_a_page_asks_nothing_of_the_network(pages: Path) -> None:
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
        assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//|@import|<script[^>]+src|<iframe", text)
        assert text.count("<script>") <= 1, "its own, which leads from a figure to its rows"
        assert "default-src 'none'" in text


def test_a_figure_of_a_file_shows_the_command_that_lists_its_rows(pages: Path, tmp_path: Path) -> None:
    page = pages / "traffic.en.html"
    column = re.findall(r"<th scope.*?</th>", page.read_text("utf-8")).index(next(_headers(page, "Queue entries")))
    dom = browse(page, tmp_path / "profile", "--dump-dom", fragment=f"#ct.{column}")
    found = re.search(r"opsledger (report run call_detail --from-cell [\w.-]+)</textarea>", dom)
    assert found
    listed = Cli(pages / "data").ok(*found[1].split(), "--format", "json")
    shown = re.search(rf"<a href=\"?#ct\.{column}\"?>([\d,]+)</a>", dom)
    assert shown
    assert len(json.loads(listed)["rows"]) == int(shown[1].replace(",", ""))


def test_without_being_asked_a_page_shows_no_command(pages: Path, tmp_path: Path) -> None:
    dom = browse(pages / "traffic.en.html", tmp_path / "profile", "--dump-dom")
    assert "--from-cell" not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)


def test_a_figure_of_a_live_page_leads_to_its_rows(pages: Path, tmp_path: Path) -> None:
    page = pages / "traffic.en.html"
    column = re.findall(r"<th scope.*?</th>", page.read_text("utf-8")).index(next(_headers(page, "Queue entries")))
    started = Cli(pages / "data").start("report", "open", "traffic", "--month", "2026-01", "--no-browser", "--for", "100")
    assert started.stdout
    try:
        address = re.search(r"http://\S+/", started.stdout.readline().decode())
        assert address
        dom = browse(f"{address[0]}#ct.{column}", tmp_path / "profile", "--dump-dom", "--virtual-time-budget=20000")
        assert "Call detail" in dom
        assert "Back to the report" in dom
    finally:
        started.terminate()
        started.communicate(timeout=30)


def _headers(page: Path, title: str) -> Iterator[str]:
    return (th for th in re.findall(r"<th scope.*?</th>", page.read_text("utf-8")) if f">{title}<" in th)
