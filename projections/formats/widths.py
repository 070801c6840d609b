"""How wide text is, in characters: for the columns of sheets, pages and prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

_SEEN = 2_000
"""A column's width is taken from so many of its cells."""


def text_width(text: str) -> int:
    """Half-width characters that a text takes: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def word_width(text: str) -> int:
    """The width of its longest part that is not broken: a word, a Chinese character."""
    if text.isascii():
        return max(map(len, text.split()), default=0)
    words = "".join(f" {c} " if east_asian_width(c) in "WF" else c for c in text).split()
    return max(map(text_width, words), default=0)


def cells_width(cells: Sequence[str]) -> int:
    """The width of a column's longest cell; of a very long column, of the first cells and an even sample of the rest."""
    step = max(1, len(cells) // _SEEN)
    return max(map(text_width, _sample(cells, step)), default=0)


def _sample(cells: Sequence[str], step: int) -> Iterable[str]:
    return cells if step == 1 else (*cells[:_SEEN], *cells[_SEEN::step])
