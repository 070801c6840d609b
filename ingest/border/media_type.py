"""Media types as HTTP and CloudEvents write them, parameters in quotes and all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
"""RFC 6838: a type's name, and a subtype's."""
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TYPE = re.compile(rf"[ \t]*({_NAME}/{_NAME})[ \t]*", re.ASCII)
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_WORD})[ \t]*=[ \t]*(?:({_WORD})|"((?:[^"\\]|\\.)*)"))?', re.ASCII)
_QUOTED_PAIR = re.compile(r"\\(.)")
_UTF8 = frozenset(("utf-8", "utf8", "us-ascii"))
"""Charsets that are UTF-8 or a part of it."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """``name`` is in lower case; of a parameter that is given twice both values count."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether what it names is JSON: the subtype says so, or its suffix (RFC 6839)."""
        subtype = self.name.partition("/")[2]
        return subtype == "json" or subtype.endswith("+json")

    @property
    def foreign_charset(self) -> str:
        """A charset that is not UTF-8; empty where there is none."""
        return next((v for name, v in self.parameters if name == "charset" and v.lower() not in _UTF8), "")


@lru_cache(maxsize=256)
def media_type_of(text: str) -> MediaType | None:
    """A media type with its parameters; None where the text is none."""
    found = _TYPE.match(text)
    if found is None:
        return None
    parameters, at = [], found.end()
    while at < len(text) and (parameter := _PARAMETER.match(text, at)):
        at = parameter.end()
        if parameter[1]:
            value = parameter[2] if parameter[3] is None else _QUOTED_PAIR.sub(r"\1", parameter[3])
            parameters.append((parameter[1].lower(), value))
    return None if text[at:].strip(" \t") else MediaType(found[1].lower(), tuple(parameters))
