"""What a machine may lack: a test that needs it is skipped with what to install; in CI nothing may be lacking."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from functools import cache
from typing import Any, TypeVar

import pytest

from opsledger.domain.errors import UserError
from opsledger.infra.kafka.local.artifacts import libraries
from opsledger.infra.kafka.local.java import find_java
from tests.java_start import quick_start

KAFKA = "local_kafka"
"""The mark of tests that start a Kafka of their own; those that ask for a fixture of one need no mark."""
_FIXTURES = {"kafka_broker", "three_brokers"}
_REQUIRED = "CI"
"""The variable that says that everything has to be there."""
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a local Kafka where none can be had; have it start quickly where one can."""
    if item.get_closest_marker(KAFKA) or _FIXTURES & set(getattr(item, "fixturenames", ())):
        lacking = lacking_kafka()
        if lacking:
            pytest.skip(lacking)
        quick_start()


@cache
def lacking_kafka() -> str:
    """Why no local Kafka can be had; empty where it can. A KAFKA_HOME that is wrong is an error, not a lack."""
    try:
        find_java()
        libraries()
    except UserError as error:
        if os.environ.get("KAFKA_HOME"):
            raise
        return f"needs a local Kafka (Debian: apt-get install maven): {error}"
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test has failed."""
    return _required((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """And so has a skipped file."""
    return _required((yield))


def _required(report: _Report) -> _Report:
    if report.skipped and os.environ.get(_REQUIRED):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} is skipped, and in CI nothing may be: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each thing that is lacking."""
    for reason, tests in Counter(map(_reason, terminalreporter.stats.get("skipped", ()))).most_common():
        terminalreporter.write_line(f"skipped: {tests} × {reason}")


def _reason(report: Any) -> str:
    told = report.longrepr
    return str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")
