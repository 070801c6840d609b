"""How deep JSON is nested, told from its bytes before any parser has to descend into it."""

from __future__ import annotations

import numpy as np

_QUOTE = ord('"')
_OTHERS = bytes(set(range(256)) - set(b'"{}[]'))
_STEPS = np.zeros(256, np.int64)
_STEPS[list(b"{[")], _STEPS[list(b"}]")] = 1, -1


def is_deeper(body: bytes, levels: int) -> bool:
    """Whether brackets outside of strings are open more than so many at once. Takes time in proportion to the bytes.

    Of bytes that are no JSON it tells the same that a parser would meet before it finds out, or more.
    """
    if body.count(b"{") + body.count(b"[") <= levels:
        return False
    if b"\\" in body:  # an escaped quote does not end a string
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = np.frombuffer(body.translate(None, _OTHERS), np.uint8)
    outside = (np.cumsum(marks == _QUOTE) & 1) == 0
    return bool(np.cumsum(_STEPS[marks[outside]]).max(initial=0) > levels)
