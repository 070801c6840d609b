"""Names that stand twice in one JSON object. Parsers take the last one, or the first: nobody knows what was meant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

_QUOTE = b'"'
_ESCAPED_QUOTE = b"\\u0022"
_INT_DIGITS = 20


def names_twice(raw: bytes, read: Sequence[bytes], *, plain: bool = False) -> str:
    """What is wrong where a name stands twice in an object of ``raw``; empty where none does.

    ``read`` is all that was read of it, written again. A name that was lost took its quotes along, so the quotes are counted,
    which costs next to nothing; only where they differ, or one is written by its number, is the text read again.
    ``plain``: nothing in it is escaped.
    """
    if raw.count(_QUOTE) == sum([part.count(_QUOTE) for part in read]) and (plain or _ESCAPED_QUOTE not in raw):
        return ""
    return parsed_slowly(raw)[1]


def parsed_slowly(raw: bytes) -> tuple[Any, str]:
    """(the value as it would be judged, what is wrong where a name stands twice); (None, "") of what is no JSON.

    Numbers keep their kind, not their value: whole ones beyond 64 bits and broken ones are only told to be that.
    """
    twice: list[str] = []

    def made(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                twice.append(name)
            found[name] = value
        return found

    try:
        value = json.loads(raw.decode(), object_pairs_hook=made, parse_int=_whole, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None, ""
    return value, f"the name '{_shown(twice[0])}' stands twice in one object" if twice else ""


def _whole(digits: str) -> int:
    return int(digits) if len(digits) < _INT_DIGITS else 2**64


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _shown(name: str) -> str:
    return name[:100].encode("utf-8", "backslashreplace").decode()
