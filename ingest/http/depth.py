"""How deep JSON is nested, told from its bytes before any parser has to descend into it."""

from __future__ import annotations

import numpy as np

_QUOTE, _OPEN, _CLOSE = ord('"'), (ord("{"), ord("[")), (ord("}"), ord("]"))
_PIECE = 1024 * 1024


def is_deeper(body: bytes, levels: int) -> bool:
    """Whether brackets outside of strings are open more than so many at once. Takes time in proportion to the bytes.

    Of bytes that are no JSON it tells the same that a parser would meet before it finds out, or more.
    """
    if body.count(b"{") + body.count(b"[") <= levels:
        return False
    if b"\\" in body:  # an escaped quote does not end a string
        body = body.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    depth, quotes = 0, 0
    for start in range(0, len(body), _PIECE):
        cells = np.frombuffer(body, np.uint8)[start : start + _PIECE]
        quoted = np.cumsum(cells == _QUOTE) + quotes
        steps = np.isin(cells, _OPEN).astype(np.int64) - np.isin(cells, _CLOSE)
        depths = np.cumsum(np.where(quoted & 1, 0, steps)) + depth
        if depths.max() > levels:
            return True
        depth, quotes = int(depths[-1]), int(quoted[-1]) & 1
    return False
