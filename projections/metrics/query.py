"""From metrics to one SQL statement: a branch per fact table and time, merged by the report's dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from opsledger.domain.calendar import Period
from opsledger.projections.metrics.folds import counts_rows, fold_sql, sums_sql
from opsledger.projections.metrics.intervals import SLOT_S, Cut
from opsledger.projections.metrics.model import Amount, Attribution, Metric
from opsledger.projections.metrics.tables import NULLABLE, TABLES

TIME = "DateTime64(6, 'UTC')"
_START, _STOP, _CUTOFF = (f"{{{name}:{TIME}}}" for name in ("start", "stop", "cutoff"))
_SLOT_US = SLOT_S * 1_000_000
_UNNAMED: Mapping[tuple[str, ...], str] = MappingProxyType({})
DAY_MS = 86_400_000
DEFAULT_WINDOW_MS = 7 * DAY_MS

Value = str | int | list[str] | list[int]
Filters = Mapping[str, tuple[str, ...]]
"""Dimension → the values that are kept."""
Parameters = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Cell:
    """One sum to be made: an amount, and the attribution by which its rows are placed."""

    amount: Amount
    attribution: Attribution

    @property
    def spread(self) -> bool:
        """Whether the amount is split over the intervals that it covers."""
        amount = self.amount
        return amount.span is not None and (self.attribution is Attribution.SPREAD or not amount.times)

    @property
    def place(self) -> tuple[str, ...]:
        """The columns that say when: time columns, or the span's two ends."""
        return self.amount.span or () if self.spread else self.amount.times[self.attribution]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the facts: sums, over which rows, by which dimensions."""

    cells: tuple[Cell, ...]
    period: Period
    dimensions: tuple[str, ...] = ()
    cut: Cut | None = None
    filters: Filters = field(default_factory=dict)
    window_ms: int = DEFAULT_WINDOW_MS
    """How long after a contact a further one of that customer about the same means that the first did not settle it."""
    whole: tuple[Cell, ...] | None = None
    """Asked beside the rows: the sums over all rows, of every cell and of these besides; None: the rows alone."""

    @property
    def every(self) -> tuple[Cell, ...]:
        """The cells, and behind them those of the whole that are not among them."""
        return tuple(dict.fromkeys((*self.cells, *(self.whole or ()))))

    @property
    def tables(self) -> frozenset[str]:
        """The fact tables (and views of them) that it reads."""
        return frozenset(cell.amount.table for cell in self.every)

    @property
    def keys(self) -> list[str]:
        """What the columns are called that say which row it is."""
        interval = ["interval"] if self.cut is not None else []
        return [*interval, *(f"d{i}" for i in range(len(self.dimensions)))]


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at a fact table: the numbers of the cells that it sums up, for each row, over all rows, or for both."""

    members: list[int]
    rows: bool = True
    whole: bool = False


def cells_of(metrics: Iterable[Metric], asked: Attribution | None) -> tuple[Cell, ...]:
    """The distinct sums that a set of metrics needs."""
    return tuple(dict.fromkeys(Cell(a, m.under(asked)) for m in metrics for a in m.amounts))


def utc_text(moment: datetime) -> str:
    """A moment as the engine reads it: UTC, microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def parameters_of(question: Question, tenant: str, cutoff: datetime, threshold_ms: int) -> Parameters:
    """The values that the server binds into a question's SQL."""
    found: Parameters = {
        "tenant": tenant,
        "start": utc_text(question.period.start),
        "stop": utc_text(question.period.stop),
        "cutoff": utc_text(cutoff),
        "threshold_ms": threshold_ms,
        "window_ms": question.window_ms,
        **{f"only_{name}": list(values) for name, values in question.filters.items()},
    }
    if question.cut is not None:
        found["intervals"] = list(question.cut.labels)
    return found


def branches_of(question: Question) -> list[list[int]]:
    """The cells of a question, grouped by what one scan of a fact table can answer."""
    groups: dict[tuple[str, bool, tuple[str, ...]], list[int]] = {}
    for index, cell in enumerate(question.every):
        groups.setdefault((cell.amount.table, cell.spread, cell.place), []).append(index)
    return list(groups.values())


