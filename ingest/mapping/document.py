"""The YAML of a mapping, of terms, of schedules, read with the line of every key: only plain maps, lists and texts, so that
nothing in it can do harm. Nothing else in the product reads YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeAlias

import yaml

from opsledger.domain.errors import UserError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_TEXT = 8 * 1024

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
"""What a mapping holds. Every scalar is text as written: ``no`` and ``0:00:00`` mean themselves, not false and 0."""
Path_: TypeAlias = "tuple[str | int, ...]"
_NULLS = ("", "~", "null")


class MappingError(Exception):
    """Something in a mapping is wrong: where (the keys that lead there) and what."""

    def __init__(self, path: Path_, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(slots=True)
class Document:
    """A mapping as read: its name for messages, its content, and the line of each path in it."""

    name: str
    data: Plain
    lines: dict[Path_, int] = field(default_factory=dict)

    def line_of(self, path: Path_) -> int:
        """The line of a path, or of the nearest part of it that the document has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def user_error(self, error: MappingError) -> UserError:
        """The error with its place, as the user sees it."""
        place = ".".join(str(part) for part in error.path)
        return UserError(f"{self.name}:{self.line_of(error.path)}: {place + ': ' if place else ''}{error}")


def read_document(path: Path, what: str = "mapping") -> Document:
    """The document of a mapping file (or of another kind of file, ``what`` names it in messages).

    UserError where it cannot be read or is not plain YAML.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: the {what} cannot be read: {error.strerror or error}") from None
    return parse_document(raw, str(path), what)


def parse_document(raw: bytes, name: str, what: str = "mapping") -> Document:
    """The document of a mapping's bytes, see ``read_document``."""
    if len(raw) > MAX_BYTES:
        raise UserError(f"{name}: a {what} has at most {MAX_BYTES // 1024} KiB; is this the right file?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: a {what} is UTF-8 text; byte {error.start} is not") from None
    return _Builder(name, what).build(text)


class _Builder:
    """Builds the tree from the parser's events, one at a time, so that depth and size are known before they hurt."""

    def __init__(self, name: str, what: str) -> None:
        self._name, self._what = name, what
        self._document = Document(name, None)
        self._count = 0

    def build(self, text: str) -> Document:
        try:
            events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
            self._fill(events)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise UserError(f"{self._name}:{line}: not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, ValueError) as error:  # ValueError: a number in an escape that is no character
            raise UserError(f"{self._name}:1: not YAML: {str(error).splitlines()[0]}") from None
        return self._document

    def _fill(self, events: Iterator[yaml.Event]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, f"a {self._what} is one YAML document; a second one starts here")
            elif isinstance(event, yaml.NodeEvent):
                self._document.data = self._node(event, events, ())

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path_) -> Plain:
        self._check(event, path)
        self._document.lines.setdefault(path, _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return None if event.implicit[0] and event.value.lower() in _NULLS else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _sequence(self, events: Iterator[yaml.Event], path: Path_) -> list[Plain]:
        items: list[Plain] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[yaml.Event], path: Path_) -> dict[str, Plain]:
        entries: dict[str, Plain] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key is plain text")
            key = event.value
            self._check(event, path)
            if key in entries:
                self._refuse(event, f"'{key}' stands twice; the first is in line {self._document.lines[*path, key]}")
            self._document.lines[*path, key] = _line(event)
            entries[key] = self._node(next(events), events, (*path, key))
        return entries

    def _check(self, event: yaml.Event, path: Path_) -> None:
        self._count += 1
        use_let = "; use let:" if self._what == "mapping" else ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._refuse(event, f"anchors (&) and aliases (*) are not part of the {self._what} language{use_let}")
        if tag := getattr(event, "tag", None):
            self._refuse(event, f"tags ({tag}) are not part of the {self._what} language")
        if len(path) > MAX_DEPTH:
            self._refuse(event, f"nested more than {MAX_DEPTH} levels deep")
        if self._count > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES} entries")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_TEXT:
            self._refuse(event, f"a text of {len(event.value):,} characters; at most {MAX_TEXT:,} are read")

    def _refuse(self, event: yaml.Event, message: str) -> NoReturn:
        raise UserError(f"{self._name}:{_line(event)}: {message}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
