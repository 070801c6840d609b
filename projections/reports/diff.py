"""What changed in a report between two moments: which figures, from what to what, in which rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from opsledger.projections.metrics.model import Label, Lang, Unit
from opsledger.projections.reports import words
from opsledger.projections.reports.model import BY_ROW, INTERVAL, TEXT, TIME, Column, Result, Section, Value

CHANGED, APPEARED, VANISHED = "changed", "appeared", "vanished"
_WHAT: Mapping[str, Label] = {
    CHANGED: Label("changed", "变化"),
    APPEARED: Label("appeared", "新增"),
    VANISHED: Label("vanished", "消失"),
}
_PLACES = (TEXT, INTERVAL, TIME)
Key = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One figure that is not as it was: the row that it stands in, its column (or metric), and what it was and is."""

    what: str
    key: Key
    column: Column
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class Table:
    """The first table of a report, or one of its sections, as a mapping from rows to figures."""

    columns: tuple[Column, ...]
    """The columns that say which row it is."""
    rows: Mapping[Key, Mapping[str, tuple[Column, Value]]]


def changes_of(old: Result, new: Result) -> list[Change]:
    """The figures that differ between two runs of one report, in the order of the later one; a total's row has an empty key."""
    found: list[Change] = []
    for before, after in zip(tables_of(old), tables_of(new), strict=False):
        for key in dict.fromkeys((*after.rows, *before.rows)):
            found += _row(key, before.rows.get(key), after.rows.get(key))
    return found


def _row(
    key: Key, old: Mapping[str, tuple[Column, Value]] | None, new: Mapping[str, tuple[Column, Value]] | None
) -> list[Change]:
    what = APPEARED if old is None else VANISHED if new is None else CHANGED
    found = []
    for name in dict.fromkeys((*(new or {}), *(old or {}))):
        was, is_ = (old or {}).get(name), (new or {}).get(name)
        column = (is_ or was or (None, None))[0]
        values = (was[1] if was else None, is_[1] if is_ else None)
        if column is not None and values[0] != values[1]:
            found.append(Change(what, key, column, *values))
    return found


def tables_of(result: Result) -> list[Table]:
    """The tables of a result, each row by what names it."""
    first = _by_metric(result) if any(c.unit == BY_ROW for c in result.columns) else _table(result, _key_of(result))
    return [first, *(_section(section) for section in result.sections)]


def _key_of(result: Result) -> list[int]:
    """Which columns name a row: of a list the first and the number of the part; else all that are no figures."""
    names = [c.name for c in result.columns]
    if result.totals is None or names[0] == "call" or all(c.unit in _PLACES for c in result.columns):
        return [0, *(names.index(n) for n in ("leg", "n") if n in names)]
    return [i for i, c in enumerate(result.columns) if c.unit in (TEXT, INTERVAL)]


def _table(result: Result, key: Sequence[int]) -> Table:
    figures = [i for i in range(len(result.columns)) if i not in key]
    rows: dict[Key, Mapping[str, tuple[Column, Value]]] = {}
    for row in result.rows:
        rows[_free(rows, tuple(row[i] for i in key))] = {result.columns[i].name: (result.columns[i], row[i]) for i in figures}
    if result.totals is not None:
        rows[()] = {
            result.columns[i].name: (result.columns[i], result.totals[i]) for i in figures if result.totals[i] is not None
        }
    return Table(tuple(result.columns[i] for i in key), rows)


def _section(section: Section) -> Table:
    key = [i for i, c in enumerate(section.columns) if c.unit in (TEXT, INTERVAL)]
    rows: dict[Key, Mapping[str, tuple[Column, Value]]] = {}
    for row in section.rows:
        figures = {c.name: (c, row[i]) for i, c in enumerate(section.columns) if i not in key}
        rows[_free(rows, tuple(row[i] for i in key))] = figures
    return Table(tuple(section.columns[i] for i in key), rows)


def _free(taken: Mapping[Key, object], key: Key) -> Key:
    """The key, or where it is taken already the key with a number."""
    number, found = 1, key
    while found in taken:
        number += 1
        found = (*key, number)
    return found


def _by_metric(result: Result) -> Table:
    """A report with a row per metric: each metric is a figure of its one row."""
    at = {c.name: i for i, c in enumerate(result.columns)}
    figures: dict[str, tuple[Column, Value]] = {}
    for row in result.rows:
        code, title, unit = (str(row[at[name]]) for name in ("metric", "indicator", "unit"))
        figures[code] = (Column(code, title, unit, str(row[at["definition"]])), row[at["value"]])
    return Table((), {(): figures})


def result_of(old: Result, new: Result, changes: Sequence[Change], events: Section, moments: tuple[str, str]) -> Result:
    """What changed, as a result like any other: a row a figure; the events that did it as a section. ``moments``: as text."""
    lang, keys = new.lang, tables_of(new)[0].columns
    texts = words.DIFF
    unexplained = (texts["no_events"].text(lang),) if changes and not events.rows else ()
    footer = replace(
        new.footer,
        notes=(*new.footer.notes, *((texts["events_cover"].text(lang),) if events.rows else unexplained)),
        warnings=(*new.footer.warnings, *(() if changes else (texts["nothing"].text(lang),))),
        laws_hold=old.ok and new.ok,
    )
    return replace(
        new,
        title=f"{new.title}{texts['title'].text(lang)}",
        columns=_columns(keys, moments, lang),
        rows=tuple(_line(change, len(keys), lang) for change in changes),
        totals=None,
        footer=footer,
        sections=(events,) if events.rows else (),
        charts=(),
        headline=(),
        met={},
        request=None,
    )


def _columns(keys: Sequence[Column], moments: tuple[str, str], lang: Lang) -> tuple[Column, ...]:
    known = words.DIFF["known"].text(lang)
    return (
        words.field_column("what", lang),
        *keys,
        words.field_column("metric", lang),
        words.field_column("indicator", lang),
        Column("previous", known.replace("{at}", moments[0]), BY_ROW),
        Column("value", known.replace("{at}", moments[1]), BY_ROW),
        words.field_column("change", lang),
        words.field_column("unit", lang),
        words.field_column("definition", lang),
    )


def _line(change: Change, width: int, lang: Lang) -> tuple[Value, ...]:
    """``width`` is how many columns name a row."""
    key = (*change.key[:width], *(None for _ in range(width - len(change.key))))
    unit = change.column.unit if change.column.unit in set(Unit) else None
    texts = (_WHAT[change.what].text(lang), *key, change.column.name, change.column.title)
    return (*texts, change.old, change.new, _difference(change), unit, change.column.definition)


def _difference(change: Change) -> Value:
    old, new = change.old, change.new
    numbers = isinstance(old, int | Decimal) and isinstance(new, int | Decimal) and not isinstance(new, bool)
    return new - old if numbers and isinstance(old, int | Decimal) and isinstance(new, int | Decimal) else None
