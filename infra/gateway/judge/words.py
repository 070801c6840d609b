"""A statement word by word, as the engine writes it out: without comments, with one way of quoting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from opsledger.infra.gateway.statement import Token, tokens

_ESCAPED = re.compile(rb"\\(.)|``|\"\"", re.DOTALL)


def name_of(text: bytes, token: Token) -> str:
    """A token of a text as a name; '' for what is none."""
    raw = text[token.start : token.end]
    if token.kind == "quoted" and raw[:1] in (b"`", b'"'):
        raw = _ESCAPED.sub(lambda found: found[1] or found[0][:1], raw[1:-1])
    elif token.kind != "word":
        return ""
    return raw.decode(errors="replace")


def in_parentheses(text: bytes) -> list[bytes]:
    """The pieces of a text that stand in parentheses of their own."""
    edges = [token for token in tokens(text) if token.depth == 0 and token.kind in ("open", "close")]
    return [text[first.start : last.end] for first, last in zip(edges[::2], edges[1::2], strict=False)]


class Words:
    """A statement's tokens, read from the left."""

    def __init__(self, text: bytes) -> None:
        self._tokens: Sequence[Token] = tuple(tokens(text))
        self._text = text
        self._at = 0

    def take(self, *words: bytes) -> bool:
        """Go on behind these words, if they come next."""
        end = self._at + len(words)
        found = tuple(token.text for token in self._tokens[self._at : end])
        if found != words:
            return False
        self._at = end
        return True

    def name(self) -> str:
        """The next token as a name; '' for what is none."""
        if self._at >= len(self._tokens):
            return ""
        token = self._tokens[self._at]
        self._at += 1
        return name_of(self._text, token)

    @property
    def rest(self) -> tuple[bytes, ...]:
        """What has not been taken."""
        return tuple(token.text for token in self._tokens[self._at :])

    def engines(self) -> Iterator[str]:
        """The names behind ENGINE, wherever one stands."""
        for at, token in enumerate(self._tokens):
            following = [found.text for found in self._tokens[at + 1 : at + 3]]
            if token.kind == "word" and token.text == b"ENGINE" and following[:1] == [b"="]:
                named = self._tokens[at + 2]
                yield self._text[named.start : named.end].decode(errors="replace").strip("`")

    def has(self, *words: bytes) -> bool:
        """Whether one of these words stands anywhere, outside texts."""
        return any(token.kind == "word" and token.text in words for token in self._tokens)
