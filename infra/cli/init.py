"""``opsledger init``: a data directory, and the first thing that a ledger should know: whose it is and in what zone."""

from __future__ import annotations

import click

from opsledger.domain.calendar import zone_of
from opsledger.domain.envelope import Event, fact_id
from opsledger.domain.events.tenant import TenantConfigured
from opsledger.infra.cli.common import TENANT, opened, settings_of
from opsledger.infra.event_log import log_of
from opsledger.infra.facts import fact_tables
from opsledger.ingest.border.judge import Border
from opsledger.ingest.relay import tables

SOURCE = "opsledger:init"


@click.command()
@TENANT
@click.option("--zone", metavar="ZONE", help="The tenant's time zone, e.g. Asia/Shanghai: reports cut days in it.")
@click.pass_context
def init(context: click.Context, tenant: str | None, zone: str | None) -> None:
    """Make the data directory. With --tenant and --zone, record the tenant's zone; running it again changes nothing."""
    settings = settings_of(context)
    if bool(tenant) != bool(zone):
        raise click.UsageError("--tenant and --zone belong together: opsledger init --tenant acme --zone Asia/Shanghai")
    with opened(context) as store:
        fact_tables(store)
        click.echo(f"data directory {settings.data} is ready")
        if tenant and zone:
            zone_of(zone)
            now = store.clock.now()
            event = Event(
                event_id=fact_id(tenant, SOURCE, TenantConfigured.TYPE, [tenant, zone]),
                subject=tenant,
                tenant=tenant,
                occurred_at=now,
                source=SOURCE,
                data=TenantConfigured(zone=zone, effective_from=now.replace(year=1990, month=1, day=1)),
            )
            if not store.ledger.events([event.identity]):
                log_of(store).append(tables([event], Border(store.clock)))
            click.echo(f"tenant {tenant}: zone {zone}")
