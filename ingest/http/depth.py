"""How deep JSON is nested, and how many elements a list has, told from the bytes before any parser makes objects of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_QUOTE, _COMMA = ord('"'), ord(",")
_NO_BRACKETS = bytes(set(range(256)) - set(b'"{}[]'))
_NO_COMMAS = bytes(set(_NO_BRACKETS) - {_COMMA})
_STEPS = np.zeros(256, np.int32)
_STEPS[list(b"{[")], _STEPS[list(b"}]")] = 1, -1
_LIST = re.compile(rb"[ \t\r\n\xef\xbb\xbf]*\[")
"""How a list begins, behind blanks and a byte order mark."""
_PIECE_BYTES = 256 * 1024
"""So much is looked at at once: what it takes does not grow with the body."""


def is_deeper(body: bytes, levels: int) -> bool:
    """Whether brackets outside of strings are open more than so many at once. Takes time in proportion to the bytes.

    Of bytes that are no JSON it tells the same that a parser would meet before it finds out, or more.
    """
    if body.count(b"{") + body.count(b"[") <= levels:
        return False
    return any(depths.max(initial=0) > levels for _, depths in _walked(body, _NO_BRACKETS))


def is_longer(body: bytes, elements: int) -> bool:
    """Whether a list has more elements than so many; a comma at its end begins one, and what is no list has none.

    Else as ``is_deeper``.
    """
    if body.count(b",") < elements or not _LIST.match(body):
        return False
    found = 0
    for marks, depths in _walked(body, _NO_COMMAS):
        found += int(np.count_nonzero((marks == _COMMA) & (depths == 1)))
        if found >= elements:
            return True
    return False


def _walked(body: bytes, others: bytes) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    """Piece by piece, what stands outside of strings but for ``others``, and how many brackets are open behind each."""
    if b"\\" in body:  # an escaped quote does not end a string
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    quotes = depth = 0
    for at in range(0, len(body), _PIECE_BYTES):
        piece = np.frombuffer(body[at : at + _PIECE_BYTES].translate(None, others), np.uint8)
        counted = np.cumsum(piece == _QUOTE, dtype=np.int32) + quotes
        marks = piece[(counted & 1) == 0]
        depths = np.cumsum(_STEPS[marks], dtype=np.int32) + depth
        yield marks, depths
        quotes = int(counted[-1]) & 1 if len(counted) else quotes
        depth = int(depths[-1]) if len(depths) else depth
