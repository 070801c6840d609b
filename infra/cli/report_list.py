"""``opsledger report list``."""

from __future__ import annotations

import click

from opsledger.infra.cli.common import LANG, settings_of
from opsledger.infra.settings import lang_of
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.request import filters_of


@click.command("list")
@LANG
@click.pass_context
def list_(context: click.Context, lang: str | None) -> None:
    """Every report: code, title, the spans that it can be run for, what it can be narrowed to."""
    spoken = lang_of(lang) if lang else settings_of(context).lang
    for each in REPORTS.values():
        spans = ", ".join(each.grains) + (", any span" if each.any_span else "")
        filters = filters_of(each, [METRICS[code] for code in each.metrics])
        click.echo(f"{each.code:<20} {each.label.text(spoken):<28} {spans:<24} {', '.join(filters)}")
