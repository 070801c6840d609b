"""A mapping: read and checked before any table is opened, then bound to the columns of the table at hand."""

from __future__ import annotations

import codecs
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsledger.domain.errors import UserError, nearest
from opsledger.ingest.inputs import ENCODINGS
from opsledger.ingest.mapping import values
from opsledger.ingest.mapping.document import Document, MappingError, Path_, parse_document, read_document
from opsledger.ingest.mapping.frame import Node, constant
from opsledger.ingest.mapping.header import names_of
from opsledger.ingest.mapping.moments import NAMES, check_formats
from opsledger.ingest.mapping.rules import ROW, Rule, compile_rules, tenant_node
from opsledger.ingest.mapping.schema import load_shape
from opsledger.ingest.mapping.scope import Scope, check_zone

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
WHITESPACE = "whitespace"
"""Cells apart by any run of blanks: for tables without empty cells, whose tabs were turned into spaces."""
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of a table become rows. ``header`` is the row that holds the names (0: none, ``names`` are given)."""

    format: str
    delimiter: str
    quote: str
    escape: str
    encoding: str
    sheet: str
    header: int
    names: tuple[str, ...]
    rename: AnyMapping[str, str]
    pad: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping bound to a table's columns: all that is needed to make events of its rows."""

    columns: tuple[str, ...]
    tenant: Node
    source: str
    rules: tuple[Rule, ...]
    by_row: bool


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. ``plan`` binds it to a table; ``tenant`` and ``source`` given there go before its own."""

    document: Document
    shape: AnyMapping[str, Any]
    layout: Layout

    @property
    def name(self) -> str:
        """The file that it was read from, for messages."""
        return self.document.name

    def names_of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The columns' names of a header row. UserError where one that is to be renamed is not there."""
        try:
            return names_of(cells, self.layout.rename)
        except MappingError as error:
            raise self.document.user_error(error) from None

    def plan(self, columns: Sequence[str], *, tenant: str = "", source: str = "") -> Plan:
        """The mapping bound to a table with these columns. UserError where it names one that is not there."""
        try:
            return _plan(self.shape, _scope(self.shape, columns), tenant, source)
        except MappingError as error:
            raise self.document.user_error(error) from None


def load_mapping(path: Path) -> Mapping:
    """The mapping of a file. UserError (with file:line) at the first thing that is wrong in it."""
    return mapping_of(read_document(path))


def parse_mapping(text: str, name: str = "mapping") -> Mapping:
    """The mapping of a text, see ``load_mapping``."""
    return mapping_of(parse_document(text.encode(), name))


def mapping_of(document: Document) -> Mapping:
    """The mapping of a document: its shape, its words, and all that can be known without a table."""
    try:
        shape = load_shape(document)
        layout = _layout(shape)
        _check(shape, layout)
    except MappingError as error:
        raise document.user_error(error) from None
    return Mapping(document, shape, layout)


def _layout(shape: AnyMapping[str, Any]) -> Layout:
    columns = shape.get("columns")
    header = _header(shape["header"], columns)
    return Layout(
        format=shape["format"],
        delimiter=_delimiter(shape),
        quote="" if shape["quote"] == "none" else shape["quote"],
        escape="" if shape["escape"] == "none" else shape["escape"],
        encoding=_encoding(shape["encoding"]),
        sheet=shape.get("sheet", ""),
        header=header,
        names=columns if isinstance(columns, tuple) else (),
        rename=columns if isinstance(columns, dict) else {},
        pad=shape["ragged"] == "pad",
    )


def _encoding(written: str) -> str:
    """The name that Python knows it by; GB18030 reads all that GBK and GB2312 do."""
    try:
        name = AUTO if written == AUTO else codecs.lookup(written).name
    except LookupError:
        raise MappingError(("encoding",), f"'{written}' is not an encoding{nearest(written, ENCODINGS)}") from None
    return "gb18030" if name in ("gbk", "gb2312") else name


def _header(written: str, columns: Any) -> int:
    if written == "none":
        if not isinstance(columns, tuple):
            raise MappingError(("header",), "without a header row columns: must list the columns' names in order")
        return 0
    if not (written.isascii() and written.isdigit() and 1 <= int(written) <= 1000):
        raise MappingError(("header",), f"'{written}' is not the number of the header row (1 to 1000), nor none")
    if isinstance(columns, tuple):
        raise MappingError(("columns",), "a list of names goes with header: none; to rename, write old: new")
    return int(written)


def _delimiter(shape: AnyMapping[str, Any]) -> str:
    written: str = shape.get("delimiter", {"tsv": "tab"}.get(shape["format"], AUTO))
    found = DELIMITERS.get(written, written)
    if found in (AUTO, WHITESPACE) or (len(found) == 1 and found not in "\r\n\"'"):
        return found
    raise MappingError(("delimiter",), f"'{written}' is not one character, nor {AUTO}, {WHITESPACE}, {', '.join(DELIMITERS)}")


class _AnyColumn(Scope):
    """Takes every name for a column: for what can be checked before the table is there."""

    def index(self, word: str, path: Path_) -> int:
        """Any name is the first column."""
        return 0


def _check(shape: AnyMapping[str, Any], layout: Layout) -> None:
    """Compiles once without a table, so that a wrong word is found before a file is opened."""
    scope = _scope(shape, layout.names) if layout.names else _scope(shape, ("?",), _AnyColumn)
    if "source" in shape and "{" in shape["source"]:
        raise MappingError(("source",), "a source names one system; it cannot come from a column")
    _plan(shape, scope, "" if "tenant" in shape else "t", "" if "source" in shape else "s")


def _scope(shape: AnyMapping[str, Any], columns: Sequence[str], kind: type[Scope] = Scope) -> Scope:
    zone = check_zone(shape["zone"], ("zone",)) if "zone" in shape else None
    scope = kind(
        columns=columns,
        missing=frozenset((*shape["missing"], "")),
        missing_in={},
        dates=check_formats(shape["dates"], ("dates",), NAMES),
        clocks=check_formats(shape["clocks"], ("clocks",), ("h:mm:ss", "excel")),
        zone=zone,
        local_time=shape["local_time"],
        cells=("iso",) if shape["format"] == "xlsx" else (),
    )
    found = {}
    for word, texts in shape["missing_in"].items():
        found[columns[scope.index(word, ("missing_in", word))]] = frozenset(texts)
    if kind is Scope:
        scope.missing_in = found
    for name, written in shape["let"].items():
        if name in columns:
            raise MappingError(("let", name), f"'{name}' is a column of the table already; take another name")
        scope.named[name] = values.value(written, scope, ("let", name))
    return scope


def _plan(shape: AnyMapping[str, Any], scope: Scope, tenant: str, source: str) -> Plan:
    return Plan(
        columns=tuple(scope.columns),
        tenant=constant(tenant) if tenant else tenant_node(_needed(shape, "tenant"), scope),
        source=source or _needed(shape, "source"),
        rules=compile_rules(shape, scope),
        by_row=ROW in shape["key"] or any(ROW in event.get("key", ()) for event in shape["events"]),
    )


def _needed(shape: AnyMapping[str, Any], word: str) -> Any:
    if word not in shape:
        raise UserError(f"no {word}: give --{word}, or {word}: in the mapping")
    return shape[word]
