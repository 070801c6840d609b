"""What a mapping's words can refer to: the columns of the table at hand, and the values named before."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from opsledger.domain.errors import nearest
from opsledger.ingest.mapping.document import MappingError, Path_
from opsledger.ingest.mapping.frame import Frame, Node, Of, combined, constant
from opsledger.ingest.mapping.times import ZoneClock

OFFSET = "offset"
"""The zone of times that carry their own offset."""


@cache
def zone_names() -> frozenset[str]:
    """The IANA zones of this machine (and of the tzdata package)."""
    return frozenset(available_timezones())


@dataclass(slots=True)
class Scope:
    """Names in reach while a mapping is compiled, and the mapping's defaults."""

    columns: Sequence[str]
    missing: frozenset[str]
    missing_in: Mapping[str, frozenset[str]]
    dates: tuple[str, ...] = ("iso",)
    clocks: tuple[str, ...] = ("h:mm:ss",)
    zone: str | None = None
    local_time: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    """Formats that real date cells of a spreadsheet are read by, beside those of the mapping."""
    named: dict[str, Node] = field(default_factory=dict)
    _nodes: dict[str, Node] = field(default_factory=dict)

    def name(self, word: str, path: Path_) -> Node:
        """The node of a column or of a value of ``let:``. MappingError, with the nearest name, where there is none."""
        if word in self.named:
            return self.named[word]
        if word not in self._nodes:
            self._nodes[word] = self._column(self.index(word, path), word)
        return self._nodes[word]

    def index(self, word: str, path: Path_) -> int:
        """The place of a column. A name that stands twice in the header needs ``#1`` or ``#2``."""
        if word in self.columns:
            return self.columns.index(word)
        twins = [name for name in self.columns if name.startswith(f"{word}#") and name[len(word) + 1 :].isdigit()]
        if twins:
            raise MappingError(path, f"column '{word}' stands {len(twins)} times in the file: write {' or '.join(twins)}")
        alike = [i for i, name in enumerate(self.columns) if _folded(name) == _folded(word)]
        if len(alike) == 1:  # a name inside a condition has been normalised by the parser
            return alike[0]
        valid = (*self.columns, *self.named)
        raise MappingError(path, f"the file has no column '{word}'{nearest(word, valid)}")

    def meant(self, node: Node, advice: str) -> str:
        """What to do about a node of the wrong kind: the value of ``let:`` that it resembles, else the advice."""
        hint = nearest(node.label, tuple(self.named)) if node.label not in self.named else ""
        return hint if hint.startswith("; did you mean") else f"; {advice}"

    def operand(self, word: str, path: Path_) -> Node:
        """What a form works on: a name, or a template where it holds braces."""
        return self.template(word, path) if "{" in word else self.name(word, path)

    def template(self, text: str, path: Path_) -> Node:
        """Text with ``{name}`` in it; only a name gives that value itself, no name at all a constant."""
        parts = split_template(text, path)
        nodes = [self.name(part, path) if is_name else constant(part) for is_name, part in parts]
        if not nodes:
            return constant("")
        return nodes[0] if len(nodes) == 1 else joined(nodes, text, path)

    def zone_of(self, form: Mapping[str, Any], path: Path_) -> str | None:
        """The zone that a form's times are in: its own, else the mapping's."""
        if "zone" in form:
            return check_zone(form["zone"], (*path, "zone"))
        return self.zone

    def zone_clock(self, zone: str, form: Mapping[str, Any]) -> ZoneClock:
        """The clock of a zone with the form's rules for doubled and missing times, else the mapping's."""
        rules = form.get("local_time") or self.local_time
        return ZoneClock(ZoneInfo(zone), rules.get("ambiguous", "refuse"), rules.get("nonexistent", "refuse"))

    def _column(self, index: int, word: str) -> Node:
        missing = self.missing | self.missing_in.get(self.columns[index], frozenset())

        def run(frame: Frame) -> list[Any]:
            return [None if (text := raw.strip()) in missing else text for raw in frame.columns[index]]

        return Node(Of.TEXT, run, word, pure=True)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def check_zone(zone: str, path: Path_) -> str:
    """The zone, if it is one of IANA's names or ``offset``. MappingError otherwise."""
    if zone != OFFSET and zone not in zone_names():
        hint = nearest(zone, tuple(zone_names()))
        if not hint.startswith("; did you"):
            hint = "; write an IANA name such as Asia/Shanghai, or offset where the values carry their own"
        raise MappingError(path, f"'{zone}' is not a time zone{hint}")
    return zone


def split_template(text: str, path: Path_) -> list[tuple[bool, str]]:
    """(is a name, text) of a template's parts; ``{{`` and ``}}`` are braces themselves."""
    parts: list[tuple[bool, str]] = []
    plain, index = "", 0
    while index < len(text):
        char = text[index]
        if text[index : index + 2] in ("{{", "}}"):
            plain, index = plain + char, index + 2
        elif char == "{":
            end = text.find("}", index)
            if end < index + 2:
                raise MappingError(path, f"'{text}': a {{ without a name and its }}; write {{{{ for the sign itself")
            parts += [(False, plain), (True, text[index + 1 : end])]
            plain, index = "", end + 1
        elif char == "}":
            raise MappingError(path, f"'{text}': a }} without its {{; write }}}} for the sign itself")
        else:
            plain, index = plain + char, index + 1
    parts.append((False, plain))
    return [part for part in parts if part[1]]


def joined(nodes: Sequence[Node], label: str, path: Path_) -> Node:
    """Texts put together; missing if a part is missing."""
    for node in nodes:
        if node.kind not in (Of.TEXT, Of.NUMBER):
            raise MappingError(path, f"{node.label} is a {node.kind}, which cannot be part of a text")
    pattern = "".join(_literal(node) if node.constant is not None else "%s" for node in nodes)
    varying = [node for node in nodes if node.constant is None]
    if not varying:
        return constant(pattern % ())
    fast = _fast_join(pattern, varying)
    slow = combined(varying, Of.TEXT, lambda *row: pattern % row, label)

    def run(frame: Frame) -> list[Any]:
        return slow.run(frame) if any(map(frame.flaws, varying)) else fast([frame.of(node) for node in varying])

    return Node(Of.TEXT, run, label, pure=all(node.pure for node in varying))


def _literal(node: Node) -> str:
    return str(node.constant).replace("%", "%%")


def _fast_join(pattern: str, varying: Sequence[Node]) -> Callable[[Sequence[list[Any]]], list[Any]]:
    if len(varying) == 1:
        before, _, after = pattern.partition("%s")
        if not after and "%" not in before:
            return lambda columns: [before + value for value in map(str, columns[0])]
    return lambda columns: [pattern % row for row in zip(*columns, strict=True)]