def scans_of(question: Question) -> list[Scan]:
    """The branches as they are asked: where time is not cut, those of a small table at once, whatever their moments."""
    every = question.every
    found: dict[object, list[int]] = {}
    for number, members in enumerate(branches_of(question)):
        cell = every[members[0]]
        one = question.cut is None and not cell.spread and TABLES[cell.amount.table].small
        found.setdefault(cell.amount.table if one else number, []).extend(members)
    return [
        scan for members in found.values() for scan in _scans(question, sorted(members, key=lambda i: not _counts(every[i])))
    ]


def _scans(question: Question, members: list[int]) -> list[Scan]:
    """How the cells of one table are asked for rows and whole: at once, but for spans cut into intervals, whose whole is to
    be counted without cutting them."""
    if question.whole is None:
        return [Scan(members)]
    mine = [index for index in members if index < len(question.cells)]
    if not mine or not question.keys:
        return [Scan(members, rows=False, whole=True)]
    if question.cut is not None and question.every[members[0]].spread:
        return [Scan(mine), Scan(members, rows=False, whole=True)]
    return [Scan(members, whole=True)]


def _counts(cell: Cell) -> bool:
    return counts_rows(cell.amount, spread=cell.spread)


def sql_of(question: Question) -> str:
    """The statement that answers a question: a part per scan, each with rows of (interval), dimensions, number, (whether it
    is the whole), sums."""
    return "\nUNION ALL\n".join(_scan(question, number, scan) for number, scan in enumerate(scans_of(question)))


def column_sql(table: str, dimension: str) -> str:
    """A dimension as an expression over a table; an agent's team is looked up in the bound arrays where the facts do not
    say it themselves, and what is not known is empty text."""
    column = TABLES[table].dimensions[dimension]
    if column in NULLABLE:
        return f"ifNull(toString(`{column}`), '')"
    if dimension == "team" and column != "team":
        return f"transform(toString(`{column}`), {{team_agents:Array(String)}}, {{team_names:Array(String)}}, '')"
    return f"toString(`{column}`)"


def _scan(question: Question, number: int, scan: Scan) -> str:
    cells = [question.every[index] for index in scan.members]
    first, places = cells[0], list(dict.fromkeys(cell.place for cell in cells))
    asked = question if scan.rows else replace(question, dimensions=(), cut=None)
    # what says whether a row lies in the period is named where rows are chosen, so that it is worked out once for all sums
    names = {place: f"x_in{n}" for n, place in enumerate(places)} if len(places) > 1 else {}
    folds = [fold_sql(cell.amount, spread=cell.spread, within=names.get(cell.place, "")) for cell in cells]
    counts = sum(map(_counts, cells))
    sums = f"{sums_sql(folds[:counts], folds[counts:])} AS sums"
    selected = [*_key_columns(question, scan, first), f"{number} AS branch", *_is_whole(question, scan), sums]
    source = spans_sql(asked, first) if first.spread else _source(asked, first)
    where = "" if first.spread else f"\nWHERE {rows_sql(first, question.filters, *cells[1:], names=names)}"
    return f"SELECT {', '.join(selected)}\nFROM {source}{where}{_group(question, scan)}"


def _key_columns(question: Question, scan: Scan, cell: Cell) -> list[str]:
    if not scan.rows:
        return [f"{0 if key == 'interval' else repr('')} AS {key}" for key in question.keys]
    dimensions = [f"{column_sql(cell.amount.table, d)} AS d{i}" for i, d in enumerate(question.dimensions)]
    if question.cut is None:
        return dimensions
    return [f"{{intervals:Array(UInt32)}}[1 + {slot_sql(cell)}] AS interval", *dimensions]


def _is_whole(question: Question, scan: Scan) -> list[str]:
    if question.whole is None:
        return []
    return [f"grouping({question.keys[0]}) AS whole" if scan.rows and scan.whole else f"{int(scan.whole)} AS whole"]


