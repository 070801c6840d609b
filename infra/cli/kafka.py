"""``opsledger kafka``: the group of the commands about Kafka; each lies in a module of its own."""

from __future__ import annotations

import click

from opsledger.infra.cli.lazy import LazyGroup

COMMANDS = {
    "up": "opsledger.infra.cli.kafka_local:up",
    "status": "opsledger.infra.cli.kafka_local:status",
    "down": "opsledger.infra.cli.kafka_local:down",
    "init": "opsledger.infra.cli.kafka_topics:init",
    "check": "opsledger.infra.cli.kafka_topics:check",
    "publish": "opsledger.infra.cli.kafka_publish:publish_",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, short_help="A local Kafka; the topics of the log made and checked.")
def kafka() -> None:
    """Kafka as the log of record: a cluster of one's own on loopback, the log's topics made and checked.

    \b
      opsledger kafka up --brokers 3
      export OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS=…      (the line that `up` prints)
      opsledger kafka init
      opsledger kafka check
      opsledger kafka publish                         (a local ledger moves to Kafka)
    """
