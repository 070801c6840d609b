"""``opsledger quality``: how far the data of a period may be relied on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import LANG, OUT, TENANT, deliver, opened, settings_of
from opsledger.infra.cli.report_options import ANY_SPAN, period_of, text_of
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.render import FORMATS, render_result, width_of
from opsledger.infra.settings import lang_of
from opsledger.projections.reports.data_quality import is_clean
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.run import run_report


@click.command()
@ANY_SPAN
@TENANT
@click.option("--zone", metavar="ZONE", help="Cut days in this zone (default: the tenant's own).")
@click.option("--as-known-at", metavar="TIME", help="As it was known at this moment, e.g. 2026-02-03T09:00.")
@LANG
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
@OUT
@click.pass_context
def quality(context: click.Context, /, **options: Any) -> int:
    """Check the data of a period, each finding with what it means, an example and the command to look at it.

    The same as `report run data_quality`, but for the exit code: 0 where every check is ok, 3 where one wants a look.

    \b
      opsledger quality --day 2026-01-05
      opsledger quality --month 2026-01 --format html --out quality.html
    """
    result = _run(context, options)
    format_, out = options["format_"], options["out"]
    target = out if isinstance(out, Path) else None
    deliver(render_result(result, format_, width_of(target), color=target is None and sys.stdout.isatty()), target)
    return 0 if is_clean(result.rows) else EXIT_INCOMPLETE


def _run(context: click.Context, options: dict[str, Any]) -> Result:
    settings = settings_of(context)
    lang = lang_of(str(options["lang"] or settings.lang))
    with opened(context) as store:
        tenant, known = tenant_of(store, text_of(options, "tenant"), settings), text_of(options, "as_known_at")
        zone = zone_of_tenant(store, tenant, settings, text_of(options, "zone"))
        period, at = period_of(options, zone), parse_moment(known, zone) if known else None
        with view(store, tenant, at, late_after=settings.late_after) as facts:
            return run_report(facts, Request("data_quality", period, lang=lang))
