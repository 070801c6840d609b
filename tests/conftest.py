"""Which files begin first where tests run side by side: the long ones, so that none is left alone at the end.

A real Kafka and a real PostgreSQL for every test that asks for one come from kafka_fixtures and postgres_fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kafka_fixtures import kafka, kafka_broker, pytest_sessionfinish, pytest_sessionstart, three_brokers
from tests.needed import (
    pytest_make_collect_report,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_terminal_summary,
)
from tests.new_ledger import forget_ledgers
from tests.postgres_fixtures import decisions_url, postgres

__all__ = (
    "decisions_url",
    "kafka",
    "kafka_broker",
    "postgres",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
    "three_brokers",
)

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how long an example takes depends on what else runs
TESTS = Path(__file__).resolve().parent
LONG = (
    "integration/test_over_the_network.py",
    "integration/test_facts_turn.py",
    "integration/test_metrics_against_naive.py",
    "integration/test_facts_past.py",
    "integration/test_manifest_over_network.py",
    "integration/test_gateway_sessions.py",
    "integration/sink/test_sink.py",
    "integration/test_manifest.py",
    "integration/test_facts_upkeep.py",
    "integration/test_suite_against_truth.py",
    "integration/test_gateway_corpus.py",
    "integration/test_quality_rows.py",
    "integration/sink/test_sink_strangers.py",
    "integration/test_cells.py",
    "integration/test_backup.py",
    "integration/test_identity.py",
    "integration/test_gateway_roles.py",
    "integration/test_importer_on_change.py",
    "integration/test_relay_kafka.py",
    "integration/test_kafka_publish.py",
    "integration/sink/test_sink_drain.py",
    "integration/test_gateway_role_bounds.py",
    "integration/test_gateway_streams.py",
    "integration/test_data_quality.py",
    "integration/test_importer_counts.py",
    "integration/test_grants.py",
    "integration/test_ledger_local_log.py",
    "integration/test_decisions_postgres.py",
    "integration/test_metric_laws.py",
    "integration/test_kafka_local.py",
    "integration/test_gateway_hidden_parts.py",
    "unit/test_border_fast_and_judge.py",
    "integration/test_facts_equal_folds.py",
    "integration/test_report_laws.py",
    "integration/test_statement_run.py",
    "integration/test_kafka_secure.py",
    "integration/test_kafka_log.py",
    "integration/test_ledger_refused.py",
    "integration/test_data_directory.py",
    "integration/test_http_cloudevents.py",
    "integration/test_earlier_layout.py",
    "integration/test_records_in_the_ledger.py",
    "integration/sink/test_sink_refusals.py",
    "integration/test_backup_in_use.py",
    "integration/test_reports_statement.py",
    "integration/test_http_command.py",
    "integration/test_ledger_dead_letters.py",
    "integration/test_gateway_dictionaries.py",
    "integration/test_import_beside_log.py",
    "integration/test_follow.py",
    "integration/test_quality_order.py",
    "chaos/test_matrix.py",
    "chaos/test_kill_sink.py",
    "chaos/test_kafka_three.py",
    "chaos/test_kafka_fixture.py",
    "e2e/test_demo_kafka.py",
    "chaos/test_sink_stands_still.py",
    "e2e/test_bare_machine.py",
    "e2e/test_grown_records_to_kafka.py",
    "chaos/test_sinks_together.py",
    "chaos/test_kill_follow.py",
    "e2e/test_report_commands.py",
    "e2e/test_as_known_then.py",
    "e2e/test_first_round.py",
    "chaos/test_kill_import.py",
    "chaos/test_kill_serve.py",
    "e2e/test_bad_input.py",
    "e2e/test_output_files.py",
    "chaos/test_serve_kafka_away.py",
    "e2e/test_hostile_yaml.py",
    "e2e/test_hostile_configuration.py",
    "chaos/test_kill_backup.py",
    "e2e/test_backup_command.py",
    "e2e/test_suite_shared.py",
    "e2e/test_pages_in_a_browser.py",
    "chaos/test_kill_publish.py",
    "chaos/test_kill_kafka_import.py",
    "chaos/test_kafka_log_waits.py",
    "e2e/test_reference_pwc.py",
    "e2e/test_tour.py",
    "e2e/test_ledger_moves_to_kafka.py",
    "e2e/test_report_open.py",
    "e2e/test_sink_command.py",
    "e2e/test_doctor.py",
    "e2e/test_damage.py",
    "e2e/test_decisions_lost.py",
)
"""Files of more than about ten seconds of processor, or of waiting; the longest of a run first, the rest after them."""


@pytest.fixture(scope="session", autouse=True)
def _no_ledger_stays() -> Iterator[None]:
    yield
    forget_ledgers()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; within a file, and among the others, the order stays."""
    rank = {TESTS / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))
