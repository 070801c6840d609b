"""Ids of imported facts, one by one: ``domain.envelope.fact_id``, made quicker by doing once what the ids of a type share."""

from __future__ import annotations

import hashlib
from typing import Any

from opsledger.domain.envelope import NAMESPACE

MARK = "\x1f"
"""Stands between the parts of what an id is made of."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class FactIds:
    """The ids of one tenant's facts from one source."""

    def __init__(self, tenant: str, source: str) -> None:
        self._tenant, self._source = tenant, source
        self._begun: dict[str, Any] = {}

    def of(self, type_: str, key: bytes) -> str:
        """The id as text. ``key`` is the fact's own key and its ordinal, joined by ``MARK``."""
        try:
            hashed = self._begun[type_].copy()
        except KeyError:
            start = MARK.join((self._tenant, self._source, type_, ""))
            # UUID version 5 is made of SHA-1
            begun = hashlib.sha1(NAMESPACE.bytes + start.encode("utf-8", "surrogatepass"), usedforsecurity=False)
            hashed = self._begun.setdefault(type_, begun).copy()
        hashed.update(key)
        h = hashed.hexdigest()
        return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:32]}"
