"""``opsledger statement``: what a vendor is paid for a month, line by line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from opsledger.infra.cli.common import LANG, OUT, TENANT, deliver, opened, settings_of
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.render import BINARY, FORMATS, render_result, width_of
from opsledger.infra.settings import lang_of
from opsledger.infra.statements import run_statement, sheet_of
from opsledger.projections.formats import statement as sheets
from opsledger.projections.metrics.model import Lang


@click.command(short_help="A vendor's monthly statement, with rule and evidence for each line.")
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
) -> None:
    """The draft statement of contract C: each line with rule, quantity, unit amount, amount, and the evidence behind it."""
    settings = settings_of(context)
    with opened(context) as store:
        name = tenant_of(store, tenant, settings)
        zone = zone_of_tenant(store, name, settings)
        moment = parse_moment(as_known_at, zone) if as_known_at else None
        with view(store, name, moment, late_after=settings.late_after) as facts:
            made = run_statement(facts, contract, month)
            sheet = sheet_of(made, facts)
    deliver(render_sheet(sheet, format_, lang_of(lang or settings.lang), width_of(out), screen=out is None), out)


def render_sheet(sheet: sheets.Sheet, format_: str, lang: Lang, width: int, *, screen: bool) -> str | bytes:
    """A statement as one of the report formats: text, or bytes for XLSX and PDF."""
    if format_ == "table":
        return sheets.to_terminal(sheet, lang, width, color=screen and sys.stdout.isatty())
    if format_ in BINARY:
        from opsledger.projections.formats.statement_result import result_of  # noqa: PLC0415  loaded when it is asked for

        return render_result(result_of(sheet, lang, predicates=format_ == "xlsx"), format_, width)
    return {"csv": sheets.to_csv, "json": sheets.to_json, "html": sheets.to_html}[format_](sheet, lang)