def _group(question: Question, scan: Scan) -> str:
    keys = ", ".join(question.keys)
    if not keys or not scan.rows:
        return ""
    # two groupings of the same rows: what is counted over all of them does not come from the groups
    return f"\nGROUP BY GROUPING SETS (({keys}), ())" if scan.whole else f"\nGROUP BY {keys}"


def _source(question: Question, cell: Cell) -> str:
    table = TABLES[cell.amount.table]
    return table.source if question.dimensions or question.filters or question.cut is not None else table.source_of_sums


def slot_sql(cell: Cell) -> str:
    """The number of the quarter hour of the period that a row counts in."""
    return "x_slot" if cell.spread else f"intDiv(toUnixTimestamp({moment_sql(cell)}) - toUnixTimestamp({_START}), {SLOT_S})"


def moment_sql(cell: Cell) -> str:
    """The moment at which a row counts."""
    return cell.place[0] if len(cell.place) == 1 else f"coalesce({', '.join(cell.place)})"


def rows_sql(cell: Cell, filters: Filters, *others: Cell, names: Mapping[tuple[str, ...], str] = _UNNAMED) -> str:
    """The rows of the tenant that the filters keep and that fall into the period, by the cell's moment or the others'.
    ``names``: what their conditions, one for each place, are to be called."""
    kept = [f"has({{only_{name}:Array(String)}}, {column_sql(cell.amount.table, name)})" for name in filters]
    if cell.spread:
        within = [_overlap(*cell.place)]
    else:
        places = dict.fromkeys(each.place for each in (cell, *others))
        within = [f"(({_within(place)}) AS {names[place]})" if place in names else _within(place) for place in places]
    either = within[0] if len(within) == 1 else f"({' OR '.join(within)})"
    return "\n  AND ".join(["tenant = {tenant:String}", either, *kept])


def _within(columns: tuple[str, ...]) -> str:
    """The first of the columns that is not null lies in the period; bare columns, so that their indexes serve."""
    cases = []
    for index, column in enumerate(columns):
        empty = [f"{c} IS NULL" for c in columns[:index]]
        cases.append(" AND ".join([*empty, f"{column} >= {_START}", f"{column} < {_STOP}"]))
    return cases[0] if len(cases) == 1 else "(" + " OR ".join(f"({c})" for c in cases) + ")"


def _overlap(start: str, end: str) -> str:
    open_end = f"ifNull({end}, {_CUTOFF})"
    return f"{start} < {_STOP} AND ({start} >= {_START} OR {open_end} > {_START})"


def spans_sql(question: Question, cell: Cell) -> str:
    """The rows with their span in microseconds, once for every quarter hour that it touches where time is cut."""
    start, end = cell.place
    origin, stop = f"toUnixTimestamp64Micro({_START})", f"toUnixTimestamp64Micro({_STOP})"
    whole = f",\n    {origin} AS x_lo, {stop} AS x_hi" if question.cut is None else ""
    rows = (
        f"SELECT *, toUnixTimestamp64Micro(assumeNotNull({start})) AS x_from,\n"
        f"    greatest(x_from, toUnixTimestamp64Micro(least(ifNull({end}, {_CUTOFF}), {_CUTOFF}))) AS x_to{whole}\n"
        f"FROM {TABLES[cell.amount.table].source}\nWHERE {rows_sql(cell, question.filters)}"
    )
    if question.cut is None:
        return f"({rows})"
    last = f"least(intDiv(x_to - 1 - {origin}, {_SLOT_US}), length({{intervals:Array(UInt32)}}) - 1)"
    first = f"greatest(intDiv(x_from - {origin}, {_SLOT_US}), 0)"
    slots = f"arrayJoin(range(toUInt32({first}), toUInt32(greatest({first}, {last}) + 1)))"
    return f"(SELECT *, {slots} AS x_slot, {origin} + x_slot * {_SLOT_US} AS x_lo, x_lo + {_SLOT_US} AS x_hi\n  FROM ({rows}))"
