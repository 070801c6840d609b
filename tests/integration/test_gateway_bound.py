"""Who is bound to a tenant or vendor learns nothing of other rows: not by what is answered, nor by how it fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.gateway import reading
from opsledger.infra.gateway.audience import SETTING, mark
from opsledger.infra.gateway.engine import Engine
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.serve import ENGINE_SETTINGS
from opsledger.infra.gateway.users import FILE, Users
from opsledger.infra.store import engine_address, open_embedded
from opsledger.projections.facts.tables import FACTS
from tests.gateways import Running, Told, running
from tests.ledger_samples import chunks, importer, line, spec

THEIRS = "theirs-9f31"
"""It stands in rows of others alone, as tenant, vendor and queue."""
ALL, ACME, XINHE = 60, 20, 10

LEAKS = (
    "SELECT count() FROM reading.calls WHERE toUInt64(tenant) = 1",
    "SELECT count() FROM reading.calls WHERE toUInt64(queue) = 1",
    "SELECT count() FROM reading.legs WHERE toUInt64(vendor) = 1",
    f"SELECT count() FROM reading.calls WHERE throwIf(tenant = '{THEIRS}') = 0",
    f"SELECT throwIf(vendor = '{THEIRS}') FROM reading.calls",
    f"SELECT count() FROM reading.legs WHERE throwIf(queue = '{THEIRS}', 'seen') = 0 AND queue != ''",
    f"SELECT count() FROM reading.calls WHERE 0 != throwIf(vendor = '{THEIRS}') OR 1",
    f"SELECT count() FROM reading.calls WHERE intDiv(1, tenant != '{THEIRS}') = 1",
    f"SELECT sum(intDiv(1, vendor != '{THEIRS}')) FROM reading.calls",
    f"SELECT sum(1 % (vendor != '{THEIRS}')) FROM reading.calls WHERE first_queue != ''",
    f"SELECT * FROM reading.calls ORDER BY throwIf(tenant = '{THEIRS}')",
    f"SELECT throwIf(tenant = '{THEIRS}') AS a, count() FROM reading.calls GROUP BY a",
    f"SELECT count() FROM reading.calls AS a JOIN reading.legs AS b ON a.call = b.call AND throwIf(b.tenant = '{THEIRS}') = 0",
    f"SELECT count() FROM reading.calls AS a JOIN reading.legs AS b ON a.call = b.call AND throwIf(a.tenant = '{THEIRS}') = 0",
    f"SELECT sumIf(throwIf(tenant = '{THEIRS}'), 1) FROM reading.calls",
    f"WITH a AS (SELECT * FROM reading.calls) SELECT count() FROM a WHERE throwIf(tenant = '{THEIRS}') = 0",
    f"SELECT arrayMap(x -> throwIf(x = '{THEIRS}'), groupArray(tenant)) FROM reading.calls",
    f"SELECT 1 IN (SELECT 1 FROM reading.legs WHERE throwIf(tenant = '{THEIRS}') = 0)",
    f"SELECT sum(throwIf(tenant = '{THEIRS}')) OVER () FROM reading.calls",
    f"SELECT count() FROM reading.calls FINAL WHERE throwIf(tenant = '{THEIRS}') = 0",
    f"SELECT count() FROM reading.calls PREWHERE throwIf(tenant = '{THEIRS}') = 0",
    f"SELECT count() FROM reading.calls SAMPLE 1 / 2 WHERE throwIf(tenant = '{THEIRS}') = 0",
    f"SELECT any(tenant) FROM reading.calls HAVING throwIf(max(tenant) = '{THEIRS}') = 0",
    f"SELECT DISTINCT ON (tenant) tenant FROM reading.calls WHERE throwIf(vendor = '{THEIRS}') = 0",
    f"SELECT 1 FROM reading.calls LIMIT 1 BY throwIf(tenant = '{THEIRS}')",
    f"SELECT 1 FROM reading.calls QUALIFY throwIf(tenant = '{THEIRS}') = 0",
    f"SELECT count() FROM reading.calls ARRAY JOIN [throwIf(tenant = '{THEIRS}')] AS a",
    "SELECT toDecimal32(queue, 2) FROM reading.legs WHERE queue != 'q1'",
    "SELECT CAST(vendor AS Enum8('xinhe' = 1, 'other' = 2)) FROM reading.calls",
)


def _lines() -> list[bytes]:
    """As many rows of others before, between and behind one's own, in the same parts and granules."""
    found = []
    for n in range(ALL):
        theirs = n % 3 != 0
        tenant = THEIRS if n % 3 == 1 else ("zz" + THEIRS if theirs else "acme")
        vendor = THEIRS if theirs else ("xinhe" if n % 2 else "other")
        queue = THEIRS if theirs else "q1"
        found.append(line(f"c{n}", at_s=n, tenant=tenant, vendor=vendor, data={"queue": queue}))
    return found


