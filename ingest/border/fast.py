"""What the compiled structs cannot check, so that the fast path never accepts what the judge would refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.fields import MAX_EVENT_BYTES, FieldSpec, Kind, specs_of
from opsledger.ingest.border.values import fits_places

COLUMN_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
COLUMN_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Times inside data (a due time, an effective date) may lie far off, but only as far as a column can hold."""
MAX_NESTING = 512
"""Levels that a whole record may have. One with more opening brackets is left to the judge, which measures its depth."""
SHORT_BYTES = 2 * MAX_NESTING
"""A record of so few bytes cannot be nested deeper: each level takes two."""

Check = Callable[[Any], bool]


def is_plain(raw: bytes) -> bool:
    """Whether a record is UTF-8 (a fast decoder does not look into what it skips), of allowed size and surely not deep."""
    if len(raw) > SHORT_BYTES and (len(raw) > MAX_EVENT_BYTES or brackets(raw) > MAX_NESTING):
        return False
    return raw.isascii() or is_utf8(raw)


def is_utf8(raw: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def brackets(raw: bytes) -> int:
    """How often something is opened: a record is never nested deeper than this."""
    return raw.count(b"{") + raw.count(b"[")


def is_judged_only(type_: str, *, decisions: bool) -> bool:
    """Types that the fast path leaves alone: refused decisions, several versions, free documents."""
    declaration = TYPES[type_]
    has_document = any(s.rule.kind is Kind.DOCUMENT for s in fields_of(type_))
    return declaration.VERSION > 1 or has_document or (declaration.DECISION and not decisions)


def check_of(type_: str, *, decisions: bool, without: Kind | None = None) -> Check | None:
    """The check of a type's decoded event beyond its struct, for all kinds but one; None where nothing is to be checked."""
    if is_judged_only(type_, decisions=decisions):
        return lambda _event: False
    checks = _checks(fields_of(type_), without)
    return (lambda event: all(check(event.data) for check in checks)) if checks else None


def _checks(specs: tuple[FieldSpec, ...], without: Kind | None) -> list[Check]:
    return [check for spec in specs if spec.rule.kind is not without and (check := _value_check(spec))]


def _value_check(spec: FieldSpec) -> Check | None:
    name, rule = spec.name, spec.rule
    if rule.kind is Kind.TIME:
        return lambda data: (v := getattr(data, name)) is None or COLUMN_EARLIEST <= v < COLUMN_LATEST
    if rule.kind is Kind.DECIMAL:
        low, high = Decimal(rule.ge or 0), Decimal(rule.le or 0)
        return lambda data: (v := getattr(data, name)) is None or _fits(v, low, high)
    if rule.kind is Kind.ITEMS and spec.item is not None:
        checks = _checks(specs_of(spec.item), None)
        return lambda data: all(check(item) for item in getattr(data, name) or () for check in checks)
    return None


def _fits(value: Decimal, low: Decimal, high: Decimal) -> bool:
    return value.is_finite() and low <= value <= high and fits_places(value)
