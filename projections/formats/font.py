"""The letters of pages, charts and prints: a file carries those of its text, cut from the font that comes with the program,
so that it looks the same where no font with Chinese characters is installed, or none at all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache, lru_cache
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import noto_cjk_sans_otc
import uharfbuzz

NAME = "opsledger"
"""The family's name in the files that carry it: no installed font has it, so none takes its place."""
FAMILY = "Noto Sans CJK SC"
FOLDER = Path(str(noto_cjk_sans_otc.FONT_PATH)).parent
REGULAR, BOLD = 400, 700
_SIMPLIFIED = 2
"""Place of the face with the forms of the mainland in the collection."""
_ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "•"
"""With the mark of a list, which no text holds."""
_LIKE = {"✗": "×"}
"""What the font lacks, and what is drawn for it."""
_STRONGER = {REGULAR: 0.0, BOLD: 0.03}
"""How much thicker the strokes are, in ems: the collection has no bold face."""
_BOX = {"xMin": -200, "yMin": -200, "xMax": 1200, "yMax": 1000}
_KEPT = 16


def style(text: str) -> str:
    """The CSS rule that gives a file the letters of its text (which may be HTML) as the family ``NAME``.

    The same characters give the same rule.
    """
    wanted = _characters(text)
    cut = _rule(REGULAR, _cut(wanted))
    lacking = frozenset(wanted & _LIKE.keys())
    return cut + _rule(REGULAR, _drawn(REGULAR, lacking)) if lacking else cut


def bold_style(text: str) -> str:
    """The same with thick strokes, for what prints PDF: browsers thicken a regular face themselves."""
    return _rule(BOLD, _drawn(BOLD, _characters(text)))


def with_letters(page: str) -> str:
    """An HTML page that carries its letters; its policy has to allow ``font-src data:``."""
    return page.replace("</head>", f"<style>{style(page)}</style></head>", 1)


def _characters(text: str) -> frozenset[str]:
    found = set(unescape(text))
    return frozenset(found.union(_ALWAYS, *map(str.upper, found)))


def _rule(weight: int, font: bytes) -> str:
    source = f"url(data:font/otf;base64,{b64encode(font).decode()})"
    return f'@font-face{{font-family:"{NAME}";font-weight:{weight};src:{source}}}'


@cache
def _face() -> uharfbuzz.Face:
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(noto_cjk_sans_otc.FONT_PATH)), _SIMPLIFIED)


@lru_cache(maxsize=_KEPT)
def _cut(characters: frozenset[str]) -> bytes:
    """These characters of the font: without ligatures and other forms, which could not be found as text."""
    wanted = uharfbuzz.SubsetInput()
    wanted.unicode_set.update(map(ord, characters))
    wanted.sets(uharfbuzz.SubsetInputSets.LAYOUT_FEATURE_TAG).clear()
    wanted.flags = uharfbuzz.SubsetFlags.NO_HINTING | uharfbuzz.SubsetFlags.DESUBROUTINIZE
    return bytes(uharfbuzz.subset(_face(), wanted).blob.data)


@lru_cache(maxsize=_KEPT)
def _drawn(weight: int, characters: frozenset[str]) -> bytes:
    """The characters drawn anew: thick ones, and those that the font lacks."""
    font = _pen_of(weight)
    numbers = {ord(c): font.get_nominal_glyph(ord(_LIKE.get(c, c))) for c in sorted(characters)}
    return _written(weight, {code: number for code, number in numbers.items() if number})


def _written(weight: int, numbers: Mapping[int, int]) -> bytes:
    """A font file: code of a character → number of its glyph in the collection."""
    from fontTools.fontBuilder import FontBuilder  # noqa: PLC0415  slow to load, and prints alone ask for it

    names = {code: f"u{code:04x}" for code in numbers}
    glyphs = {".notdef": _glyph(weight, 0), **{names[code]: _glyph(weight, number) for code, number in numbers.items()}}
    made, extents = FontBuilder(_face().upem, isTTF=False), _pen_of(weight).get_font_extents("ltr")
    made.font.recalcTimestamp = made.font.recalcBBoxes = False
    made.setupHead(unitsPerEm=_face().upem, created=0, modified=0, **_BOX)
    made.setupGlyphOrder(list(glyphs))
    made.setupCharacterMap(names)
    box = {"FontBBox": list(_BOX.values())}
    made.setupCFF(f"{NAME}-{weight}", box, {name: drawn for name, (drawn, _) in glyphs.items()}, {})
    made.setupHorizontalMetrics({name: (advance, 0) for name, (_, advance) in glyphs.items()})
    made.setupHorizontalHeader(ascent=extents.ascender, descent=extents.descender)
    made.setupNameTable({"familyName": NAME, "styleName": str(weight)})
    made.setupOS2(usWeightClass=weight)
    made.setupPost()
    out = BytesIO()
    made.save(out)
    return out.getvalue()


@cache
def _pen_of(weight: int) -> uharfbuzz.Font:
    font = uharfbuzz.Font(_face())
    font.synthetic_bold = (_STRONGER[weight], _STRONGER[weight], True)
    return font


@cache
def _glyph(weight: int, number: int) -> tuple[Any, int]:
    """A glyph's drawing and advance; made once a process, for it is what takes time."""
    from fontTools.pens.t2CharStringPen import T2CharStringPen  # noqa: PLC0415

    font = _pen_of(weight)
    pen = T2CharStringPen(font.get_glyph_h_advance(number), None)
    font.draw_glyph_with_pen(number, pen)
    drawn = pen.getCharString()
    drawn.compile()
    return drawn, font.get_glyph_h_advance(number)
