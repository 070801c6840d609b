"""Older versions of an event's data are brought up to the newest on read; what is stored is never rewritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure function from the JSON data of version n to that of version n + 1."""

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""(type, version) → the step from that version to the next; every type is still at version 1."""


def upcast(
    type_: str, data: dict[str, Any], version: int, newest: int, steps: Mapping[tuple[str, int], Upcaster]
) -> dict[str, Any]:
    """The data of ``version`` as data of ``newest``. KeyError where a step is missing; ``data`` is left as it is."""
    for step in range(version, newest):
        data = steps[type_, step](dict(data))
    return data