class Two:
    """The gateway, and how its two bound users log in."""

    def __init__(self, gateway: Running, secrets: dict[str, str]) -> None:
        self.gateway = gateway
        self._secrets = secrets

    def ask(self, who: str, text: str, **more: object) -> Told:
        """Ask as one of them."""
        return self.gateway.ask(text, headers={"X-ClickHouse-User": who, "X-ClickHouse-Key": self._secrets[who]}, **more)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with the rows of three tenants."""
    root = tmp_path_factory.mktemp("bound") / "data"
    with open_embedded(root, clock=SystemClock()) as store:
        importer(store).run(chunks(_lines()), spec())
        fact_tables(store).update()
    return root


@pytest.fixture(scope="module")
def two(root: Path) -> Iterator[Two]:
    """A gateway on it."""
    users = Users(root / FILE, SystemClock())
    secrets = {
        "tenant": users.add("tenant", Role.READER, "acme"),
        "vendor": users.add("vendor", Role.READER, "acme", "xinhe"),
        "only_vendor": users.add("only_vendor", Role.READER, "", "xinhe"),
        "reader": users.add("reader", Role.READER),
    }
    with running(root) as gateway:
        yield Two(gateway, secrets)


@pytest.mark.parametrize(("who", "rows"), [("tenant", ACME), ("vendor", XINHE), ("only_vendor", XINHE), ("reader", ALL)])
def test_each_sees_its_rows(two: Two, who: str, rows: int) -> None:
    assert two.ask(who, "SELECT count() FROM reading.calls").text == f"{rows}\n"
    assert two.ask(who, "SELECT count() FROM reading.legs").text == f"{rows}\n"
    assert (THEIRS in two.ask(who, "SELECT * FROM reading.calls").text) is (who == "reader")


@pytest.mark.parametrize("who", ["tenant", "vendor", "only_vendor"])
def test_no_expression_meets_a_row_of_others(two: Two, who: str) -> None:
    for text in LEAKS:
        told = two.ask(who, text)
        allowed = THEIRS in text and told.code in (0, 10, 47, 141, 160, 181, 182, 48, 344, 20)
        assert allowed or told.code != 395, (text, told.text)
        assert told.code not in (395, 153), (text, told.text)
        assert THEIRS not in told.text.replace(text, "").replace(f"'{THEIRS}'", ""), (text, told.text)


def test_the_same_expressions_do_meet_them_for_who_may_see_them(two: Two) -> None:
    """The control: what is asked above is told where the rows are there."""
    told = [two.ask("reader", text).code for text in LEAKS]
    assert told.count(395) >= 15, told
    assert told.count(6) + told.count(72) + told.count(153) >= 3, told


def test_without_the_limit_a_view_would_be_no_wall(tmp_path: Path) -> None:
    """The control of the wall itself: the same view without its LIMIT (and FINAL) lets a condition run over others' rows."""
    asked = f"SELECT count() FROM tried AS a JOIN default.legs AS b ON a.call = b.call AND throwIf(a.tenant = '{THEIRS}') = 0"
    walled = reading.view_of(FACTS[0], dict.fromkeys(("tenant", "vendor", "call"), "String")).replace(" FINAL", "")
    found = []
    with open_embedded(tmp_path / "data", clock=SystemClock()) as store:
        importer(store).run(chunks(_lines()), spec())
        fact_tables(store).update()
        engine = Engine(engine_address(tmp_path / "data"), ENGINE_SETTINGS)
        for select in (walled, re.sub(r" LIMIT \d+", "", walled)):
            with engine.handle({SETTING: mark(User("b", Role.READER, "acme"), "1")}) as handle:
                handle.query(f"CREATE OR REPLACE VIEW tried AS {select}".encode(), "Null", {})
                try:
                    found.append(handle.text(asked))
                except ServerError as error:
                    found.append(str(error.code))
        engine.close()
    assert found == [str(ACME), "395"]


