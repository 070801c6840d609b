"""What several modules share: one gateway for those that only ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import kept
from tests.gateways import Running, running

__all__ = ("gateway", "kept")


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway on an empty ledger; tests make their own tables or databases in it."""
    with running(tmp_path_factory.mktemp("gateway") / "data") as found:
        yield found
