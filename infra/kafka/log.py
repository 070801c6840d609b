"""Opens the log on Kafka as the settings say, and what an import needs of it in place of a data directory."""

from __future__ import annotations

from opsledger.infra.kafka.contact import reach
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.ingest.importer import Stores
from opsledger.ingest.log.beside import KafkaDeadLetters, KafkaImportJournal
from opsledger.ingest.log.kafka import KafkaLog


def open_kafka_log(settings: KafkaSettings) -> KafkaLog:
    """The log. UserError where no broker answers, the login is refused, or topics are missing. Close it."""
    reach(settings)
    return KafkaLog(settings.client, settings.topics, delivery_timeout_s=settings.delivery_timeout_s)


def stores_of(log: KafkaLog) -> Stores:
    """Where an import into Kafka goes: nothing is looked up, the sink sees what came twice."""
    return Stores(log, None, KafkaDeadLetters(log), KafkaImportJournal(log))
