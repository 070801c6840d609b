"""Statements that have to pass the judge: the product's own, clickhouse-connect's, its SQLAlchemy dialect's, Superset's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.gateway.engine import Engine
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.judge.judge import StatementJudge
from opsledger.infra.gateway.judge.settings import may_set
from opsledger.infra.gateway.roles import LOCAL, Role, User
from opsledger.infra.store import engine_address, open_embedded
from tests import foreign_statements as foreign
from tests import own_statements as own
from tests.gateway_scene import WHO
from tests.own_statements import Sent

USERS = {
    "writer": LOCAL,
    "reader": User("r", Role.READER),
    "auditor": User("a", Role.AUDITOR),
    "bound": User("b", Role.READER, "acme"),
}
REFUSED = (
    "SELECT * FROM (SELECT file('/etc/passwd')) AS virtual_table LIMIT 1000",
    "INSERT INTO mine.a SELECT * FROM url('http://127.0.0.1/', CSV, 'x UInt32')",
    "CREATE TABLE mine.j (`j` JSON(a Int64), `k` String DEFAULT file('/etc/passwd')) ENGINE = Memory",
    "DROP TABLE default.call",
)


def refusals(judge: StatementJudge, user: User, asked: Iterable[Sent | str]) -> list[str]:
    """What is said against statements, and settings that they go with; nothing for those that pass."""
    found = []
    for each in asked:
        sent = each if isinstance(each, Sent) else Sent(each)
        where = sent.file or sent.text[:300]
        try:
            judge.judged(user, sent.text.encode(), dict(sent.bound), sent.database)
        except ServerError as error:
            found.append(f"{user.role} {where}: {error.text}")
        found += [f"{user.role} {where}: {name} is not for clients" for name in sent.settings if not may_set(user, name)]
    return found


@dataclass
class Ours:
    """A judge on a ledger that the product has worked on, and what it sent for that."""

    judge: StatementJudge
    sent: list[Sent] = field(default_factory=list)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    folder = tmp_path_factory.mktemp("own")
    with own.recorded() as found:
        own.work(folder)
    with (
        open_embedded(folder / "data", clock=SystemClock()) as store,
        closing(Engine(engine_address(folder / "data"))) as engine,
    ):
        yield Ours(StatementJudge(engine), [*found, *own.of_tables(store.client)])


def test_what_the_product_sends_is_not_refused(ours: Ours) -> None:
    beginnings = {sent.text.split(maxsplit=1)[0] for sent in ours.sent}
    assert beginnings >= {"SELECT", "INSERT", "CREATE", "EXCHANGE", "ALTER", "DROP"}, beginnings
    assert len(ours.sent) > 300
    assert refusals(ours.judge, LOCAL, ours.sent) == []


def test_no_sql_file_is_refused(ours: Ours) -> None:
    files = list(own.of_files())
    assert len(files) > 100
    assert refusals(ours.judge, LOCAL, files) == []


@pytest.mark.parametrize("who", WHO)
def test_what_foreign_clients_send_is_not_refused(ours: Ours, who: str) -> None:
    more = () if who == "bound" else foreign.EXPLAINING
    more += foreign.WRITING if who == "writer" else ()
    assert refusals(ours.judge, USERS[who], (*foreign.CONNECTING, *foreign.LOOKING, *foreign.CHARTS, *more)) == []


def test_the_corpus_would_tell_of_a_refusal(ours: Ours) -> None:
    for who in WHO:
        told = refusals(ours.judge, USERS[who], REFUSED)
        assert len(told) == len(REFUSED), told
    assert len(refusals(ours.judge, USERS["reader"], foreign.WRITING)) == len(foreign.WRITING)
    assert len(refusals(ours.judge, USERS["bound"], foreign.EXPLAINING)) == len(foreign.EXPLAINING)
    assert refusals(ours.judge, LOCAL, [Sent("SELECT 1", settings=("log_comment",))]) != []
