"""The letters that a file carries: all of its text, the same from run to run, whatever fonts are installed."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont

from opsledger.projections.formats import font
from opsledger.projections.formats.charts import svg_of
from opsledger.projections.formats.html import to_html
from opsledger.projections.formats.pdf import to_pdf
from opsledger.projections.reports.model import Result
from tests.bare_machine import bare
from tests.format_samples import charts, rich

ROOT = Path(__file__).parents[2]
RULE = re.compile(r'@font-face\{font-family:"opsledger";font-weight:(\d+);src:url\(data:font/otf;base64,([^)]+)\)\}')
PRINT = """
from hashlib import sha256
from opsledger.projections.formats.pdf import to_pdf
from tests.unit.test_font import shown
print(sha256(to_pdf(shown())).hexdigest())
"""
BLANK = """
from io import BytesIO
from pypdf import PdfReader
from opsledger.projections.formats import font
font.style = font.bold_style = lambda text: ""
from opsledger.projections.formats.pdf import to_pdf
from tests.unit.test_font import shown
print("话务量统计表" in "".join(page.extract_text() for page in PdfReader(BytesIO(to_pdf(shown()))).pages))
"""


def shown() -> Result:
    """A Chinese report with charts, a target missed, lists, notes and sums."""
    return replace(rich("zh"), charts=charts("九点"))


def carried(css: str, weight: int = font.REGULAR) -> set[str]:
    """The characters for which a file carries letters."""
    fonts = [TTFont(BytesIO(b64decode(data))) for w, data in RULE.findall(css) if int(w) == weight]
    return {chr(code) for each in fonts for code in each.getBestCmap()}


def text_of(made: str) -> set[str]:
    """The characters that a page or a picture shows."""
    bare_text = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", made, flags=re.DOTALL)
    return {c for c in unescape("".join(re.findall(r">([^<]+)<", bare_text))) if c.isprintable()}


def test_a_page_and_its_charts_carry_all_letters_of_their_text() -> None:
    for made in (to_html(shown()), *map(svg_of, shown().charts)):
        assert len(text_of(made)) > 5
        assert text_of(made) <= carried(made)


def test_what_is_thick_is_all_that_is_thin() -> None:
    assert carried(font.bold_style("话务量 ✗"), font.BOLD) == carried(font.style("话务量 ✗")) > set("话务量✗Az09•")


def test_thick_letters_are_thicker_and_take_the_same_room() -> None:
    thin, thick = (TTFont(BytesIO(font._drawn(weight, frozenset("国l")))) for weight in (font.REGULAR, font.BOLD))
    for glyph in ("u56fd", "u006c"):
        boxes = [each["CFF "].cff[0].CharStrings[glyph].calcBounds(None) for each in (thin, thick)]
        widths = [right - left for left, _, right, _ in boxes]
        assert widths[1] > widths[0]
        assert thin["hmtx"][glyph] == thick["hmtx"][glyph]


def test_the_same_characters_give_the_same_letters_whatever_was_asked_before() -> None:
    first = font.style("排队量 abc") + font.bold_style("排队量 abc")
    font.bold_style("另外一些字")
    for kept in (font._cut, font._drawn, font._glyph):
        kept.cache_clear()
    assert font.style("cba 量排队") + font.bold_style("cba 量排队") == first
    assert font.style("排队") not in first


def said(code: str, environ: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout


def test_where_no_font_is_installed_a_print_is_the_same_to_the_byte(tmp_path: Path) -> None:
    assert said(PRINT, bare(tmp_path)).strip() == sha256(to_pdf(shown())).hexdigest()


def test_without_its_own_letters_it_would_have_none(tmp_path: Path) -> None:
    """Negative control: nothing else brings a font there."""
    assert said(BLANK, bare(tmp_path)).strip() == "False"
