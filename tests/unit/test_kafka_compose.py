"""The brokers under Docker have the settings of the local ones, and like them no port beyond loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from opsledger.infra.kafka.local.artifacts import POM, version

COMPOSE: dict[str, Any] = yaml.safe_load((POM.parents[1] / "compose.yaml").read_text())
TEMPLATE = POM.with_name("node.properties")
PER_PLACE = {
    "node.id",
    "listeners",
    "advertised.listeners",
    "log.dirs",
    "controller.quorum.bootstrap.servers",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
}


def template(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    named = dict(line.split("=", 1) for line in lines)
    return {name: value.format(copies=3, in_sync=2) for name, value in named.items() if name not in PER_PLACE}


def test_every_setting_of_the_template_is_there_with_its_value() -> None:
    wanted = {"KAFKA_" + name.upper().replace(".", "_"): value for name, value in template(TEMPLATE).items()}
    assert len(wanted) > 15
    for service in COMPOSE["services"].values():
        found = service["environment"]
        assert {name: found.get(name) for name in wanted} == wanted


def test_it_is_the_same_kafka_and_listens_on_loopback_only() -> None:
    for service in COMPOSE["services"].values():
        assert service["image"] == f"apache/kafka:{version()}"
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["healthcheck"]


def test_each_broker_has_an_id_a_port_and_a_volume_of_its_own() -> None:
    services = list(COMPOSE["services"].values())
    assert [service["environment"]["KAFKA_NODE_ID"] for service in services] == ["1", "2", "3"]
    assert len({service["ports"][0] for service in services} | {service["volumes"][0] for service in services}) == 6
    for service in services:
        port = service["ports"][0].rsplit(":", 1)[1]
        assert f"LOCAL://127.0.0.1:{port}" in service["environment"]["KAFKA_ADVERTISED_LISTENERS"]
