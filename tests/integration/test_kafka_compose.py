"""The compose file under the program that Apache's image starts with: each broker's settings are taken and its storage made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from opsledger.infra.kafka.local.artifacts import POM, libraries
from opsledger.infra.kafka.local.java import find_java

pytestmark = pytest.mark.local_kafka
SERVICES = yaml.safe_load((POM.parents[1] / "compose.yaml").read_text())["services"]
_LOGGING = "Configuration:\n  Loggers:\n    Root:\n      level: INFO\n"


def set_up(folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name in ("default", "mounted", "final"):
        (folder / name).mkdir()
    for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
        (folder / "default" / name).write_text("" if name == "server.properties" else _LOGGING)
    given = [f"--{name}-configs-dir={folder / name}" for name in ("default", "mounted", "final")]
    return subprocess.run(
        [*find_java().command(libraries()), "kafka.docker.KafkaDockerWrapper", "setup", *given],
        env={"PATH": os.environ["PATH"], **environ, "KAFKA_LOG_DIRS": str(folder / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_image_takes_the_settings_and_makes_its_storage(tmp_path: Path, service: str) -> None:
    done = set_up(tmp_path, SERVICES[service]["environment"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "min.insync.replicas=2" in (tmp_path / "final" / "server.properties").read_text().splitlines()
    assert f"node.id={SERVICES[service]['environment']['KAFKA_NODE_ID']}" in (tmp_path / "data" / "meta.properties").read_text()


def test_a_setting_that_kafka_does_not_take_is_seen_here(tmp_path: Path) -> None:
    done = set_up(tmp_path, {**SERVICES["kafka-1"]["environment"], "KAFKA_CONTROLLER_QUORUM_VOTERS": "nonsense"})
    assert done.returncode != 0
