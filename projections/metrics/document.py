"""Writes docs/metrics.md from the registry, so that the page cannot say anything else than the code does."""

from __future__ import annotations

from opsledger.projections.metrics.formula import amount_sql, source_of
from opsledger.projections.metrics.model import MOVES, UNIT_LABELS, Amount, Attribution, Better, Fold, Label, Metric
from opsledger.projections.metrics.query import Cell
from opsledger.projections.metrics.registry import GROUPS
from opsledger.projections.metrics.tables import TABLES

_HEAD = """\
# Metrics 指标

Every metric of the reports, with its definition and its formula over the fact tables. This page is made from
the registry in `projections/metrics` (`make docs`); the registry is the only place in which a formula stands.

- A ratio is (numerator, denominator): both are added up first and divided last. 0 ÷ 0 is empty.
  比率先分别求和,最后相除;0 ÷ 0 为空。
- *Counts at* is the attribution: which interval an amount counts in. `enter` when it began, `answer`, `end`,
  `due`, or `spread` over the intervals that it covers, to the millisecond. A metric with several attributions
  can be moved by `--attribution`; the first is the default.
- *T* is the threshold, 20 s unless a report is asked for another; it is compared by `<=`, in milliseconds.
- In the SQL, `start` and `stop` are the limits of the interval, `cutoff` is how far the facts go, and `overlap_ms(a, b)`
  are the milliseconds between two moments inside the interval. A run adds the tenant, filters and groups.
- Durations are kept in milliseconds and shown as `mm:ss`; rounding happens only when a number is shown.
- Queue entries still waiting at the cutoff are counted beside and stand in no denominator; refused ones (full,
  closed, nobody on duty, diverted) stand inside.
"""
_BETTER = {Better.HIGHER: Label("higher is better", "越高越好"), Better.LOWER: Label("lower is better", "越低越好")}


def render_metrics_md() -> str:
    """The whole page, ending in a line feed."""
    parts = [_HEAD]
    for title, metrics in GROUPS.values():
        parts.append(f"## {title.en} {title.zh}\n")
        parts += [_entry(metric) for metric in metrics]
    return "\n".join(parts)


def _entry(metric: Metric) -> str:
    lines = [
        f"### `{metric.code}` — {_text(metric.label.en)} · {_text(metric.label.zh)}",
        "",
        f"{_text(metric.definition.en)}  ",
        _text(metric.definition.zh),
        "",
        f"- unit: {UNIT_LABELS[metric.unit].en}{_direction(metric)}",
        f"- counts at: {', '.join(attributions_of(metric))}",
        f"- can be cut by: {', '.join(dimensions_of(metric)) or 'nothing'}",
        f"- source: {source_of(metric)}",
        *_formula(metric),
        *([f"- where it is empty: {metric.needs.en} {metric.needs.zh}"] if metric.needs else []),
        "",
    ]
    return "\n".join(lines)


def dimensions_of(metric: Metric) -> list[str]:
    """The dimensions that it can be grouped and narrowed by: those that all its fact tables know."""
    first, *others = (TABLES[t].dimensions for t in metric.tables)
    return [d for d in first if all(d in other for other in others)]


def _text(text: str) -> str:
    return text.replace("{threshold}", "T")


def _direction(metric: Metric) -> str:
    label = _BETTER.get(metric.better)
    return "" if label is None else f"; {label.en}"


def attributions_of(metric: Metric) -> list[str]:
    """The attributions that it can be counted by, its own first, as code."""
    others = [a for a in MOVES if a is not metric.default and metric.can(a)]
    return [f"`{a}`" for a in (metric.default, *others)]


def _formula(metric: Metric) -> list[str]:
    if metric.denominator is None:
        one = amount_text(metric.numerator, metric.default), amount_sql(metric.numerator, metric.default)
        return [f"- value: {one[0]}  ", f"  `{one[1]}`"]
    per = f" × {metric.per:,}" if metric.per != 1 else ""
    return [
        f"- numerator: {amount_text(metric.numerator, metric.default)}{per}  ",
        f"  `{amount_sql(metric.numerator, metric.default)}`",
        f"- denominator: {amount_text(metric.denominator, metric.default)}  ",
        f"  `{amount_sql(metric.denominator, metric.default)}`",
    ]


def amount_text(amount: Amount, attribution: Attribution) -> str:
    """What an amount adds up, of which rows, and the column that says when."""
    where = f" where `{amount.where}`" if amount.where else ""
    cell = Cell(amount, attribution)
    place = (" … " if cell.spread else " else ").join(cell.place)
    return f"{_what(amount)} of `{amount.table}`{where}, at `{place}`"


def _what(amount: Amount) -> str:
    if amount.fold is Fold.UNION:
        return "milliseconds of the spans, overlaps counted once,"
    if not amount.value:
        return "milliseconds of the spans"
    if amount.fold is Fold.P90:
        return f"90th percentile of `{amount.value}`"
    return "rows" if amount.value == "1" else f"sum of `{amount.value}`"
