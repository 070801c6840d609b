"""``opsledger history``: every event of one thing, as the ledger has it."""

from __future__ import annotations

import json

import click

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.errors import UserError
from opsledger.infra.cli.common import TENANT, opened, settings_of
from opsledger.infra.facts import fact_tables, tenant_of, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.projections.audit.history import HistoryRow
from opsledger.projections.audit.history import history as read_history


@click.command()
@click.argument("stream", metavar="STREAM", type=click.Choice(STREAMS))
@click.argument("id_", metavar="ID")
@TENANT
@click.option("--as-known-at", metavar="TIME", help="Only what was known at this moment.")
@click.option("--format", "format_", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.pass_context
def history(context: click.Context, stream: str, id_: str, tenant: str | None, as_known_at: str | None, format_: str) -> None:
    """The events of the thing ID of a STREAM, each with its place in the log, when it was recorded, and what corrected it."""
    settings = settings_of(context)
    with opened(context) as store:
        whose = tenant_of(store, tenant, settings)
        zone = zone_of_tenant(store, whose, settings)
        moment = parse_moment(as_known_at, zone) if as_known_at else None
        positions = fact_tables(store).positions_at(moment) if moment else None
        rows = read_history(
            store.client, whose, stream, id_, moment, positions=positions, zone=zone, late_after=settings.late_after
        )
    if not rows:
        raise UserError(
            f"nothing is known of {stream} '{id_}' of tenant '{whose}'" + (f" as of {as_known_at}" if moment else "")
        )
    if format_ == "json":
        click.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(_line(row))


def _line(row: HistoryRow) -> str:
    place = f"{row.position.topic}/{row.position.partition}@{row.position.offset}"
    flags = [name for name in ("late", "backfill", "repeat") if getattr(row, name)]
    flags += [f"corrected by {row.corrected_by}"] * bool(row.corrected_by) + [
        f"corrects {row.corrects}{f' of {row.corrects_source}' if row.corrects_source else ''}"
    ] * bool(row.corrects)
    data = json.dumps(row.as_json()["data"], ensure_ascii=False, default=str)
    return f"{row.occurred_at:%Y-%m-%d %H:%M:%S.%f}Z  {row.type:<24} {place:<18} {data}  {' '.join(flags)}".rstrip()
