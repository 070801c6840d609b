"""``opsledger statement``: what a vendor is paid for a month, line by line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import LANG, OUT, TENANT, deliver, opened, settings_of
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.render import BINARY, FORMATS, render_result, width_of
from opsledger.infra.settings import lang_of
from opsledger.infra.statements import run_statement, sheet_of, statement_report
from opsledger.projections.formats import statement as sheets
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Lang


@click.command()
@click.option("--contract", required=True, metavar="C", help="The contract's id.")
@click.option("--month", required=True, metavar="2026-01", help="The month to settle.")
@TENANT
@click.option("--as-known-at", metavar="TIME", help="As it was known at this moment.")
@LANG
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
@OUT
@click.pass_context
def statement(
    context: click.Context,
    contract: str,
    month: str,
    tenant: str | None,
    as_known_at: str | None,
    lang: str | None,
    format_: str,
    out: Path | None,
) -> int:
    """The draft statement of contract C: each line with rule, quantity, unit amount, amount, and the evidence behind it."""
    settings = settings_of(context)
    with opened(context) as store:
        name = tenant_of(store, tenant, settings)
        zone = zone_of_tenant(store, name, settings)
        moment = parse_moment(as_known_at, zone) if as_known_at else None
        with view(store, name, moment, late_after=settings.late_after) as facts:
            chosen = lang_of(lang or settings.lang)
            made, ok = statement_in(facts, contract, month, format_, chosen, width_of(out), screen=out is None)
    deliver(made, out)
    return 0 if ok else EXIT_INCOMPLETE


def statement_in(
    facts: Facts, contract: str, month: str, format_: str, lang: Lang, width: int, *, screen: bool
) -> tuple[str | bytes, bool]:
    """A statement as one of the report formats, and whether the laws of the numbers hold in it. A sheet and a print are those
    of the report ``vendor_statement``; UserError as ``settle_month``."""
    if format_ in BINARY:
        result = statement_report(facts, contract, month, lang)
        return render_result(result, format_, width), result.ok
    sheet = sheet_of(run_statement(facts, contract, month), facts)
    if format_ == "table":
        return sheets.to_terminal(sheet, lang, width, color=screen and sys.stdout.isatty()), True
    return {"csv": sheets.to_csv, "json": sheets.to_json, "html": sheets.to_html}[format_](sheet, lang), True
