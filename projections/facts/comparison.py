"""Facts as they stand against the same made anew: whether they agree, and what differs where they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.projections.facts.schema import columns_of
from opsledger.projections.facts.tables import PHYSICAL, FactTable
from opsledger.projections.ledger.engine_errors import is_damage

EXAMPLES = 3
"""So many rows of each side are shown."""
_SUMMABLE = ("Int", "UInt", "Decimal", "Float", "Bool")
Row = Mapping[str, Any]


class FactState(StrEnum):
    """How a fact table stood before it was made anew."""

    EQUAL = "as it was"
    MISSING = "was missing"
    UNREADABLE = "could not be read"
    OLDER = "was made by another version"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a fact table (``rows_before``, None where they could not be counted) differs from the one made anew.

    ``only_before`` and ``only_after`` are the rows that one side alone has, ``examples`` some of them in words, ``sums`` those
    columns whose sums differ: column → (before, after).
    """

    fact: str
    state: FactState
    rows_before: int | None
    rows_after: int
    only_before: int = 0
    only_after: int = 0
    examples: tuple[str, ...] = ()
    sums: Mapping[str, tuple[object, object]] | None = None

    @property
    def equal(self) -> bool:
        """Whether both are the same rows."""
        return self.state is FactState.EQUAL

    @property
    def heals(self) -> bool:
        """Whether putting the new table in place loses nothing that could be read."""
        return self.state is not FactState.DIFFERS


def compare(client: Any, fact: FactTable, before: str, after: str, state: FactState | None = None) -> Comparison:
    """Compare two (qualified) tables of a fact, whatever the order of rows and the physical columns.

    ``state``: what is known of the first already, which is then not read. Damage in the second is the engine's error.
    """
    rows_after, new = _summed(client, after)
    if state is not None:
        return Comparison(fact.name, state, None, rows_after)
    try:
        rows_before, old = _summed(client, before)
        if (rows_before, old) == (rows_after, new):
            return Comparison(fact.name, FactState.EQUAL, rows_before, rows_after)
        return _differing(client, fact, (before, after), (rows_before, rows_after))
    except ClickHouseError as error:
        if not is_damage(error):
            raise
        return Comparison(fact.name, FactState.UNREADABLE, None, rows_after)


def difference(each: Comparison) -> Iterator[str]:
    """What differs, a line each: rows of one side alone, some of them, sums."""
    if each.heals:
        return
    yield f"rows only in the facts: {each.only_before:,}; only in what the ledger gives: {each.only_after:,}"
    yield from each.examples
    for column, (before, after) in (each.sums or {}).items():
        yield f"sum of {column}: {before:,} in the facts, {after:,} from the ledger"


def _differing(client: Any, fact: FactTable, tables: tuple[str, str], rows: tuple[int, int]) -> Comparison:
    before, after = (
        f"SELECT {_ROW} AS row, {sign} AS side FROM {table} FINAL" for sign, table in zip((1, -1), tables, strict=True)
    )
    sides = f"SELECT row, sum(side) AS more FROM ({before} UNION ALL {after}) GROUP BY row HAVING more != 0"
    counted = "sum(greatest(more, 0)), sum(greatest(-more, 0))"
    chosen = f"groupArrayIf({EXAMPLES})(row, more > 0), groupArrayIf({EXAMPLES})(row, more < 0)"
    gone, come, gone_rows, come_rows = client.query(f"SELECT {counted}, {chosen} FROM ({sides})").first_row
    shown = _examples(fact, _rows(client, tables[0], gone_rows), _rows(client, tables[1], come_rows))
    return Comparison(fact.name, FactState.DIFFERS, *rows, int(gone), int(come), shown, _sums(client, fact, tables))


_ROW = f"cityHash64(toString(tuple(* EXCEPT ({', '.join(PHYSICAL)}))))"


def _summed(client: Any, table: str) -> tuple[int, int]:
    count, total = client.query(f"SELECT count(), sum(toUInt128({_ROW})) FROM {table} FINAL").first_row
    return count, total


def _rows(client: Any, table: str, hashes: Sequence[int]) -> list[Row]:
    if not hashes:
        return []
    text = f"SELECT * EXCEPT ({', '.join(PHYSICAL)}) FROM {table} FINAL WHERE {_ROW} IN {{rows:Array(UInt64)}} LIMIT {EXAMPLES}"
    return list(client.query(text, parameters={"rows": list(hashes)}).named_results())


def _examples(fact: FactTable, gone: Sequence[Row], come: Sequence[Row]) -> tuple[str, ...]:
    """Rows of either side; of a row that both have under one key, the columns that differ."""
    new, told = {_key(fact, row): row for row in come}, []
    for row in gone:
        key = _key(fact, row)
        other = new.pop(key, None)
        if other is None:
            told.append(f"{key}: only in the facts")
            continue
        changes = [
            f"{name} {value!s} in the facts, {other[name]!s} anew" for name, value in row.items() if value != other[name]
        ]
        told.append(f"{key}: {', '.join(changes)}")
    return (*told, *(f"{key}: only anew" for key in new))


def _key(fact: FactTable, row: Row) -> str:
    return " ".join(f"{name}={row[name]}" for name in fact.key)


def _sums(client: Any, fact: FactTable, tables: tuple[str, str]) -> Mapping[str, tuple[object, object]]:
    names = [name for name, type_ in columns_of(client, fact) if _is_summable(type_) and name not in (*PHYSICAL, *fact.key)]
    if not names:
        return {}
    asked = ", ".join(f"ifNull(sum(`{name}`), 0)" for name in names)  # a table may have no rows
    before, after = (client.query(f"SELECT {asked} FROM {table} FINAL").first_row for table in tables)
    return {name: (one, other) for name, one, other in zip(names, before, after, strict=True) if one != other}


def _is_summable(type_: str) -> bool:
    return type_.removeprefix("Nullable(").removeprefix("LowCardinality(").startswith(_SUMMABLE)
