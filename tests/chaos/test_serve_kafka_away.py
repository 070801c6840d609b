"""The HTTP ingest while its only broker is away: told in time, nothing said accepted that is not, and well again by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.data_directory import Folder
from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.serve.keys import FILE, Keys
from tests.http_server import OWNER, Client, running
from tests.integration.log_port_suite import whole
from tests.kafka_cluster import TestKafka, place_on
from tests.kafka_topics import make_topics, open_log
from tests.ledger_samples import line

pytestmark = [pytest.mark.chaos, pytest.mark.local_kafka]
PATIENCE_S = 60


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestKafka]:
    """A broker of the test's own, since it is killed."""
    cluster = Cluster(tmp_path_factory.mktemp("kafka1") / "cluster", 1)
    cluster.up()
    made = place_on(cluster)
    make_topics(made.settings)
    yield made
    cluster.down(delete=True)


def test_a_broker_that_is_away_is_told_and_its_return_is_noticed(place: TestKafka, tmp_path: Path) -> None:
    Folder(tmp_path / "data").made()
    key = Keys(tmp_path / "data" / FILE, SystemClock()).add(OWNER)
    accepted: list[str] = []
    with running(tmp_path / "data", environ={**place.environ, "OPSLEDGER_KAFKA_DELIVERY_TIMEOUT_S": "3"}) as process:
        client = Client(process.url, key)

        def sent(name: str) -> int:
            told = client.post(line(name))
            if told.status == 200:
                accepted.append(json.loads(line(name))["id"])
            else:
                assert (told.status, told.headers["Retry-After"]) == (503, "5")
            return int(told.status)

        assert sent("before") == 200
        place.cluster.kill(1)
        assert [sent(f"away{n}") for n in range(2)] == [503, 503]
        assert client.get("/healthz").status == 503
        place.cluster.start(1)
        place.cluster.wait()
        until = time.monotonic() + PATIENCE_S
        while sent("after") != 200:
            assert time.monotonic() < until
        assert client.get("/healthz").status == 200
        assert process.stop() == 0
    assert "were not acknowledged" in "".join(process.said)
    with open_log(place.settings) as log:
        there = {json.loads(record.value)["id"] for record in whole(log, "call")}
    assert set(accepted) <= there
    assert len(accepted) == 2
