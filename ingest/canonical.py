"""A canonical record on its way to be bytes: what the adapters that make events line by line fill in."""

from __future__ import annotations

from typing import Any

import msgspec


class Canonical(msgspec.Struct, omit_defaults=True, gc=False):
    """One event as CloudEvents has it; what is empty is left out. ``sourcerecord`` is what the source said beside it."""

    type: str
    specversion: str
    id: str
    source: str
    subject: str
    time: str
    tenant: str
    data: dict[str, Any]
    vendor: str = ""
    corrects: str = ""
    sourcerecord: str = ""
