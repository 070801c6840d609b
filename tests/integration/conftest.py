"""What several modules share: a gateway for those that only ask it, and one with a user of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import kept
from tests.gateway_scene import Scene, scene_on
from tests.gateways import Running, running

__all__ = ("gateway", "kept")


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway on an empty ledger; tests make their own tables or databases in it."""
    with running(tmp_path_factory.mktemp("gateway") / "data") as found:
        yield found


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A gateway with a writer, a reader, an auditor and a bound reader, on a small ledger."""
    with scene_on(tmp_path_factory.mktemp("scene") / "data") as found:
        yield found
