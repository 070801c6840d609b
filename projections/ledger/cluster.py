"""The one place where a cluster differs from one server: the same statements, made for every replica.

One shard is meant: each replica holds all rows, and what is written to one is copied by the others.
"""

from __future__ import annotations

import re
from typing import Any

_NAME = r"(?:`[^`]+`|\w+)"
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})?"
_NAMED = re.compile(
    rf"\A\s*(?:--[^\n]*\n\s*)*(?:CREATE(?: OR REPLACE)? (?:TABLE|VIEW|DATABASE)(?: IF NOT EXISTS)?"
    rf"|(?:ALTER|TRUNCATE) TABLE|DROP (?:TABLE|VIEW|DATABASE)(?: IF EXISTS)?) (?P<name>{_QUALIFIED})"
)
_EXCHANGE = re.compile(r"\A\s*EXCHANGE TABLES ")
_ENGINE = re.compile(r"^ENGINE = (?P<kind>\w*MergeTree)(?:\((?P<arguments>[^)]*)\))?", re.MULTILINE)
_PASSING = re.compile(r"`?(?:known_|facts_touched|facts_staged_|facts_shape_|asked_events)")
"""What one process makes for itself stays on the server that it talks to."""
_REPLICA = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"


def on_cluster(statement: str, cluster: str) -> str:
    """A statement of ours as it has to be for a cluster; what is no definition, or is one's own, stays as it is."""
    where = f" ON CLUSTER `{cluster}`"
    if _EXCHANGE.match(statement):
        return statement + where
    found = _NAMED.match(statement)
    if found is None or _PASSING.match(found["name"]):
        return statement
    return statement[: found.end()] + where + _ENGINE.sub(_replicated, statement[found.end() :])


def _replicated(engine: re.Match[str]) -> str:
    arguments = ", ".join(filter(None, (_REPLICA, engine["arguments"])))
    return f"ENGINE = Replicated{engine['kind']}({arguments})"


class OnCluster:
    """Stands in for a client: definitions are made on a cluster, everything else is the client's."""

    def __init__(self, client: Any, cluster: str) -> None:
        self.__dict__.update(_client=client, cluster=cluster)

    def command(self, cmd: str, *args: Any, **more: Any) -> Any:
        """The client's ``command``."""
        return self._client.command(on_cluster(cmd, self.cluster), *args, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._client, name, value)
