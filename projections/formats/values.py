"""How values are written: readable for people, raw for machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from opsledger.projections.metrics.intervals import Every, Interval
from opsledger.projections.metrics.model import UNIT_LABELS, Lang, Unit
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.metrics.tables import DIMENSIONS
from opsledger.projections.reports.codes import CODES, PARAMETERS, named
from opsledger.projections.reports.model import BY_ROW, TEXT, Column, Result, Value
from opsledger.projections.reports.words import NONE, TOTAL

EMPTY = "–"
"""Shown where there is no value: 0/0, not known."""
_YES = {"en": ("yes", "no"), "zh": ("是", "否")}


def clean(text: str) -> str:
    """Text on one line without characters that cannot be seen: names come from outside, and such characters drive
    terminals, turn text around, or are refused by XML and UTF-8 (a lone surrogate stops a whole page)."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)


def duration(ms: int | Decimal) -> str:
    """``mm:ss``, or ``h:mm:ss`` from an hour on; rounded to seconds."""
    seconds = int((abs(Decimal(ms)) / 1000).quantize(Decimal(1), ROUND_HALF_UP))
    sign = "-" if ms < 0 and seconds else ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours:,}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes:02}:{rest:02}"


def _places(value: int | Decimal, places: int) -> str:
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"


def number(value: int | Decimal, unit: str) -> str:
    """A number in its unit, rounded for reading: a count, a duration, a percentage."""
    if unit == Unit.MS:
        return duration(value)
    if unit == Unit.RATIO:
        return f"{_places(value * 100, 2)} %"
    whole = isinstance(value, int) or value == value.to_integral_value()
    return f"{int(value):,}" if whole and unit != Unit.PER_HOUR else _places(value, 2)


class Writer:
    """Writes the values of one result for people: in its language, in the period's zone."""

    def __init__(self, result: Result) -> None:
        self.lang: Lang = result.lang
        self.every: Every | None = result.every
        self._zone = ZoneInfo(result.period.zone)
        self._one_day = len(result.period.days) == 1
        self._columns = result.columns

    def time(self, moment: datetime) -> str:
        """A moment in the period's zone."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def row(self, row: tuple[Value, ...]) -> list[str]:
        """The cells of a row as text."""
        units = self._units(row)
        return [self.cell(value, column, units.get(column.name, "")) for value, column in zip(row, self._columns, strict=True)]

    def _units(self, row: tuple[Value, ...]) -> dict[str, str]:
        """The units of a row's cells where they are not the column's: those of the row's metric."""
        at = {c.name: i for i, c in enumerate(self._columns)}
        metric = METRICS.get(str(row[at["metric"]])) if "metric" in at else None
        if metric is None:
            return {}
        amounts = {"numerator": metric.numerator, "denominator": metric.denominator or metric.numerator}
        values = dict.fromkeys((c.name for c in self._columns if c.unit == BY_ROW), metric.unit.value)
        return values | {name: amount.unit.value for name, amount in amounts.items()}

    def totals(self, totals: tuple[Value, ...]) -> list[str]:
        """The totals row: its name in the first cell, names of groups left empty."""
        cells = self.row(totals)
        shown = ["" if c.unit not in set(Unit) else text for c, text in zip(self._columns, cells, strict=True)]
        return [TOTAL.text(self.lang), *shown[1:]]

    def cell(self, value: Value, column: Column, row_unit: str = "") -> str:
        """One value as text."""
        unit = row_unit or column.unit
        if value is None or value == "":
            return NONE.text(self.lang) if column.unit == TEXT and value == "" else EMPTY
        if isinstance(value, bool):
            return _YES[self.lang][0 if value else 1]
        if isinstance(value, Interval):
            return value.title(self.every or Every.HOUR, self.lang, one_day=self._one_day)
        if isinstance(value, datetime):
            return self.time(value)
        if isinstance(value, str):
            return clean(self._word(value, column.name))
        return self._signed(value, unit) if column.name in ("change", "change_rate") else number(value, unit)

    def _word(self, value: str, column: str) -> str:
        return UNIT_LABELS[Unit(value)].text(self.lang) if column == "unit" else named(CODES, column, value, self.lang)

    def _signed(self, value: int | Decimal, unit: str) -> str:
        sign = "+" if value > 0 else ""
        return f"{sign}{number(value, unit)}"


def plain(value: Value, zone: str) -> str | int | float | bool | None:
    """A value for machines: numbers as they are (at most 9 decimals), times in ISO 8601 with the zone's offset."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(round(value, 9))
    if isinstance(value, Interval):
        return value.code
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat(timespec="microseconds")
    return value


def facts_of(result: Result) -> Mapping[str, str]:
    """What every output carries about itself, in order; see ``labels_of`` for the names' titles."""
    footer, writer = result.footer, Writer(result)
    found = {
        "period": result.period.name,
        "zone": result.period.zone,
        **{name: clean(named(PARAMETERS, name, value, result.lang)) for name, value in result.parameters.items()},
        "cutoff": writer.time(footer.cutoff),
        "log_positions": ", ".join(f"{clean(topic)}={offset}" for topic, offset in sorted(footer.positions.items())) or EMPTY,
    }
    if footer.refreshed_at is not None:
        found["facts_made"] = writer.time(footer.refreshed_at)
    if footer.as_known_at is not None:
        found["as_known_at"] = writer.time(footer.as_known_at)
    if footer.closed is not None:
        found["closed"] = _YES[result.lang][0 if footer.closed else 1]
    return found


_TITLES = {
    "period": ("Period", "期间"),
    "zone": ("Time zone", "时区"),
    "tenant": ("Tenant", "甲方"),
    "profile": ("Profile", "口径"),
    "attribution": ("Attribution", "归属时段"),
    "threshold_s": ("Threshold (s)", "阈值(秒)"),
    "interval": ("Interval", "时段划分"),
    "cutoff": ("Facts reach to", "数据截止"),
    "log_positions": ("Log positions", "日志位点"),
    "facts_made": ("Facts made", "生成时间"),
    "as_known_at": ("As known at", "回溯至"),
    "closed": ("Period closed", "已结算"),
}


def title_of(name: str, lang: Lang) -> str:
    """The title of a name of ``facts_of``; a filter's name is the dimension's."""
    if name in _TITLES:
        return _TITLES[name][lang == "zh"]
    return DIMENSIONS[name].text(lang) if name in DIMENSIONS else name
