"""The demo over Kafka: three brokers, a sink, and the same reports as from the local log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opsledger.infra.cli.demo_kafka import SERVERS, compared
from opsledger.infra.cli.main import run


@pytest.mark.local_kafka
def test_the_reports_are_the_same_by_way_of_kafka(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo-kafka", "--out", str(tmp_path / "demo"), "--calls-per-day", "20"]) == 0
    told = capsys.readouterr().out
    assert "70 of 70 are the same to the byte" in told
    assert "3 brokers answer" in told
    assert SERVERS not in os.environ


def test_a_report_with_another_byte_is_named() -> None:
    right = {"traffic 2026-01": '{"rows": [1]}', "kpi 2026-01": '{"rows": [2, 3]}'}
    assert compared(right, right).different == ()
    assert compared(right, right | {"kpi 2026-01": '{"rows": [2, 4]}'}).different == ("kpi 2026-01",)
    assert compared(right, {"traffic 2026-01": '{"rows": [1]}'}).different == ("kpi 2026-01",)
    assert compared(right, right).rows == 3
