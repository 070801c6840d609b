"""``opsledger ddl``: the statements that make the ledger's and the facts' tables, for one server or for a cluster."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from opsledger.domain.clock import SystemClock
from opsledger.infra.server import CLUSTER_VARIABLE
from opsledger.infra.store import open_embedded
from opsledger.projections.facts.schema import definitions
from opsledger.projections.ledger.cluster import on_cluster
from opsledger.projections.ledger.tables import statements


@click.command()
@click.option("--cluster", metavar="NAME", help=f"Replicated, on this cluster (default: ${CLUSTER_VARIABLE}, else one server).")
def ddl(cluster: str | None) -> None:
    """Print every CREATE statement, in order. Each may be run again; what writes to the ledger runs them by itself."""
    name = cluster or os.environ.get(CLUSTER_VARIABLE, "")
    for statement in all_definitions():
        click.echo((on_cluster(statement, name) if name else statement).strip() + ";\n")


def all_definitions() -> tuple[str, ...]:
    """The statements of the ledger and of the facts. An empty ledger says what the columns of the facts' SQL are."""
    with tempfile.TemporaryDirectory() as folder, open_embedded(Path(folder) / "data", clock=SystemClock()) as store:
        return (*statements(), *definitions(store.client))
