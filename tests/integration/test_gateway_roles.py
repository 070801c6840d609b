"""What each role may run at the gateway: the ways out of the database are shut for everybody, however they are spelt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.facts import fact_tables
from opsledger.infra.gateway.roles import Role
from opsledger.infra.gateway.users import FILE, Users
from opsledger.infra.store import open_embedded
from tests import gateway_attacks as attacks
from tests import gateway_refused as refused_to
from tests.gateways import Running, Told, running
from tests.ledger_samples import chunks, importer, line, spec

SECRET = "a line that nobody may read"
NOBODYS = "tenant-of-others"


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway with a user of each kind."""

    gateway: Running
    logins: dict[str, dict[str, str]]
    file: Path
    made: Path

    def ask(self, who: str, text: str | bytes, **more: object) -> Told:
        """Ask as one of the users."""
        return self.gateway.ask(text, headers=self.logins[who], **more)

    def filled(self, text: str) -> str:
        """A statement with the places of files."""
        return text.format(file=self.file, made=self.made)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Calls of two tenants and three vendors, some facts of them, and users: writer, reader, auditor, two that are bound."""
    folder = tmp_path_factory.mktemp("roles")
    lines = [line(f"a{n}", at_s=n, tenant="acme", vendor="xinhe" if n % 2 else "other") for n in range(6)]
    lines += [line(f"b{n}", at_s=n, tenant=NOBODYS, vendor="xinhe", data={"queue": f"q-{NOBODYS}"}) for n in range(3)]
    with open_embedded(folder / "data", clock=SystemClock()) as store:
        importer(store).run(chunks(lines), spec())
        fact_tables(store).update()
    users = Users(folder / "data" / FILE, SystemClock())
    secrets = {
        "writer": users.add("w", Role.WRITER),
        "reader": users.add("r", Role.READER),
        "auditor": users.add("a", Role.AUDITOR),
        "bound": users.add("b", Role.READER, "acme"),
        "vendor": users.add("v", Role.READER, "acme", "xinhe"),
    }
    logins = {who: {"X-ClickHouse-User": who[0], "X-ClickHouse-Key": secret} for who, secret in secrets.items()}
    file, made = folder / "kept.txt", folder / "made.txt"
    file.write_text(SECRET)
    with running(folder / "data") as gateway:
        yield Served(gateway, logins, file, made)


ROLES = ("writer", "reader", "auditor", "bound", "vendor")


def _held(served: Served, who: str, statement: str, **more: str) -> None:
    text = served.filled(statement)
    bound = {"p": str(served.file), "t": "default.call", "d": "default", "n": "call", "f": "file"}
    bound["s"] = f"a Int8, b String ALIAS file('{served.file}')"
    given = {**{f"param_{name}": value for name, value in bound.items()}, **more}
    told = served.ask(who, text, **given)
    assert told.status >= 400, f"{who}: {text}: {told.text[:200]}"
    assert told.code in (497, 62), f"{who}: {text}: {told.text[:300]}"
    assert SECRET not in told.text
    assert not served.made.exists(), text


@pytest.mark.parametrize("who", ROLES)
def test_no_expression_leads_out(served: Served, who: str) -> None:
    for place in attacks.PLACES:
        _held(served, who, place.replace("{0}", attacks.EXPRESSIONS[0]))
    for expression in attacks.EXPRESSIONS:
        _held(served, who, f"SELECT {expression}")


@pytest.mark.parametrize("who", ROLES)
def test_no_table_function_leads_out(served: Served, who: str) -> None:
    for place in attacks.TABLE_PLACES:
        _held(served, who, place.replace("{0}", attacks.TABLES[0]))
    for table in attacks.TABLES:
        _held(served, who, f"SELECT * FROM {table}")


def _rows(served: Served) -> str:
    tables = ("call", "ticket", "dead_letters", "imports", "facts_journal")
    counts = ", ".join(f"(SELECT (count(), sum(cityHash64(*))) FROM default.{table})" for table in tables)
    return served.ask("auditor", f"SELECT {counts}").text


@pytest.mark.parametrize("who", ROLES)
def test_nothing_is_taken_from_the_ledger_and_nothing_is_written_outside(served: Served, who: str) -> None:
    before = _rows(served)
    for statement in attacks.STATEMENTS:
        text = served.filled(statement)
        told = served.ask(who, text)
        missing = "SELECT * FROM" in text or text.startswith("SELECT 1 FROM")
        assert told.code in ((497, 62, 60, 81) if missing else (497, 62, 164)), (
            f"{who}: {text}: {told.status} {told.text[:300]}"
        )
        assert SECRET not in told.text
        assert not served.made.exists(), text
    assert _rows(served) == before


@pytest.mark.parametrize("who", ["reader", "bound", "vendor"])
def test_a_reader_sees_no_ledger(served: Served, who: str) -> None:
    for statement in refused_to.NOT_FOR_READERS:
        _held(served, who, statement, database="default")


@pytest.mark.parametrize("who", ["bound", "vendor"])
def test_who_is_bound_sees_views_only(served: Served, who: str) -> None:
    for statement in refused_to.NOT_FOR_THE_BOUND:
        _held(served, who, statement)
        if not statement.startswith("SHOW CREATE"):
            assert served.ask("reader", statement).code in (0, 20, 53), statement


def test_what_is_refused_to_readers_is_there_for_the_auditor(served: Served) -> None:
    for statement in (
        "SELECT count() FROM default.call",
        "SELECT count() FROM merge('default', '^call$')",
        "DESCRIBE default.call",
    ):
        assert served.ask("auditor", statement).status == 200
    assert served.ask("auditor", "SELECT 1 IN (SELECT offset FROM default.call)").status == 200
    assert served.ask("writer", "SELECT count() FROM default.call").text == "9\n"


def test_a_reader_reads_facts_and_the_views(served: Served) -> None:
    assert served.ask("reader", "SELECT count() FROM default.calls").text == "9\n"
    assert served.ask("reader", "SELECT count() FROM reading.calls", database="reading").text == "9\n"
    assert served.ask("reader", "SELECT uniq(tenant) FROM reading.calls").text == "2\n"


@pytest.mark.parametrize("database", ["default", "system", "reading", "unused", "gateway_log"])
def test_the_database_of_a_request_opens_nothing(served: Served, database: str) -> None:
    for who in ("reader", "bound"):
        for text in ("SELECT * FROM call", "SELECT 1 IN call", "WITH call AS (SELECT 1 AS a) SELECT payload FROM call"):
            told = served.ask(who, text, database=database)
            assert told.code in (497, 60, 47), (who, database, text, told.text)


def test_a_session_keeps_nothing_for_who_only_reads(served: Served) -> None:
    assert served.ask("reader", "SET max_threads = 3", session_id="s").code in (0, 164)
    assert served.ask("reader", "USE system", session_id="s").code in (0, 164)
    assert served.ask("reader", "SELECT 1", default_format="CSV; SELECT 2").code == 73
    assert served.ask("reader", "SELECT currentDatabase()", session_id="s", session_check=1).text == "default\n"


def test_a_session_is_its_users_own(served: Served) -> None:
    served.ask("writer", "CREATE TEMPORARY TABLE mine (a UInt8)", session_id="shared")
    assert served.ask("writer", "SELECT count() FROM mine", session_id="shared").text == "0\n"
    assert served.gateway.ask("SELECT count() FROM mine", session_id="shared").code == 60


def test_readonly_cannot_be_undone(served: Served) -> None:
    for who in ("reader", "auditor"):
        for value in ("0", "2", "00", "-1"):
            told = served.ask(who, "CREATE TEMPORARY TABLE x (a UInt8)", readonly=value)
            assert told.code in (497, 27, 6), told.text
        assert served.ask(who, "SELECT getSetting('readonly')", readonly=0).text == "1\n"


@pytest.mark.parametrize(
    "name", ["log_comment", "dialect", "format_schema", "input_format_values_interpret_expressions", "user_files_path"]
)
def test_a_setting_that_is_not_on_the_list_is_refused(served: Served, name: str) -> None:
    for who in ROLES:
        assert served.ask(who, "SELECT 1", **{name: "1"}).code in (497, 115)


def test_values_of_an_insert_are_no_expressions(served: Served) -> None:
    served.ask("writer", "CREATE TABLE default.given (a String) ENGINE = Memory")
    told = served.ask("writer", f"INSERT INTO default.given VALUES (file('{served.file}'))")
    assert told.status >= 400
    assert SECRET not in served.ask("writer", "SELECT * FROM default.given").text
    assert served.ask("writer", "INSERT INTO default.given VALUES ('plain')").status == 200
    served.ask("writer", "DROP TABLE default.given")


def _along(served: Served, who: str, structure: str, name: str = "t") -> Told:
    body = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n1\n\r\n--x--\r\n'.encode()
    headers = {**served.logins[who], "Content-Type": "multipart/form-data; boundary=x"}
    return served.gateway.send(body, headers=headers, query=f"SELECT * FROM `{name}`", **{f"{name}_structure": structure})


@pytest.mark.parametrize("who", ROLES)
def test_a_table_that_comes_along_has_columns_and_nothing_else(served: Served, who: str) -> None:
    assert _along(served, who, "a UInt8").text == "1\n"
    for structure in (
        f"a String DEFAULT file('{served.file}')",
        f"a UInt8) ENGINE = File('CSV', '{served.file}') --",
        f"a UInt8) AS SELECT file('{served.file}') --",
        f"a UInt8); SELECT file('{served.file}'",
        f"a String ALIAS file('{served.file}')",
        f"a UInt8, b String MATERIALIZED file('{served.file}')",
    ):
        told = _along(served, who, structure)
        assert told.status >= 400, (structure, told.text)
        assert SECRET not in told.text
    assert _along(served, who, "a UInt8", "t` (a UInt8); DROP TABLE default.call; --").status >= 400


def test_a_role_cannot_be_asked_for(served: Served) -> None:
    assert served.ask("writer", "SELECT 1", role="admin").code == 497


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "PUT", "OPTIONS", "PATCH"])
def test_other_methods_run_no_statement(served: Served, method: str) -> None:
    told = served.gateway.ask(
        method=method, headers=served.logins["writer"], query="CREATE TABLE default.by_method (a UInt8) ENGINE = Memory"
    )
    assert told.status == 405
    assert served.ask("auditor", "EXISTS TABLE default.by_method").text == "0\n"


def test_passing_databases_are_not_shown_to_readers(served: Served) -> None:
    served.ask("writer", "CREATE DATABASE known_1_aa")
    served.ask("writer", "CREATE TABLE known_1_aa.t (a UInt8) ENGINE = Memory")
    for who in ("reader", "bound"):
        assert set(served.ask(who, "SHOW DATABASES").text.split()) == {"reading", "system"}
        assert served.ask(who, "SELECT DISTINCT database FROM system.tables").text.split() == ["reading"]
        assert served.ask(who, "SELECT count() FROM system.columns WHERE database != 'reading'").text == "0\n"
        assert served.ask(who, "SHOW TABLES FROM known_1_aa").text == ""
        assert served.ask(who, "SELECT * FROM known_1_aa.t").code == 497
    assert "known_1_aa" in served.ask("writer", "SHOW DATABASES").text
    assert served.ask("writer", "DROP DATABASE known_1_aa").status == 200


def test_a_writer_works_in_databases_that_are_not_the_ledgers(served: Served) -> None:
    for text in (
        "CREATE DATABASE mine",
        "CREATE TABLE mine.call (a UInt8) ENGINE = MergeTree ORDER BY a",
        "INSERT INTO mine.call SELECT number FROM numbers(3)",
        "ALTER TABLE mine.call DELETE WHERE a = 1",
        "CREATE VIEW mine.v AS SELECT * FROM mine.call",
        "RENAME TABLE mine.v TO mine.w",
    ):
        assert served.ask("writer", text, mutations_sync="1").status == 200, text
    assert served.ask("writer", "DROP TABLE mine.call").status == 200
    assert served.ask("writer", "DROP DATABASE mine").status == 200
    ledgers = ("dead_letters", "dead_letter_attempts", "imports", "call")
    for name in ("theirs", *(f"theirs.{name} (a UInt8) ENGINE = MergeTree ORDER BY a" for name in ledgers)):
        assert served.ask("writer", f"CREATE {'TABLE' if '.' in name else 'DATABASE'} {name}").status == 200
    # now it looks like a ledger, and is treated as one
    assert served.ask("writer", "DROP TABLE theirs.call").code == 497
    assert served.ask("writer", "DROP DATABASE theirs").code == 497
