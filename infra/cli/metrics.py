"""``opsledger metrics list | show``: the dictionary of metrics, each with an example from the data at hand."""

from __future__ import annotations

import click

from opsledger.domain.calendar import Grain, Period, make_period, parse_period, zone_of
from opsledger.domain.errors import UserError, nearest
from opsledger.infra.cli.common import LANG, TENANT, opened, settings_of
from opsledger.infra.facts import view, zone_of_tenant
from opsledger.infra.settings import lang_of
from opsledger.infra.store import Store
from opsledger.projections.formats.metric import Example, metric_list, metric_page
from opsledger.projections.metrics.measure import DEFAULT_THRESHOLD_MS, Facts, ask, parts_of
from opsledger.projections.metrics.model import Metric
from opsledger.projections.metrics.query import Question, cells_of, utc_text
from opsledger.projections.metrics.registry import GROUPS, metric
from opsledger.projections.metrics.tables import TABLES

THRESHOLD = click.option("--threshold", type=click.FloatRange(0, 86_400), help="Seconds that stand for T (default: 20).")


@click.group()
def metrics() -> None:
    """The dictionary of metrics: every figure of the reports, its definition and its formula."""


@metrics.command("list", short_help="Every metric, by group.")
@LANG
@click.option("--group", metavar="GROUP", help=f"Only this group: {', '.join(GROUPS)}.")
@click.pass_context
def list_(context: click.Context, lang: str | None, group: str | None) -> None:
    """Every metric: code, unit, what it is called. T is the threshold of a report, 20 s unless another is asked for."""
    if group is not None and group not in GROUPS:
        raise UserError(f"there is no group '{group}'{nearest(group, tuple(GROUPS))}")
    click.echo(metric_list(lang_of(lang or settings_of(context).lang), group), nl=False)


@metrics.command(short_help="One metric: definition, formula, example.")
@click.argument("code", metavar="CODE")
@click.option("--month", metavar="2026-01", help="The month of the example (default: the last full one with data).")
@THRESHOLD
@TENANT
@LANG
@click.pass_context
def show(
    context: click.Context, code: str, month: str | None, threshold: float | None, tenant: str | None, lang: str | None
) -> None:
    """Definition, formula, unit, what it can be cut by, how other systems define it, and an example worked from the data.

    \b
      opsledger metrics show answer_rate
      opsledger metrics show service_level --threshold 15 --month 2026-01 --lang zh
    """
    found, settings = metric(code), settings_of(context)
    threshold_ms = DEFAULT_THRESHOLD_MS if threshold is None else round(threshold * 1000)
    example = None
    if settings.data.exists() or month:
        with opened(context) as store:
            example = _example(store, context, found, month, tenant, threshold_ms)
    click.echo(metric_page(found, lang_of(lang or settings.lang), threshold_ms, example), nl=False)


def _example(
    store: Store, context: click.Context, of: Metric, month: str | None, asked: str | None, threshold_ms: int
) -> Example | None:
    settings = settings_of(context)
    tenant = asked or settings.tenant or _largest(store)
    if tenant is None:
        return None
    zone = zone_of_tenant(store, tenant, settings)
    with view(store, tenant) as facts:
        period = parse_period(Grain.MONTH, month, zone) if month else _last_month(facts, of, zone)
        if period is None:
            return None
        question = Question(cells_of([of], None), period)
        ((_, sums),) = ask(facts, question, threshold_ms)
        (parts,) = parts_of([of], None, question.cells, sums)
        return Example(tenant, period.name, zone, parts)


def _largest(store: Store) -> str | None:
    """The tenant with the most events about calls; a definition's example should not need to be told whose it is."""
    rows = store.client.query("SELECT tenant FROM call GROUP BY tenant ORDER BY count() DESC, tenant LIMIT 1").result_rows
    return str(rows[0][0]) if rows else None


def _last_month(facts: Facts, of: Metric, zone: str) -> Period | None:
    """The last month that is over at the cutoff and that has calls, else what the metric is made from."""
    this = make_period(Grain.MONTH, facts.cutoff.astimezone(zone_of(zone)).date(), zone)
    own = [a.table for a in reversed(of.amounts) if not TABLES[a.table].view]
    for table in dict.fromkeys(["calls", *own]):
        column = _TIMES.get(table, "")
        if not column:
            continue
        sql = (
            f"SELECT max({column}), count() FROM {table} FINAL WHERE tenant = {{tenant:String}} "
            f"AND {column} < {{stop:DateTime64(6, 'UTC')}}"
        )
        bound = {"tenant": facts.tenant, "stop": utc_text(this.start)}
        ((last, count),) = facts.engine.query(sql, parameters=bound).result_rows
        if count:
            return make_period(Grain.MONTH, last.astimezone(zone_of(zone)).date(), zone)
    return None


_TIMES = {
    "calls": "started_at",
    "legs": "entered_at",
    "ivr_steps": "at",
    "rings": "at",
    "transfers": "at",
    "agent_spans": "starts_at",
    "shifts": "starts_at",
    "tickets": "opened_at",
    "callbacks": "requested_at",
    "complaints": "filed_at",
    "evaluations": "sampled_at",
    "faults": "raised_at",
    "penalties": "assessed_at",
    "awards": "granted_at",
}
"""Fact table → the column by which the month of the example is chosen."""
