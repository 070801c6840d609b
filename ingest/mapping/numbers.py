"""Numbers as tables write them: exact, never a float."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from opsledger.ingest.mapping.frame import Node, Of, mapped
from opsledger.ingest.mapping.refused import Refused, at_column, refuse
from opsledger.ingest.mapping.times import shown

_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,2})?", re.ASCII)


def read_number(text: str) -> int | Decimal | Refused:
    """An int where it is whole, else a Decimal."""
    if not _NUMBER.fullmatch(text):
        return refuse(f"'{shown(text)}' is not a number")
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def number_node(node: Node) -> Node:
    """The numbers of a node of texts; a node of numbers is left as it is."""
    return node if node.kind is Of.NUMBER else mapped(node, Of.NUMBER, named(read_number, node.label))


def named(read: Callable[[str], object], column: str) -> Callable[[str], object]:
    """A reader whose refusals name the column."""

    def reader(text: str) -> object:
        value = read(text)
        return at_column(value, column) if isinstance(value, Refused) else value

    return reader


def localised(decimal: str, thousands: str) -> Callable[[str], int | Decimal | Refused]:
    """A reader of numbers written with another decimal sign, or with marks between the thousands."""

    def read(text: str) -> int | Decimal | Refused:
        plain = text.replace(thousands, "") if thousands else text
        if decimal != "." and "." in plain:
            return refuse(f"'{shown(text)}' is not a number with a decimal '{decimal}'")
        return read_number(plain.replace(decimal, "."))

    return read
