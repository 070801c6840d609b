"""Reading one JSON record: typed access with complaints that name the place, and what was not placed anywhere.

A field that went into an event as it is is ``placed``; all others are in ``rest``. Names are found in any case: a source's
own samples write ``agentInfo`` and ``AgentInfo``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from opsledger.ingest.border.judge import Refusal
from opsledger.ingest.border.values import shown
from opsledger.ingest.chunk import Reason

_TIME = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
MAX_SECONDS = 366 * 24 * 3600


class RecordRefused(Exception):  # noqa: N818  a verdict, not an error
    """Why a record cannot become events."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


class Node:
    """One object of a record. Absent and null are the same; every method raises RecordRefused for a value of another kind."""

    __slots__ = ("_children", "_names", "_placed", "data", "path")

    def __init__(self, data: dict[str, Any], path: str = "") -> None:
        self.data, self.path = data, path
        self._names = {name.lower(): name for name in data}
        self._placed: set[str] = set()
        self._children: dict[str, list[Node]] = {}

    def get(self, name: str) -> Any:
        """The value as it is; None where there is none."""
        own = self._names.get(name.lower())
        return None if own is None else self.data[own]

    def has(self, name: str) -> bool:
        """Whether there is a value."""
        return self.get(name) is not None

    def text(self, name: str) -> str:
        """A text; '' for none."""
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def needed(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if not value:
            raise RecordRefused(Reason.INVALID, f"{self.path}{name}: is missing")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number, not negative."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise self.wrong(name, "a whole number")
        if not 0 <= value <= MAX_SECONDS * 1000:
            raise RecordRefused(Reason.INVALID, f"{self.path}{name}: {shown(value)} is outside 0 to {MAX_SECONDS * 1000}")
        return int(value)

    def flag(self, name: str) -> bool:
        """True or false; false where it is absent."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return bool(value)

    def moment(self, name: str) -> int | None:
        """A time with its offset, in microseconds since 1970."""
        text = self.text(name)
        return micros_of(text, self.path + name) if text else None

    def child(self, name: str) -> Node:
        """The object under a name; an empty one where there is none."""
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(name, "an object")
        known = self._children.get(name)
        if known is None:
            known = self._children[name] = [Node(value or {}, f"{self.path}{name}.")]
        return known[0]

    def children(self, name: str) -> list[Node]:
        """The objects of a list."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, "a list of objects")
        if name not in self._children:
            self._children[name] = [Node(item, f"{self.path}{name}[{index}].") for index, item in enumerate(value)]
        return self._children[name]

    def place(self, *names: str) -> None:
        """These fields stand in an event as they are."""
        self._placed.update(name.lower() for name in names)

    def rest(self) -> dict[str, Any]:
        """What was not placed, in its own order and nesting; nulls and what is empty are nothing."""
        inner = {name.lower(): nodes for name, nodes in self._children.items()}
        rest: dict[str, Any] = {}
        for name, value in self.data.items():
            low = name.lower()
            if low in self._placed or value is None or value in ("", [], {}):
                continue
            if low in inner:
                value = _rests(inner[low], value)  # noqa: PLW2901  what is left of it
                if value in ([], {}):
                    continue
            rest[name] = value
        return rest

    def wrong(self, name: str, wanted: str) -> RecordRefused:
        """The complaint about a value of another kind."""
        return RecordRefused(Reason.INVALID, f"{self.path}{name}: wants {wanted}, has {shown(self.get(name))}")


def _rests(nodes: list[Node], value: Any) -> Any:
    if isinstance(value, dict):
        return nodes[0].rest()
    rests = [node.rest() for node in nodes]
    return rests if any(rests) else []


def micros_of(text: str, place: str) -> int:
    """Microseconds since 1970 of ISO 8601 with an offset; months and days of one digit are understood, as some write them."""
    plain = _plain_micros(text)
    return _odd_micros(text, place) if plain is None else plain


@lru_cache(1 << 14)
def _plain_micros(text: str) -> int | None:
    """Of the usual form, ``2026-01-05T09:00:00Z`` or with milliseconds; None for any other."""
    if len(text) not in (20, 24) or text[10] != "T" or text[-1] != "Z":
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MICRO
    except ValueError:
        return None


def _odd_micros(text: str, place: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise RecordRefused(Reason.INVALID, f"{place}: '{shown(text)}' is not a time such as 2026-01-05T09:00:00.000Z")
    if found[8] is None:
        raise RecordRefused(Reason.NO_OFFSET, f"{place}: '{shown(text)}' has no offset such as Z, so its moment is not known")
    micros = int((found[7] or "0").ljust(9, "0")[:6])
    try:
        year, month, day, hour, minute = (int(found[n]) for n in range(1, 6))
        at = datetime(year, month, day, hour, minute, int(found[6] or 0), micros, _zone(found[8]))
    except ValueError as error:
        raise RecordRefused(Reason.INVALID, f"{place}: '{shown(text)}' is not a time: {error}") from None
    return (at - _EPOCH) // _MICRO


def _zone(offset: str) -> timezone:
    if offset in "Zz":
        return UTC
    delta = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-delta if offset[0] == "-" else delta)
