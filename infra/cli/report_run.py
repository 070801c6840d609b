"""``opsledger report run``: one report, the rows behind one of its figures, or the whole set into a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from opsledger.domain.errors import EXIT_INCOMPLETE, UserError, nearest
from opsledger.infra.cli.common import LANG, TENANT, deliver, opened, settings_of, within_tenant
from opsledger.infra.cli.report_options import ANY_SPAN, PARAMETERS, Options, given, period_of, request_of, text_of
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.render import FORMATS, PICTURED, render_result, width_of
from opsledger.infra.settings import Settings, lang_of
from opsledger.infra.store import Store
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.cells import parse_ref
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.request import CELL_REPORT
from opsledger.projections.reports.run import run_report


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option(
    "--all", "all_", is_flag=True, help="Every report that the period has, into the folder --out, with an index page."
)
@ANY_SPAN
@TENANT
@PARAMETERS
@click.option("--as-known-at", metavar="TIME", help="As it was known at this moment, e.g. 2026-02-03T09:00.")
@click.option("--from-cell", metavar="REF", help="With call_detail: the rows behind the figure that REF names.")
@LANG
@click.option(
    "--format", "format_", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: table); with --all several: html,csv."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file (with --all: folder) instead of the screen.")
@click.option("--bom", is_flag=True, help="Begin a CSV with a byte order mark, for spreadsheets.")
@click.option("--quiet", is_flag=True, help="No progress (--all).")
@click.pass_context
def run(context: click.Context, /, name: str | None, **options: Any) -> int:
    """Run report NAME (see `report list`), or all. A law of the numbers that does not hold is printed and gives exit code 3.

    \b
      opsledger report run traffic --day 2026-01-05 --queue sales
      opsledger report run service_indicators --month 2026-01 --lang zh --format html --out january.html
      opsledger report run lost_calls --week 2026-W02 --compare previous --as-known-at 2026-01-12T09:00
      opsledger report run call_detail --from-cell eyJyIjoi…
      opsledger report run --all --month 2026-01 --format html,csv --out january
    """
    if (name is None) != bool(options["all_"]):
        raise UserError("say which report (opsledger report list names them), or --all for every one")
    if name is None:
        from opsledger.infra.cli.report_all import run_all  # noqa: PLC0415  only a whole set needs it

        return run_all(context, options)
    format_ = one_format(text_of(options, "format_"))
    if options["bom"] and format_ != "csv":
        raise UserError("--bom goes with --format csv")
    target = options["out"]
    if target is not None and target.is_dir():
        raise UserError(f"--out {target} is a folder; name the file to write")
    result = _cell(context, name, options) if options["from_cell"] else _run(context, name, options, format_)
    color = target is None and sys.stdout.isatty()
    deliver(render_result(result, format_, width_of(target), color=color, bom=bool(options["bom"])), target)
    return 0 if result.ok else EXIT_INCOMPLETE


def one_format(text: str | None) -> str:
    """The format that is asked for, ``table`` where none is. UserError with the nearest one for what is none."""
    if text is None or text in FORMATS:
        return text or FORMATS[0]
    raise UserError(f"there is no format '{text}'{nearest(text, FORMATS)}")


def _run(context: click.Context, name: str, options: Options, format_: str) -> Result:
    with asked(context, name, options) as (facts, request):
        return run_report(facts, replace(request, charts=format_ in PICTURED))


@contextmanager
def asked(context: click.Context, name: str, options: Options, *, known: str | None = None) -> Iterator[tuple[Facts, Request]]:
    """The facts and the request that the options describe: as they stand, or as known at ``--as-known-at``."""
    settings = settings_of(context)
    lang = lang_of(str(options["lang"] or settings.lang))
    moment = known or text_of(options, "as_known_at")
    with opened(context) as store:
        tenant = tenant_of(store, text_of(options, "tenant"), settings)
        zone = zone_of_tenant(store, tenant, settings, text_of(options, "zone"))
        at = parse_moment(moment, zone) if moment else None
        request_of(name, options, period_of(options, zone), lang)  # what is wrong is said before the facts are looked at
        with view(store, tenant, at, late_after=settings.late_after) as facts:
            yield facts, request_of(name, options, period_of(options, _zone(store, facts, settings, options)), lang)


def _zone(store: Store, facts: Facts, settings: Settings, options: Options) -> str:
    """The tenant's zone as it was known then."""
    return zone_of_tenant(store, facts.tenant, settings, text_of(options, "zone"), facts.as_known_at)


def _cell(context: click.Context, name: str, options: Options) -> Result:
    """The rows behind a figure: the reference says of which report, for when and under which parameters."""
    if name != CELL_REPORT:
        raise UserError(f"--from-cell goes with {CELL_REPORT}: opsledger report run {CELL_REPORT} --from-cell …")
    further = [*given(options), *(["--as-known-at"] if options["as_known_at"] else [])]
    if further:
        raise UserError(f"the reference says already for what the figure was made; leave {', '.join(further)} out")
    ref, settings = parse_ref(str(options["from_cell"])), settings_of(context)
    tenant = within_tenant(ref.tenant, text_of(options, "tenant"), settings, "the figure")
    lang = lang_of(str(options["lang"] or settings.lang))
    request = Request(CELL_REPORT, ref.request.period, cell=str(options["from_cell"]), lang=lang)
    with opened(context) as store, view(store, tenant, ref.known_at, late_after=settings.late_after) as facts:
        return run_report(facts, request)
