"""Which files begin first where tests run side by side: the long ones, so that none is left alone at the end.

A real Kafka and a real PostgreSQL for every test that asks for one come from kafka_fixtures and postgres_fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka_fixtures import kafka, kafka_broker, pytest_sessionfinish, pytest_sessionstart, three_brokers
from tests.new_ledger import forget_ledgers
from tests.postgres_fixtures import decisions_url, postgres

__all__ = (
    "decisions_url",
    "kafka",
    "kafka_broker",
    "postgres",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "three_brokers",
)

TESTS = Path(__file__).resolve().parent
LONG = (
    "integration/test_over_the_network.py",
    "integration/test_data_quality.py",
    "integration/test_cells.py",
    "integration/test_facts_upkeep.py",
    "integration/test_follow.py",
    "integration/test_decisions_postgres.py",
    "integration/test_relay_kafka.py",
    "integration/test_facts_past.py",
    "integration/test_suite_against_truth.py",
    "integration/test_reports_statement.py",
    "integration/test_metrics_against_naive.py",
    "integration/test_kafka_topics.py",
    "integration/test_kafka_secure.py",
    "integration/test_kafka_local.py",
    "integration/test_late_data.py",
    "integration/test_run_due.py",
    "integration/test_statement_run.py",
    "integration/test_queue_log_scenarios.py",
    "integration/test_facts_equal_folds.py",
    "integration/test_leads.py",
    "integration/test_quality_rows.py",
    "integration/test_kafka_publish.py",
    "integration/test_http_events.py",
    "integration/test_profiles_by_the_hour.py",
    "integration/test_profiles_against_naive.py",
    "integration/test_gateway_streams.py",
    "integration/test_report_laws.py",
    "integration/test_metric_laws.py",
    "integration/test_suite_against_naive.py",
    "integration/test_reports_against_truth.py",
    "integration/test_importer_counts.py",
    "chaos/test_matrix.py",
    "chaos/test_kafka_three.py",
    "chaos/test_kafka_fixture.py",
    "e2e/test_as_known_then.py",
    "e2e/test_report_commands.py",
    "e2e/test_bad_input.py",
    "e2e/test_zones_with_clock_changes.py",
    "e2e/test_suite_shared.py",
    "e2e/test_table_variants.py",
    "e2e/test_reference_pwc.py",
    "e2e/test_metrics_command.py",
    "e2e/test_reference_incidents.py",
    "e2e/test_reference_bank.py",
    "e2e/test_pages_in_a_browser.py",
    "e2e/test_tour.py",
)
"""Files of more than about fifteen seconds of processor, the longest of a folder first; what is not here comes after them."""


@pytest.fixture(scope="session", autouse=True)
def _no_ledger_stays() -> Iterator[None]:
    yield
    forget_ledgers()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; within a file, and among the others, the order stays."""
    rank = {TESTS / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))
