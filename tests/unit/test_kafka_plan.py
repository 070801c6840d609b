"""A local cluster's plan: ports that are free, ids, kept as they were; a damaged one is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.infra.kafka.local.plan import HOST, busy, new_plan, read_plan, write_plan


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = new_plan(3, settings={"a.b": "c"}, secure=("SSL", "SASL_SSL"))
    write_plan(tmp_path, plan)
    assert read_plan(tmp_path) == plan
    assert len({port for node in plan.nodes for port in node.ports}) == 12
    assert plan.servers_of("SSL") == tuple(f"{HOST}:{node.secure['SSL']}" for node in plan.nodes)


def test_where_nothing_was_made_there_is_no_plan(tmp_path: Path) -> None:
    assert read_plan(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"nodes": 3}', '{"nodes": [{"id": 1}], "cluster_id": "x"}', "\x00"])
def test_a_damaged_plan_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "cluster.json").write_text(text)
    with pytest.raises(UserError, match="is damaged"):
        read_plan(tmp_path)


def test_a_port_in_use_is_seen_and_refused() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        assert busy([port]) == [port]
        with pytest.raises(UserError, match=f"port {port} is in use"):
            new_plan(1, port=port)
    assert busy([port]) == []


def test_the_first_port_can_be_said() -> None:
    first = new_plan(1).nodes[0].port
    plan = new_plan(1, port=first)
    assert plan.nodes[0].ports == (first, first + 1)
