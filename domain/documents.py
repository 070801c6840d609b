"""Reads a document (terms) part by part: what is missing, misspelt or of the wrong kind is refused with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from opsledger.domain.errors import UserError, nearest
from opsledger.domain.numbers import is_short

Path = tuple[str | int, ...]
_MAX_SHOWN = 80


class DocumentError(UserError):
    """Something in a document is wrong; ``path`` says where, so that whoever read the file can name the line."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{dotted(path)}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def dotted(path: Path) -> str:
    """A place as people write it: ``rules[2].amount``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


@dataclass(slots=True)
class Part:
    """One object of a document. Every name that is asked for becomes known; ``done`` refuses the others."""

    values: Mapping[str, Any]
    path: Path = ()
    known: set[str] = field(default_factory=set)

    def wrong(self, name: str, problem: str) -> DocumentError:
        """An error at one of this part's names."""
        return DocumentError((*self.path, name) if name else self.path, problem)

    def has(self, name: str) -> bool:
        """Whether the name is there."""
        self.known.add(name)
        return self.values.get(name) is not None

    def need(self, name: str) -> Any:
        """The value of a name that has to be there."""
        if not self.has(name):
            raise self._missing(name)
        return self.values[name]

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = default if default is not None and not self.has(name) else self.need(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, f"a text is needed, not {_shown(value)}")
        return value

    def choice(self, name: str, valid: Sequence[str], default: str | None = None) -> str:
        """One of some words."""
        value = self.text(name, default)
        if value not in valid:
            raise self.wrong(name, f"'{value}' is not one of them{nearest(value, tuple(valid))}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self.values[name] if self.has(name) else default
        if not isinstance(value, bool):
            raise self.wrong(name, f"true or false is needed, not {_shown(value)}")
        return value

    def number(self, name: str, default: Decimal | None = None, *, low: int = 0, high: int = 10**12) -> Decimal:
        """A decimal number within bounds, at most 4 places."""
        if default is not None and not self.has(name):
            return default
        return self._bounded(name, decimal_of(self.need(name)), low, high)

    def whole(self, name: str, *, low: int = 0, high: int = 10**9) -> int:
        """A whole number within bounds."""
        value = self.number(name, low=low, high=high)
        if value != value.to_integral_value():
            raise self.wrong(name, f"a whole number is needed, not {value}")
        return int(value)

    def percent(self, name: str, *, high: int = 100) -> Decimal:
        """A percentage, written ``20%`` or ``20 %``: the 20."""
        value = self.need(name)
        if not isinstance(value, str) or not value.rstrip().endswith("%"):
            raise self.wrong(name, f"a percentage such as 20% is needed, not {_shown(value)}")
        return self._bounded(name, decimal_of(value.rstrip().removesuffix("%").strip()), 0, high)

    def part(self, name: str) -> Part:
        """An object inside this one."""
        return self._part(self.need(name), name)

    def parts(self, name: str) -> list[Part]:
        """A list of objects, at least one."""
        value = self.need(name)
        if not isinstance(value, list) or not value:
            raise self.wrong(name, "a list with at least one entry is needed")
        return [self._part(each, name, place) for place, each in enumerate(value)]

    def texts(self, name: str, valid: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of texts without repetition; none where the name is absent."""
        value = self.values[name] if self.has(name) else []
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self.wrong(name, f"a list of texts is needed, not {_shown(value)}")
        if bad := next((each for each in value if valid and each not in valid), None):
            raise self.wrong(name, f"'{bad}' is not one of them{nearest(bad, tuple(valid))}")
        if len(set(value)) < len(value):
            raise self.wrong(name, "the same word stands in it twice")
        return tuple(value)

    def done(self) -> None:
        """Refuse the names that nobody asked for."""
        for name in self.values:
            if name not in self.known:
                raise self.wrong(str(name), f"unknown name '{name}'{nearest(str(name), tuple(self.known))}")

    def _missing(self, name: str) -> DocumentError:
        """At the place of a name that looks like the missing one, if there is any."""
        for key in map(str, self.values):
            if key not in self.known and "mean" in nearest(key, (name,)):
                return self.wrong(key, f"'{name}' is missing; is '{key}' meant to be it?")
        return DocumentError(self.path, f"'{name}' is missing")

    def _part(self, value: Any, *steps: str | int) -> Part:
        if not isinstance(value, Mapping):
            raise DocumentError((*self.path, *steps), f"an object with names is needed, not {_shown(value)}")
        return Part(value, (*self.path, *steps))

    def _bounded(self, name: str, value: Decimal | None, low: int, high: int) -> Decimal:
        if value is None or not is_short(value):
            raise self.wrong(name, f"a number with at most 4 decimal places is needed, not {_shown(self.values[name])}")
        if not low <= value <= high:
            raise self.wrong(name, f"{value} is outside {low} to {high}")
        return value


def _shown(value: Any) -> str:
    """A value as a message shows it: its beginning says enough."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def decimal_of(value: Any) -> Decimal | None:
    """A finite decimal from a whole number, a Decimal or text; None for anything else, binary floats included."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