def test_what_was_read_is_not_told(two: Two) -> None:
    told = two.ask("vendor", "SELECT count() FROM reading.calls", wait_end_of_query=1)
    summary = json.loads(told.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["read_bytes"]) == ("0", "0")
    full = json.loads(
        two.ask("reader", "SELECT count() FROM reading.calls", wait_end_of_query=1).headers["X-ClickHouse-Summary"]
    )
    assert int(full["read_rows"]) >= ALL


@pytest.mark.parametrize("name", ["max_rows_to_read", "max_bytes_to_read", "max_memory_usage", "read_overflow_mode"])
def test_how_much_is_read_cannot_be_found_out_by_a_bound(two: Two, name: str) -> None:
    value = "break" if name.endswith("mode") else "1"
    assert two.ask("vendor", "SELECT count() FROM reading.calls", **{name: value}).code == 497
    assert two.ask("reader", "SELECT count() FROM reading.calls", **{name: value}).code in (0, 158, 241, 307)


@pytest.mark.parametrize("format_", ["JSON", "JSONCompact", "XML", "JSONColumnsWithMetadata"])
def test_an_answer_does_not_tell_how_much_was_read(two: Two, format_: str) -> None:
    for more in ({}, {"output_format_write_statistics": "1"}):
        told = two.ask("vendor", f"SELECT count() FROM reading.calls FORMAT {format_}", **more)
        assert "rows_read" not in told.text
    assert "rows_read" in two.ask("reader", f"SELECT count() FROM reading.calls FORMAT {format_}").text


def test_functions_of_blocks_are_not_for_the_bound(two: Two) -> None:
    for name in ("blockNumber", "blockSize", "rowNumberInAllBlocks"):
        assert two.ask("tenant", f"SELECT {name}() FROM reading.calls").code == 497
        assert two.ask("reader", f"SELECT {name}() FROM reading.calls").status == 200


def test_an_error_guesses_no_names(two: Two) -> None:
    for who in ("tenant", "reader"):
        assert "meant" not in two.ask(who, "SELECT * FROM call_onc").text


def test_lists_of_names_show_views_only(two: Two) -> None:
    for who in ("tenant", "vendor"):
        assert set(two.ask(who, "SHOW TABLES FROM default").text.split()) == set()
        assert "calls" in two.ask(who, "SHOW TABLES").text.split()
        assert two.ask(who, "SELECT sum(total_rows) FROM system.tables").text in ("0\n", "\\N\n")
        assert THEIRS not in two.ask(who, "SELECT * FROM system.tables").text


def test_a_passing_database_cannot_be_guessed(two: Two) -> None:
    name = "known_1_abcd"
    assert two.gateway.ask(f"CREATE DATABASE {name}").status == 200
    for who in ("tenant", "reader"):
        for there in (name, "known_1_none"):
            told = [two.ask(who, text) for text in (f"EXISTS DATABASE {there}", f"USE {there}", f"SELECT * FROM {there}.t")]
            told.append(two.ask(who, "SELECT 1", database=there))
            assert {one.code for one in told} == {497}
    assert two.gateway.ask(f"DROP DATABASE {name}").status == 200


def test_values_that_others_have_asked_for_are_not_kept(two: Two) -> None:
    for who, rows in (("reader", ALL), ("tenant", ACME), ("vendor", XINHE), ("tenant", ACME), ("reader", ALL)):
        for _ in range(2):
            assert two.ask(who, "SELECT count() FROM reading.calls WHERE tenant != ''").text == f"{rows}\n"
        assert two.ask(who, "SELECT count() FROM reading.calls", use_query_cache=1).code == 497
