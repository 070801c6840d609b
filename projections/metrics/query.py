"""From metrics to one SQL statement: a branch per fact table and time, merged by the report's dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from opsledger.domain.calendar import Period
from opsledger.projections.metrics.folds import SUM, counts_rows, fold_sql, part_sql, sums_sql
from opsledger.projections.metrics.intervals import SLOT_S, Cut
from opsledger.projections.metrics.model import Amount, Attribution, Fold, Metric
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

    @property
    def tables(self) -> frozenset[str]:
        """The fact tables (and views of them) that it reads."""
        return frozenset(cell.amount.table for cell in self.cells)


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
    for index, cell in enumerate(question.cells):
        groups.setdefault((cell.amount.table, cell.spread, cell.place), []).append(index)
    return list(groups.values())


def scans_of(question: Question) -> list[list[int]]:
    """The branches as they are asked: where time is not cut, those of a small table at once, whatever their moments."""
    scans: dict[object, list[int]] = {}
    for number, members in enumerate(branches_of(question)):
        cell = question.cells[members[0]]
        one = question.cut is None and not cell.spread and TABLES[cell.amount.table].small
        scans.setdefault(cell.amount.table if one else number, []).extend(members)
    return [sorted(members, key=lambda index: not _counts(question.cells[index])) for members in scans.values()]


def _counts(cell: Cell) -> bool:
    return counts_rows(cell.amount, spread=cell.spread)


def sql_of(question: Question) -> str:
    """The statement that answers a question: a part per scan, each with rows of (interval), dimensions, number, sums."""
    return "\nUNION ALL\n".join(_scan(question, number, members) for number, members in enumerate(scans_of(question)))


def _keys(question: Question) -> list[str]:
    interval = ["interval"] if question.cut is not None else []
    return [*interval, *(f"d{i}" for i in range(len(question.dimensions)))]


def _group(keys: list[str]) -> str:
    return f"\nGROUP BY {', '.join(keys)}" if keys else ""


def column_sql(table: str, dimension: str) -> str:
    """A dimension as an expression over a table; an agent's team is looked up in the bound arrays where the facts do not
    say it themselves, and what is not known is empty text."""
    column = TABLES[table].dimensions[dimension]
    if column in NULLABLE:
        return f"ifNull(toString(`{column}`), '')"
    if dimension == "team" and column != "team":
        return f"transform(toString(`{column}`), {{team_agents:Array(String)}}, {{team_names:Array(String)}}, '')"
    return f"toString(`{column}`)"


def _scan(question: Question, number: int, members: list[int]) -> str:
    cells = [question.cells[index] for index in members]
    first, places = cells[0], list(dict.fromkeys(cell.place for cell in cells))
    selected = [f"{column_sql(first.amount.table, d)} AS d{i}" for i, d in enumerate(question.dimensions)]
    if question.cut is not None:
        selected.insert(0, f"{{intervals:Array(UInt32)}}[1 + {_slot(first)}] AS interval")
    # what says whether a row lies in the period is named where rows are chosen, so that it is worked out once for all sums
    names = {place: f"x_in{n}" for n, place in enumerate(places)} if len(places) > 1 else {}
    folds = [fold_sql(cell.amount, spread=cell.spread, within=names.get(cell.place, "")) for cell in cells]
    counts = sum(map(_counts, cells))
    selected += [f"{number} AS branch", f"{sums_sql(folds[:counts], folds[counts:])} AS sums"]
    source = _spans(question, first) if first.spread else _source(question, first)
    where = "" if first.spread else f"\nWHERE {_rows(first, question.filters, *cells[1:], names=names)}"
    return f"SELECT {', '.join(selected)}\nFROM {source}{where}{_group(_keys(question))}"


def _source(question: Question, cell: Cell) -> str:
    table = TABLES[cell.amount.table]
    return table.source if question.dimensions or question.filters or question.cut is not None else table.source_of_sums


def _slot(cell: Cell) -> str:
    return "x_slot" if cell.spread else f"intDiv(toUnixTimestamp({_moment(cell)}) - toUnixTimestamp({_START}), {SLOT_S})"


def _moment(cell: Cell) -> str:
    return cell.place[0] if len(cell.place) == 1 else f"coalesce({', '.join(cell.place)})"


def _rows(cell: Cell, filters: Filters, *others: Cell, names: Mapping[tuple[str, ...], str] = _UNNAMED) -> str:
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


def _spans(question: Question, cell: Cell) -> str:
    """The rows with their span in microseconds, once for every quarter hour that it touches where time is cut."""
    start, end = cell.place
    origin, stop = f"toUnixTimestamp64Micro({_START})", f"toUnixTimestamp64Micro({_STOP})"
    whole = f",\n    {origin} AS x_lo, {stop} AS x_hi" if question.cut is None else ""
    rows = (
        f"SELECT *, toUnixTimestamp64Micro(assumeNotNull({start})) AS x_from,\n"
        f"    greatest(x_from, toUnixTimestamp64Micro(least(ifNull({end}, {_CUTOFF}), {_CUTOFF}))) AS x_to{whole}\n"
        f"FROM {TABLES[cell.amount.table].source}\nWHERE {_rows(cell, question.filters)}"
    )
    if question.cut is None:
        return f"({rows})"
    last = f"least(intDiv(x_to - 1 - {origin}, {_SLOT_US}), length({{intervals:Array(UInt32)}}) - 1)"
    first = f"greatest(intDiv(x_from - {origin}, {_SLOT_US}), 0)"
    slots = f"arrayJoin(range(toUInt32({first}), toUInt32(greatest({first}, {last}) + 1)))"
    return f"(SELECT *, {slots} AS x_slot, {origin} + x_slot * {_SLOT_US} AS x_lo, x_lo + {_SLOT_US} AS x_hi\n  FROM ({rows}))"


def evidence_sql(cell: Cell, filters: Filters, *others: Cell) -> str:
    """The predicate of the rows that make up a sum; with ``others`` (of the same branch), any of these sums."""
    return f"{_rows(cell, filters)}{_counted(cell, *others)}"


def _counted(*cells: Cell) -> str:
    wheres = [cell.amount.where for cell in cells]
    return f"\n  AND ({' OR '.join(f'({w})' for w in wheres) if len(wheres) > 1 else wheres[0]})" if all(wheres) else ""


def behind_sql(question: Question, columns: Sequence[str]) -> str:
    """The rows behind the sums of a question whose cells are all of one branch, in time: ``columns`` of each row (its key
    first), then what it adds to each sum. Where time is cut, those of interval ``{interval:UInt32}`` alone.

    Of a union, a row adds what no row before it has covered, in milliseconds and parts of them.
    """
    first = question.cells[0]
    counted = _counted(*question.cells)
    if not first.spread:
        counted = f"\n  AND {evidence_sql(first, question.filters, *question.cells[1:])}"
    if question.cut is not None:
        counted += f"\n  AND {{intervals:Array(UInt32)}}[1 + {_slot(first)}] = {{interval:UInt32}}"
    source = _spans(question, first) if first.spread else TABLES[first.amount.table].source
    rows = f"SELECT *{_uncovered(question)}\nFROM {source}\nWHERE true{counted}"
    shares = [_share(cell) for cell in question.cells]
    quoted = [f"`{name}`" for name in columns]
    if first.spread:  # a row stands there once a quarter hour
        shares = [f"sum({share})" for share in shares]
        quoted = [f"any({name})" for name in quoted]
    key = ", ".join(f"`{name}`" for name in TABLES[first.amount.table].key)
    group = (
        f"\nGROUP BY {key}\nORDER BY any({_moment(first)}), {key}" if first.spread else f"\nORDER BY {_moment(first)}, {key}"
    )
    selected = ", ".join(f"{text} AS c{i}" for i, text in enumerate([*quoted, *shares]))
    return f"SELECT {selected}\nFROM ({rows}){group}\nLIMIT {{limit:UInt64}}"


def subjects_sql(question: Question, condition: str) -> str:
    """The subjects behind the sums of a question whose cells are all of one branch, with where each stands: the subject, the
    interval's number where time is cut, the dimensions. ``condition`` narrows them; the subject is the first of the key."""
    first = question.cells[0]
    table = first.amount.table
    counted = _counted(*question.cells)
    if not first.spread:
        counted = f"\n  AND {evidence_sql(first, question.filters, *question.cells[1:])}"
    source = _spans(question, first) if first.spread else TABLES[table].source
    selected = [f"toString(`{TABLES[table].key[0]}`) AS x_subject"]
    if question.cut is not None:
        selected.append(f"{{intervals:Array(UInt32)}}[1 + {_slot(first)}] AS interval")
    selected += [f"{column_sql(table, d)} AS d{i}" for i, d in enumerate(question.dimensions)]
    return f"SELECT DISTINCT {', '.join(selected)}\nFROM {source}\nWHERE {condition}{counted}"


def _share(cell: Cell) -> str:
    amount = cell.amount
    covered = "x_new / 1000" if amount.fold is Fold.UNION else part_sql(amount)
    value = covered if cell.spread else amount.value
    share = f"CAST({value}, '{SUM}')"
    return f"if({amount.where}, {share}, 0)" if amount.where else share


def _uncovered(question: Question) -> str:
    """For a union: the microseconds of a row that no row before it covers."""
    if all(cell.amount.fold is not Fold.UNION for cell in question.cells):
        return ""
    each = "" if question.cut is None else "PARTITION BY x_slot "
    before = f"max(x_b) OVER ({each}ORDER BY x_a, x_b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    return (
        ", greatest(x_from, x_lo) AS x_a, least(x_to, x_hi) AS x_b,\n"
        f"    greatest(toInt64(x_b) - greatest(toInt64(x_a), toInt64({before})), 0) AS x_new"
    )
