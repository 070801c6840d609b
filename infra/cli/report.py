"""``opsledger report list | run``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from opsledger.domain.calendar import Grain, Period, make_span, parse_period
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.cli.common import LANG, OUT, TENANT, deliver, opened, settings_of
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.render import FORMATS, render_result, width_of
from opsledger.infra.settings import lang_of
from opsledger.projections.metrics.model import Lang
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, PROFILES
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import PROFILE_THRESHOLD, Request
from opsledger.projections.reports.run import run_report

_OWN_S = PROFILES[DEFAULT_PROFILE].threshold_ms / 1000
GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH)


@click.group(short_help="List and run reports.")
def report() -> None:
    """Reports over the facts: any day, ISO week or month, as it stands or as it was known at a past moment."""


@report.command("list", short_help="Every report with its spans.")
@LANG
@click.pass_context
def list_(context: click.Context, lang: str | None) -> None:
    """Every report: code, title, the spans that it can be run for, what it can be narrowed to."""
    spoken = lang_of(lang) if lang else settings_of(context).lang
    for each in REPORTS.values():
        spans = ", ".join(each.grains) + (", any span" if each.any_span else "")
        click.echo(f"{each.code:<20} {each.label.text(spoken):<28} {spans:<24} {', '.join(each.filters)}")


@report.command(short_help="Run a report for a day, ISO week or month.")
@click.argument("name", metavar="NAME")
@click.option("--day", metavar="2026-01-05", help="One day of the tenant's zone.")
@click.option("--week", metavar="2026-W02", help="One ISO week.")
@click.option("--month", metavar="2026-01", help="One month.")
@click.option("--from", "from_", metavar="2026-01-05", help="With --to: any span of days (call_detail).")
@click.option("--to", metavar="2026-01-09", help="Last day of the span.")
@TENANT
@click.option("--vendor", multiple=True, help="Only this vendor (may be given several times, as all of these).")
@click.option("--hotline", multiple=True, help="Only this hotline.")
@click.option("--queue", multiple=True, help="Only this queue.")
@click.option("--team", multiple=True, help="Only this team.")
@click.option("--agent", multiple=True, help="Only this agent.")
@click.option("--zone", metavar="ZONE", help="Cut days in this zone (default: the tenant's own).")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 86_400),
    help=f"Seconds within which an answer is in time (default: the profile's own, {_OWN_S:g} for {DEFAULT_PROFILE}).",
)
@click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    help=f"Whose definitions: {', '.join(PROFILES)} (docs/profiles.md).",
)
@click.option("--attribution", help="Count each amount at enter, answer, end, or spread over the intervals that it covers.")
@click.option("--interval", help="How a period is cut into rows: half_hour, hour, day.")
@click.option("--as-known-at", metavar="TIME", help="As it was known at this moment, e.g. 2026-02-03T09:00.")
@LANG
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
@OUT
@click.pass_context
def run(context: click.Context, /, name: str, **options: object) -> int:
    """Run report NAME (see `report list`). A law of the numbers that does not hold is printed and gives exit code 3.

    \b
      opsledger report run traffic --day 2026-01-05 --queue sales
      opsledger report run service_indicators --month 2026-01 --lang zh --format html --out january.html
    """
    settings = settings_of(context)
    lang = lang_of(str(options["lang"] or settings.lang))
    with opened(context) as store:
        tenant = tenant_of(store, _text(options, "tenant"), settings)
        zone = zone_of_tenant(store, tenant, settings, _text(options, "zone"))
        known = _text(options, "as_known_at")
        request = _request(name, options, zone, lang)
        with view(store, tenant, parse_moment(known, zone) if known else None) as facts:
            result = run_report(facts, request)
    out = options["out"]
    target = out if isinstance(out, Path) else None
    deliver(
        render_result(result, str(options["format_"]), width_of(target), color=target is None and sys.stdout.isatty()), target
    )
    return 0 if result.ok else EXIT_INCOMPLETE


def _text(options: dict[str, object], name: str) -> str | None:
    value = options[name]
    return str(value) if value else None


def _request(name: str, options: dict[str, object], zone: str, lang: Lang) -> Request:
    dimensions, threshold = ("vendor", "hotline", "queue", "team", "agent"), options["threshold"]
    only = {d: tuple(map(str, value)) for d in dimensions if isinstance(value := options[d], tuple) and value}
    return Request(
        report=name,
        period=_period(options, zone),
        only=only,
        threshold_ms=PROFILE_THRESHOLD if threshold is None else round(float(str(threshold)) * 1000),
        attribution=_text(options, "attribution"),
        interval=_text(options, "interval"),
        profile=str(options["profile"]),
        lang=lang,
        charts=options["format_"] == "html",
    )


def _period(options: dict[str, object], zone: str) -> Period:
    given = {grain: text for grain in GRAINS if (text := _text(options, grain.value))}
    first, last = _text(options, "from_"), _text(options, "to")
    if len(given) + bool(first and last) != 1 or bool(first) != bool(last):
        raise UserError("say for when, once: --day 2026-01-05, --week 2026-W02, --month 2026-01, or --from … with --to …")
    for grain, text in given.items():
        return parse_period(grain, text, zone)
    start, end = (parse_period(Grain.DAY, text or "", zone) for text in (first, last))
    return make_span(start.first, end.first, zone)
