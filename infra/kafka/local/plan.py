"""What a local cluster is: its id, its nodes, their ports; written once and kept as long as its data."""

from __future__ import annotations

import base64
import json
import random
import socket
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

HOST = "127.0.0.1"
_FILE = "cluster.json"
_PORTS = range(12_000, 30_000)
"""Below the ports that systems hand to outgoing connections, so that a stopped node finds its port free again."""
_TRIES = 200


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node. ``secure``: the ports of its listeners with TLS or a login, by protocol."""

    id: int
    port: int
    controller_port: int
    directory_id: str
    secure: Mapping[str, int] = field(default_factory=dict)

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port it listens on."""
        return (self.port, self.controller_port, *self.secure.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """A cluster. ``settings`` are Kafka's own names and values, over those of the template."""

    cluster_id: str
    nodes: tuple[NodePlan, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def servers(self) -> tuple[str, ...]:
        """Where clients find it, without TLS or login."""
        return tuple(f"{HOST}:{node.port}" for node in self.nodes)

    def servers_of(self, protocol: str) -> tuple[str, ...]:
        """Where clients find the listener of a protocol (SSL, SASL_SSL, SASL_PLAINTEXT)."""
        return tuple(f"{HOST}:{node.secure[protocol]}" for node in self.nodes)

    @property
    def controllers(self) -> str:
        """``host:port,…`` of all controllers."""
        return ",".join(f"{HOST}:{node.controller_port}" for node in self.nodes)


def new_plan(
    brokers: int, *, port: int | None = None, settings: Mapping[str, str] | None = None, secure: Sequence[str] = ()
) -> Plan:
    """A plan with ports that are free now: from ``port`` on, or anywhere. UserError (exit code 4) when one is taken."""
    kinds = 2 + len(secure)
    ports = _from(port, brokers * kinds) if port else _anywhere(brokers * kinds)
    by_kind = [ports[kind * brokers : (kind + 1) * brokers] for kind in range(kinds)]
    nodes = tuple(
        NodePlan(index + 1, by_kind[0][index], by_kind[1][index], _identity(), _secure(secure, by_kind[2:], index))
        for index in range(brokers)
    )
    return Plan(_identity(), nodes, dict(settings or {}))


def _secure(protocols: Sequence[str], ports: Sequence[Sequence[int]], index: int) -> dict[str, int]:
    return {protocol: own[index] for protocol, own in zip(protocols, ports, strict=True)}


def read_plan(root: Path) -> Plan | None:
    """The plan of the cluster in a folder; None where there is none. UserError when it is damaged."""
    file = root / _FILE
    try:
        raw = json.loads(file.read_bytes())
        nodes = tuple(NodePlan(**node) for node in raw.pop("nodes"))
        return Plan(nodes=nodes, **raw)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UserError(f"{file} is damaged; remove the folder {root} and make the cluster anew", EXIT_ENVIRONMENT) from None


def write_plan(root: Path, plan: Plan) -> None:
    """Keep a plan; whole or not at all."""
    fresh = root / (_FILE + ".new")
    fresh.write_text(json.dumps(asdict(plan), indent=1) + "\n")
    fresh.replace(root / _FILE)


def busy(ports: Sequence[int]) -> list[int]:
    """Those of the ports that another program holds."""
    return [port for port in ports if not _bound(port, ExitStack())]


def _identity() -> str:
    """An id as Kafka writes them: 16 random bytes in 22 letters, never with a dash first (it would look like an option)."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _from(first: int, number: int) -> list[int]:
    ports = list(range(first, first + number))
    taken = busy(ports)
    if taken:
        raise UserError(f"port {taken[0]} is in use by another program; name another first port (--port)", EXIT_ENVIRONMENT)
    return ports


def _anywhere(number: int) -> list[int]:
    """Free ports, all held until the last is found, so that no two are the same."""
    chance = random.SystemRandom()
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(_TRIES):
            port = chance.choice(_PORTS)
            if _bound(port, held):
                found.append(port)
            if len(found) == number:
                return found
    raise UserError("no free ports on loopback", EXIT_ENVIRONMENT)


def _bound(port: int, held: ExitStack) -> bool:
    """Take a port as a server would; it is given back when ``held`` ends (at once, when nobody keeps it)."""
    probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
        probe.listen(1)
    except OSError:
        return False
    return True
