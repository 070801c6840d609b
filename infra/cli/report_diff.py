"""``opsledger report diff``: what changed in a report between two moments, and which late events did it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.cli.common import LANG, OUT, TENANT, deliver, opened, settings_of
from opsledger.infra.cli.report_options import PARAMETERS, SPANS, Options, period_of, request_of, text_of
from opsledger.infra.cli.report_run import one_format
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.render import FORMATS, render_result, width_of
from opsledger.infra.settings import lang_of
from opsledger.infra.store import Store
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.reports.diff import Change, changes_of, result_of
from opsledger.projections.reports.late_events import Between, events_between, listed_subjects, subjects_behind
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.request import checked
from opsledger.projections.reports.run import run_report


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--from", "from_", metavar="TIME", required=True, help="The report as known at this moment …")
@click.option("--to", metavar="TIME", help="… against as known at this one (default: now).")
@SPANS
@TENANT
@PARAMETERS
@LANG
@click.option("--format", "format_", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: table).")
@OUT
@click.pass_context
def diff(context: click.Context, /, name: str, **options: Any) -> int:
    """Run report NAME as known at two moments: which figures changed, which rows came and went, which late events did it.

    \b
      opsledger report diff traffic --month 2026-01 --from 2026-02-01T09:00 --to 2026-02-05T09:00
    """
    format_, settings = one_format(text_of(options, "format_")), settings_of(context)
    lang = lang_of(str(options["lang"] or settings.lang))
    with opened(context) as store:
        tenant = tenant_of(store, text_of(options, "tenant"), settings)
        zone = zone_of_tenant(store, tenant, settings, text_of(options, "zone"))
        old, new = (parse_moment(text, zone) if text else None for text in (options["from_"], options["to"]))
        _check(old, new, store.clock.now())
        request = request_of(name, _without_moments(options), period_of(_without_moments(options), zone), lang)
        result = _diff(store, tenant, request, (old, new), settings.late_after)
    target = options["out"] if isinstance(options["out"], Path) else None
    deliver(render_result(result, format_, width_of(target), color=target is None and sys.stdout.isatty()), target)
    return 0 if result.ok else EXIT_INCOMPLETE


def _check(old: datetime | None, new: datetime | None, now: datetime) -> None:
    if old is not None and old >= (new or now):
        raise UserError("--from is not before --to: say first the earlier moment, then the later")


def _without_moments(options: Options) -> Options:
    """The options, ``--from`` and ``--to`` left out: here they are moments, not days."""
    return {**options, "from_": None, "to": None}


def _diff(store: Store, tenant: str, request: Request, moments: Sequence[datetime | None], late_after: timedelta) -> Result:
    """Three looks at the past: the later report; the earlier one, with what stands in the changed rows; and that again of
    the later, with the events in between."""
    home = str(store.client.command("SELECT currentDatabase()"))
    earlier, later = moments
    with view(store, tenant, later, late_after=late_after) as facts:
        new, ends, cutoff = run_report(facts, request), facts.positions, facts.cutoff
    with view(store, tenant, earlier, late_after=late_after) as facts:
        old = run_report(facts, request)
        changes, between = changes_of(old, new), Between(home, tenant, facts.positions, ends)
        subjects = _subjects(facts, request, changes, between)
    with view(store, tenant, later, late_after=late_after) as facts:
        for stream, some in _subjects(facts, request, changes, between).items():
            subjects.setdefault(stream, set()).update(some)
        events = events_between(facts, between, subjects, request.lang)
    texts = [f"{moment.astimezone(zone_of(request.period.zone)):%Y-%m-%d %H:%M:%S}" for moment in (earlier or cutoff, cutoff)]
    return result_of(old, new, changes, events, (texts[0], texts[1]))


def _subjects(facts: Facts, request: Request, changes: Sequence[Change], between: Between) -> dict[str, set[str]]:
    job = checked(facts, request)
    return {**subjects_behind(job, changes, between), **listed_subjects(job, changes)} if changes else {}
