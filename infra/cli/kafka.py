"""``opsledger kafka``: the group of the commands about Kafka; each lies in a module of its own."""

from __future__ import annotations

import click

from opsledger.infra.cli.lazy import LazyGroup

COMMANDS = {
    "up": ("opsledger.infra.cli.kafka_local:up", "Start a local Kafka of one broker or three."),
    "status": ("opsledger.infra.cli.kafka_local:status", "What of the local Kafka runs, and where."),
    "down": ("opsledger.infra.cli.kafka_local:down", "Stop the local Kafka."),
    "init": ("opsledger.infra.cli.kafka_topics:init", "Make the topics of the log."),
    "check": ("opsledger.infra.cli.kafka_topics:check", "Compare the topics with what the log needs."),
    "publish": ("opsledger.infra.cli.kafka_publish:publish_", "Copy a local ledger to Kafka; running it twice adds nothing."),
}


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def kafka() -> None:
    """Kafka as the log of record: a cluster of one's own on loopback, the log's topics made and checked.

    \b
      opsledger kafka up --brokers 3
      export OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS=…      (the line that `up` prints)
      opsledger kafka init
      opsledger kafka check
      opsledger kafka publish                         (a local ledger moves to Kafka)
    """
