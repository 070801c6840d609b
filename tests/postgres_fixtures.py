"""Fixtures of the whole suite: a real PostgreSQL for each process of the run that asks for one. Taken in by conftest.py."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.postgres_server import Postgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server. Whoever stops it starts it again."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def decisions_url(postgres: Postgres) -> str:
    """The address of an empty database of the test's own."""
    return postgres.new_database(f"d{uuid.uuid4().hex[:12]}")
