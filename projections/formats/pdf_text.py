"""Makes Chinese in a PDF searchable: where a font has one glyph for a character and for the radical of the same form, the
print says the radical (⼈ for 人), which no search and no copied text would match."""

from __future__ import annotations

import re
import zlib
from hashlib import sha256
from unicodedata import normalize

_RADICAL = re.compile(rb"<(2[ef][0-9a-f]{2})>(?=\s*\n)")
_BY_HAND = dict(
    zip(
        "⺠⻄⻅⻆⻉⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻭⻮⻯⻰⻱⻲⻳⺟⺒⺼⻁⼾⾭",
        "民西见角贝车長长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄齐歯齿竜龙龜亀龟母巳肉虎户青",
        strict=True,
    )
)
"""Radicals that normalisation has no character for, or one that is not written like it."""
_DROPPED = re.compile(rb"/CMapName [^\n]*\n/CMapType [^\n]*\n")
"""Lines of such a table that no reader needs: the room for what grows."""
_TRIES = 300


def with_characters(pdf: bytes) -> bytes:
    """The same file with characters in place of radicals in its tables of text; what does not fit in place stays as it is."""
    parts, at = [], 0
    for begin in re.finditer(rb">>\s*stream\r?\n", pdf):
        stream = zlib.decompressobj()
        try:
            table = stream.decompress(pdf[begin.end() :])
        except zlib.error:
            continue
        size = len(pdf) - begin.end() - len(stream.unused_data)
        if b"beginbfchar" not in table or not _RADICAL.search(table):
            continue
        fitted = _of_size(_RADICAL.sub(_character, table), size)
        if fitted is not None:
            parts += [pdf[at : begin.end()], fitted]
            at = begin.end() + size
    return b"".join([*parts, pdf[at:]])


def _character(match: re.Match[bytes]) -> bytes:
    radical = chr(int(match[1], 16))
    character = _BY_HAND.get(radical) or normalize("NFKC", radical)
    return b"<%04x>" % ord(character) if len(character) == 1 else match[0]


def _of_size(table: bytes, size: int) -> bytes | None:
    """The table compressed to exactly so many bytes (all places of a file are counted): filled up with a comment."""
    text = _DROPPED.sub(b"", table)
    filling = "".join(sha256(text + bytes([n])).hexdigest() for n in range(8)).encode()
    for length in range(_TRIES):
        packed = zlib.compress(text + b"\n%" + filling[:length], 9)
        if len(packed) == size:
            return packed
        if len(packed) > size + 2:
            return None
    return None
