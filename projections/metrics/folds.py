"""How the amounts of many rows become one number, as SQL over the rows that a scan keeps."""

from __future__ import annotations

from collections.abc import Sequence

from opsledger.projections.metrics.model import Amount, Fold

SUM = "Nullable(Decimal(38, 4))"
"""The type in which every sum is answered."""


def counts_rows(amount: Amount, *, spread: bool) -> bool:
    """Whether the sum counts rows and nothing else: a whole number of the engine's own."""
    return not spread and amount.value == "1" and amount.fold is Fold.SUM and not amount.currency


def sums_sql(counts: Sequence[str], others: Sequence[str]) -> str:
    """Sums as an array of one type, those that count rows before the others: they are of one type already and cast at once,
    since planning a cast for each costs more than running it."""
    cast = f"CAST([{', '.join(counts)}], 'Array({SUM})')"
    each = ", ".join(f"CAST({text}, '{SUM}')" for text in others)
    if not counts:
        return f"[{each}]"
    return f"arrayConcat({cast}, [{each}])" if others else cast


def fold_sql(amount: Amount, *, spread: bool, within: str = "") -> str:
    """The sum of an amount over the rows of a scan; ``within``: what must hold of a row besides the amount's own condition.
    Where it is spread, over what of a row falls between x_lo and x_hi."""
    where = " AND ".join(f"({text})" if within else text for text in (within, amount.where) if text) or "true"
    if amount.fold is Fold.P90:
        # between two whole numbers the tenths are exact, the binary fraction of the engine's answer is not
        tenths = f"CAST(round(10 * quantileExactInclusiveOrNullIf(0.9)({amount.value}, {where})), 'Nullable(Int64)')"
        return f"CAST({tenths}, '{SUM}') / 10"
    if amount.fold is Fold.UNION:
        low, high = "greatest(x_from, x_lo)", "least(x_to, x_hi)"
        return f"intDiv(intervalLengthSumIf({low}, {high}, ({where}) AND {high} > {low}), 1000)"
    value = part_sql(amount) if spread else amount.value
    total = f"countIf({where})" if value == "1" else f"sumIf({value}, {where})"
    return f"if(uniqExactIf({amount.currency}, {where}) > 1, NULL, {total})" if amount.currency else total


def part_sql(amount: Amount) -> str:
    """What falls between x_lo and x_hi; differences of one running total, so that the parts add up exactly."""
    running = _running_value if amount.value else _running_length
    return f"toInt64({running(amount.value, 'x_hi')} - {running(amount.value, 'x_lo')})"


def _passed(until: str) -> str:
    return f"least(x_to, greatest(x_from, {until})) - x_from"


def _running_length(_: str, until: str) -> str:
    return f"intDiv({_passed(until)}, 1000)"


def _running_value(value: str, until: str) -> str:
    share = f"intDiv(toInt128({value}) * ({_passed(until)}), greatest(x_to - x_from, 1))"
    return f"if(x_to = x_from, if({until} > x_from, toInt128({value}), 0), {share})"
