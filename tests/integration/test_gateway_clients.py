"""Real clients on a gateway, as each role: clickhouse-connect and SQLAlchemy connect, look, read, and write if they may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import clickhouse_connect
import pytest
import sqlalchemy
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, ProgrammingError

from opsledger.infra.gateway.errors import ACCESS_DENIED
from tests import foreign_statements as foreign
from tests.gateway_scene import CALLS, WHO, Scene, scene_on

SEEN = dict.fromkeys(WHO, CALLS) | {"bound": 6}
"""How many calls each of them sees by the views."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene_on(tmp_path_factory.mktemp("scene") / "data") as found:
        yield found


def _client(scene: Scene, who: str, **more: object) -> Client:
    login = scene.logins[who]
    name, secret = login["X-ClickHouse-User"], login["X-ClickHouse-Key"]
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=scene.port, username=name, password=secret, database="reading", **more
    )


@pytest.mark.parametrize("packed", ["zstd", "lz4", False])
@pytest.mark.parametrize("who", WHO)
def test_a_client_reads(scene: Scene, who: str, packed: str | bool) -> None:
    with closing(_client(scene, who, compress=packed)) as client:
        assert client.command("SELECT count() FROM calls") == SEEN[who]
        of_tenant = "SELECT count() FROM calls WHERE tenant = {t:String} AND started_at < {at:DateTime64(6, 'UTC')}"
        bound = {"t": "acme", "at": "2030-01-01 00:00:00"}
        assert client.query(of_tenant, parameters=bound).result_rows == [(6,)]
        assert client.query("SELECT count() FROM calls WHERE tenant = %(t)s", parameters={"t": "acme"}).first_row == (6,)
        frame = client.query_df("SELECT vendor, count() AS n FROM calls GROUP BY vendor ORDER BY vendor")
        assert frame["n"].sum() == SEEN[who]
        with client.query_rows_stream("SELECT * FROM calls") as rows:
            assert sum(1 for _ in rows) == SEEN[who]
        assert client.query_arrow("SELECT call FROM calls").num_rows == SEEN[who]


def test_a_client_writes_as_a_writer_and_as_nobody_else(scene: Scene) -> None:
    rows = [[n, f"a{n}", None] for n in range(1_000)]
    with closing(_client(scene, "writer", compress="lz4")) as client:
        client.command("CREATE TABLE default.mine (a UInt32, b String, c Nullable(UUID)) ENGINE = MergeTree ORDER BY a")
        client.insert("mine", rows, ["a", "b", "c"], database="default")
        client.insert_df("mine", client.query_df("SELECT a + 1000 AS a, b, c FROM default.mine"), database="default")
        assert client.command("SELECT count(), sum(a) FROM default.mine") == ["2000", "1999000"]
    for who in ("reader", "auditor", "bound"):
        with closing(_client(scene, who)) as client, pytest.raises((DatabaseError, ProgrammingError)) as caught:
            client.insert("mine", rows, ["a", "b", "c"], "default", column_type_names=["UInt32", "String", "Nullable(UUID)"])
        assert f"Code: {ACCESS_DENIED}" in str(caught.value), who
    with closing(_client(scene, "writer")) as client:
        assert client.command("SELECT count() FROM default.mine") == 2_000
        client.command("DROP TABLE default.mine")


@pytest.mark.parametrize("who", WHO)
def test_sqlalchemy_looks_and_reads(scene: Scene, who: str) -> None:
    login = scene.logins[who]
    name, secret = login["X-ClickHouse-User"], login["X-ClickHouse-Key"]
    engine = sqlalchemy.create_engine(f"clickhousedb+connect://{name}:{secret}@127.0.0.1:{scene.port}/reading")
    looking = sqlalchemy.inspect(engine)
    assert "reading" in looking.get_schema_names()
    assert {"calls", "legs"} <= set(looking.get_table_names())
    assert "calls" in looking.get_view_names(schema="reading")
    assert looking.has_table("calls", schema="reading")
    assert not looking.has_table("nowhere", schema="reading")
    assert {"tenant", "vendor", "started_at"} <= {column["name"] for column in looking.get_columns("calls", schema="reading")}
    assert looking.get_pk_constraint("calls")["constrained_columns"] == []
    calls = sqlalchemy.Table("calls", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        many = sqlalchemy.select(sqlalchemy.func.count()).select_from(calls)
        assert connection.execute(many).scalar() == SEEN[who]
        assert connection.execute(many.where(calls.c.tenant == "acme")).scalar() == 6
        some = sqlalchemy.select(calls.c.call, calls.c.started_at).order_by(calls.c.started_at).limit(2)
        assert len(connection.execute(some).fetchall()) == 2
        assert len(connection.execute(sqlalchemy.text("SELECT * FROM calls LIMIT :n"), {"n": 3}).fetchall()) == 3
    engine.dispose()


@pytest.mark.parametrize("who", WHO)
def test_what_charts_send_is_answered(scene: Scene, who: str) -> None:
    asked = (*foreign.CONNECTING, *foreign.LOOKING, *foreign.CHARTS)
    told = {text: scene.ask(who, text, database="reading", default_format="JSONCompact") for text in asked}
    assert {text: answer.text for text, answer in told.items() if answer.status != 200} == {}


def test_what_a_migration_sends_is_done(scene: Scene) -> None:
    told = {text: scene.ask("writer", query=text, session_id="migrating") for text in foreign.WRITING}
    assert {text: answer.text for text, answer in told.items() if answer.status != 200} == {}
