"""``opsledger ddl``: the statements that make the ledger's and the facts' tables, for one server or for a cluster."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from opsledger.domain.clock import SystemClock
from opsledger.infra import grants
from opsledger.infra.cli.common import settings_of
from opsledger.infra.gateway.users import FILE, Users
from opsledger.infra.server import CLUSTER_VARIABLE
from opsledger.infra.store import open_embedded
from opsledger.projections.facts.schema import definitions
from opsledger.projections.ledger.cluster import on_cluster
from opsledger.projections.ledger.tables import statements


@click.command()
@click.option("--cluster", metavar="NAME", help=f"Replicated, on this cluster (default: ${CLUSTER_VARIABLE}, else one server).")
@click.option("--grants", "with_grants", is_flag=True, help="The gateway's roles and users as GRANT and ROW POLICY statements.")
@click.option("--database", default="default", show_default=True, help="With --grants: the ledger's database.")
@click.pass_context
def ddl(context: click.Context, cluster: str | None, with_grants: bool, database: str) -> None:
    """Print every CREATE statement, in order. Each may be run again; what writes to the ledger runs them by itself.

    With --grants instead: for an administrator of a ClickHouse server, the same roles as at the gateway, and its users as they
    stand in the data directory, with the hashes of their secrets.
    """
    if with_grants:
        for statement in _grants(settings_of(context).data.expanduser(), database):
            click.echo(f"{statement};")
        return
    name = cluster or os.environ.get(CLUSTER_VARIABLE, "")
    for statement in all_definitions():
        click.echo((on_cluster(statement, name) if name else statement).strip() + ";\n")


def _grants(root: Path, database: str) -> tuple[str, ...]:
    file = root / FILE
    return grants.statements(database, Users(file, SystemClock()).hashed() if file.exists() else ())


def all_definitions() -> tuple[str, ...]:
    """The statements of the ledger and of the facts. An empty ledger says what the columns of the facts' SQL are."""
    with tempfile.TemporaryDirectory() as folder, open_embedded(Path(folder) / "data", clock=SystemClock()) as store:
        return (*statements(), *definitions(store.client))
