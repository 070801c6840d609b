"""A backup while a sink stores what comes: restored, it is a whole prefix of the log, and a sink goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from opsledger.infra.backup.holder import SOCKET
from opsledger.infra.cli.backup import from_kafka
from opsledger.infra.store import open_store
from opsledger.ingest.log.kafka import KafkaLog
from tests.backup_scene import backed_up, offsets, restored
from tests.kafka_cluster import TestKafka
from tests.ledger_samples import calls, tables
from tests.sink_scene import check_exact, drained, until

ROOT = Path(__file__).parents[3]


def test_a_backup_beside_a_sink_is_a_prefix_of_the_log_from_which_another_goes_on(
    log: KafkaLog, kafka: TestKafka, tmp_path: Path
) -> None:
    data, settings, stop = tmp_path / "data", kafka.settings, threading.Event()
    log.append(tables(calls(300)))
    command = [sys.executable, "-m", "opsledger.infra.cli", "--data", str(data), "sink", "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | dict(kafka.environ), stdout=subprocess.PIPE, text=True)

    def go_on() -> None:
        number = 300
        while not stop.is_set():
            log.append(tables(calls(50, first=number)))
            number += 50

    producing = threading.Thread(target=go_on)
    try:
        until(lambda: (data / SOCKET).exists() or process.poll() is not None)
        producing.start()
        made = backed_up(data, tmp_path / "to", wait_s=30)
        while not made.index.rows.get("call"):  # the sink had not stored anything yet
            made = backed_up(data, tmp_path / "to", wait_s=30)
        assert process.poll() is None
    finally:
        stop.set()
        producing.join()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    assert "opsledger --data NEW sink --until-end" in from_kafka(made.index)
    restored(made.path, tmp_path / "new")
    with open_store(tmp_path / "new") as store:
        for partition, found in offsets(store).items():
            assert found == list(range(len(found))), partition
        assert sum(map(len, offsets(store).values())) == made.index.rows["call"]
        status = drained(store, settings)
        held = check_exact(store, settings)
        assert sum(count.accepted for count in status.counts.values()) == held.rows - made.index.rows["call"] > 0
