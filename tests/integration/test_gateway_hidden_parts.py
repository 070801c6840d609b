"""Parts of statements that the engine runs and its parser does not show, and what goes past it: each was a way out once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.infra.gateway.judge.tree import parsed
from tests.gateway_scene import WHO, Scene
from tests.gateways import Told

SECRET = "what nobody may read"
FILE = "file('{file}')"

CONDITIONS = (
    "SHOW TABLES WHERE throwIf(1, {call})",
    "SHOW TABLES WHERE throwIf(1, (SELECT {call}))",
    "show tables from default where length({call}) = 14",
    "SHOW FULL TABLES WHERE {call} = ''",
    "SHOW TABLES LIMIT length({call})",
    "SHOW TABLES NOT LIKE 'a' LIMIT length({call})",
    "SHOW DATABASES LIMIT length({call})",
    "SHOW DATABASES WHERE throwIf(1, {call})",
    "SHOW SETTINGS WHERE throwIf(1, {call})",
    "SHOW COLUMNS FROM calls WHERE throwIf(1, {call})",
    "SHOW COLUMNS FROM calls LIMIT length({call})",
    "SHOW INDEX FROM calls WHERE throwIf(1, {call})",
    "SHOW TABLES WHERE name IN (SELECT subject FROM default.call)",
    "SHOW TABLES WHERE name IN default.call",
    "SHOW TABLES /* */ WHERE 1",
    "SHOW TABLES WHERE name",
    "SHOW TABLES LIMIT (SELECT count() FROM default.call)",
    "OPTIMIZE TABLE d1.plain PARTITION tuple(toUInt8({call}))",
    "OPTIMIZE TABLE d1.plain PARTITION {call} FINAL",
)
INTO_FILES = (
    "DESCRIBE TABLE (SELECT 1) INTO OUTFILE '{made}'",
    "DESCRIBE TABLE (SELECT 1 AS `text`) INTO OUTFILE '{made}' TRUNCATE FORMAT TabSeparatedRaw",
    "SHOW TABLES INTO OUTFILE '{made}'",
    "SHOW DATABASES INTO OUTFILE '{made}' APPEND",
    "SHOW FUNCTIONS INTO OUTFILE '{made}'",
    "SHOW ENGINES INTO OUTFILE '{made}'",
    "SHOW SETTING max_threads INTO OUTFILE '{made}'",
    "SHOW CREATE TABLE calls INTO OUTFILE '{made}'",
    "SHOW PROCESSLIST INTO OUTFILE '{made}'",
    "EXISTS TABLE calls INTO OUTFILE '{made}'",
    "EXISTS DATABASE reading INTO OUTFILE '{made}'",
    "USE reading INTO OUTFILE '{made}' TRUNCATE",
    "SET max_threads = 1 INTO OUTFILE '{made}'",
    "INSERT INTO d1.plain SELECT 1 INTO OUTFILE '{made}'",
    "DELETE FROM d1.plain WHERE 1 INTO OUTFILE '{made}'",
    "DROP TABLE d1.none INTO OUTFILE '{made}'",
    "CREATE USER u INTO OUTFILE '{made}'",
    "CREATE FUNCTION f AS x -> x INTO OUTFILE '{made}'",
    "DROP FUNCTION f INTO OUTFILE '{made}'",
    "SELECT 1 FORMAT TSV INTO OUTFILE '{made}'",
    "SELECT 1 INTO/**/OUTFILE '{made}'",
    "SELECT 1 into -- x\n outfile '{made}'",
    "EXPLAIN SELECT 1 INTO OUTFILE '{made}'",
    "EXPLAIN AST SELECT 1 INTO OUTFILE '{made}'",
    "SELECT 1 INTO OUTFILE $${made}$$",
    "(SELECT 1) INTO OUTFILE '{made}'",
)
STRUCTURES = (
    r"SELECT *, `a('` FROM values('`a(\'` String ALIAS file($${file}$$), `\')b` String', ('x'))",
    r"SELECT b FROM values('a String, b String ALIAS file(\'{file}\')', ('x'))",
    r"SELECT b FROM values('`a` String, b String DEFAULT file(\'{file}\')', ('x', 'y'))",
    r'SELECT b FROM values(\'"a(" String, b String ALIAS file($${file}$$)\', (1))'.replace("\\'", "'"),
    r"SELECT * FROM generateRandom('`a(\'` String ALIAS file($${file}$$), `\')b` String') LIMIT 1",
)
IN_ALIAS = (
    "WITH call AS z SELECT count() FROM numbers(1) WHERE (1, 2) IN z",
    "WITH call AS z, z AS y SELECT 1 IN y",
    "SELECT 1 IN z, call AS z",
    "SELECT 1 GLOBAL IN z, dead_letters AS z",
    "SELECT in(1, z), facts_journal AS z",
    "SELECT 1 NOT IN z FROM (SELECT call AS z)",
    "WITH `call` AS `z` SELECT 1 WHERE 1 IN `z`",
)
TTL = "CREATE TABLE d1.ttl (d DateTime, x Int8, s String) ENGINE = MergeTree ORDER BY x TTL d + INTERVAL 1 SECOND"
OF_THE_LEDGER = (
    "RENAME TABLE d1.plain TO d1.p2, IF EXISTS default.call TO d1.call",
    "RENAME TABLE IF EXISTS d1.none TO d1.n2, IF EXISTS default.imports TO d1.imports",
    "RENAME TABLE d1.plain TO d1.p2, IF EXISTS reading.calls TO d1.old",
    "RENAME TABLE d1.plain TO d1.p2, IF EXISTS gateway_log.query_log TO d1.ql",
    "RENAME TABLE d1.plain TO reading.calls2",
    "ALTER TABLE default.call ADD COLUMN z UInt8 MATERIALIZED throwIf(1)",
    "ALTER TABLE default.call ADD COLUMN z UInt8",
    "ALTER TABLE default.call ADD COLUMN `agent` LowCardinality(String) DEFAULT throwIf(1)",
    "ALTER TABLE default.call DROP PROJECTION told",
    "ALTER TABLE default.call ADD PROJECTION told2 (SELECT throwIf(1) GROUP BY tenant)",
    "ALTER TABLE default.call MODIFY SETTING non_replicated_deduplication_window = 100000",
    "ALTER TABLE default.call MODIFY SETTING parts_to_throw_insert = 1",
    "ALTER TABLE default.dead_letters ADD COLUMN z UInt8",
    f"{TTL} GROUP BY x SET s = concat(any(s), file('{{file}}'))",
    f"{TTL} GROUP BY x SET s = max(s)",
    f"{TTL} RECOMPRESS CODEC(ZSTD(1))",
)


@pytest.fixture(scope="module")
def way(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A file that must not be read, and one that must not come to be."""
    folder = tmp_path_factory.mktemp("ways")
    file, made = folder / "secret", folder / "made"
    file.write_text(SECRET)
    for text in ("CREATE DATABASE d1", "CREATE TABLE d1.plain (a UInt8) ENGINE = MergeTree ORDER BY a"):
        assert scene.ask("writer", text).status == 200
    yield {"file": str(file), "made": str(made)}
    assert not made.exists()
    assert scene.ask("writer", "DROP DATABASE d1").status == 200


def _filled(text: str, way: dict[str, str]) -> str:
    return text.replace("{call}", FILE).replace("{file}", way["file"]).replace("{made}", way["made"])


def _refused(told: Told, text: str, codes: tuple[int, ...] = (497,)) -> None:
    assert told.code in codes, (text, told.text[:300])
    assert SECRET not in told.text


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("text", CONDITIONS + STRUCTURES)
def test_what_the_parser_does_not_show_is_not_run(scene: Scene, way: dict[str, str], who: str, text: str) -> None:
    for more in ({}, {"session_id": f"hidden-{who}"}):
        _refused(scene.ask(who, _filled(text, way), **more), text, (497, 62))


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("text", INTO_FILES)
def test_no_file_comes_to_be_by_no_kind_of_statement(scene: Scene, way: dict[str, str], who: str, text: str) -> None:
    asked = _filled(text, way)
    for told in (
        scene.ask(who, asked),
        scene.ask(who, query=asked, method="GET"),
        scene.ask(who, asked, session_id=f"f-{who}"),
    ):
        _refused(told, text, (497, 62))
        assert not Path(way["made"]).exists()


def test_words_that_only_look_so_are_no_files(scene: Scene) -> None:
    """The control."""
    for text in (
        "SELECT 'INTO OUTFILE'",
        "SELECT 1 AS outfile",
        "SELECT 1 /* INTO OUTFILE 'x' */",
        "SHOW TABLES LIKE 'a%' LIMIT 3",
    ):
        assert scene.ask("reader", text).status == 200, text


@pytest.mark.parametrize("who", ["reader", "bound"])
@pytest.mark.parametrize("text", IN_ALIAS)
def test_a_table_behind_in_is_judged_by_whatever_name(scene: Scene, who: str, text: str) -> None:
    for more in ({"database": "default"}, {"database": "default", "transform_null_in": "1"}):
        _refused(scene.ask(who, text, **more), text)
    named = text.replace("call", "default.call").replace("`default.call`", "`default`.`call`")
    assert scene.ask(who, named).code != 0


def test_who_is_bound_is_in_the_database_of_views_alone(scene: Scene) -> None:
    for database in ("default", "system", "gateway_log"):
        assert scene.ask("bound", "SELECT 1", database=database).code == 497
    assert scene.ask("bound", "SELECT count() > 0 FROM calls", database="reading").text == "1\n"
    for text in ("WITH [1, 2] AS z SELECT 1 IN z", "WITH z AS (SELECT 1) SELECT 1 IN z", "SELECT 1 IN (1, 2)"):
        assert scene.ask("bound", text).text == "1\n", text


@pytest.mark.parametrize("text", OF_THE_LEDGER)
def test_a_writer_takes_nothing_by_a_list_or_a_definition(scene: Scene, way: dict[str, str], text: str) -> None:
    _refused(scene.ask("writer", _filled(text, way)), text)
    assert scene.ask("auditor", "SELECT count() FROM default.call").text == "9\n"


def test_what_it_may_do_so_is_done(scene: Scene, way: dict[str, str]) -> None:
    """The control: the same kinds of statement on what is not the ledger's."""
    for text in (
        "CREATE TABLE d1.mine (a UInt8, n Nested(b UInt8, c Tuple(d String))) ENGINE = MergeTree ORDER BY a",
        "ALTER TABLE d1.mine ADD COLUMN z UInt8 MATERIALIZED a + 1",
        "RENAME TABLE d1.mine TO d1.mine2, IF EXISTS d1.none TO d1.none2",
        "OPTIMIZE TABLE d1.mine2 PARTITION tuple() FINAL",
        "CREATE TABLE d1.ttl (d DateTime, x Int8) ENGINE = MergeTree ORDER BY x TTL d + INTERVAL 1 DAY",
        "ALTER TABLE default.call MODIFY SETTING non_replicated_deduplication_window = 200",
        "DROP TABLE d1.mine2, d1.ttl SYNC",
    ):
        told = scene.ask("writer", text)
        assert told.status == 200, (text, told.text)


EVALUATED = ("(file(assumeNotNull('{file}')))", "(upper('abc'))", "(concat('a', 'b'))", "(assumeNotNull('x'))", "(hostName())")


def _brought(scene: Scene, who: str, data: str, format_: str) -> Told:
    head = 'Content-Disposition: form-data; name="e"; filename="e"'
    headers = {**scene.logins[who], "Content-Type": "multipart/form-data; boundary=x"}
    body = f"--x\r\n{head}\r\n\r\n{data}\r\n--x--\r\n".encode()
    return scene.gateway.send(body, headers=headers, query="SELECT * FROM e", e_structure="a String", e_format=format_)


@pytest.mark.parametrize("data", EVALUATED)
def test_values_are_values_and_nothing_is_evaluated(scene: Scene, way: dict[str, str], data: str) -> None:
    filled = _filled(data, way)
    for who in WHO:
        for format_ in ("Values", "values", "Template", "CustomSeparated", "Regexp", "Form"):
            _refused(_brought(scene, who, filled, format_), data, (73,))
    scene.ask("writer", "CREATE TABLE d1.texts (a String) ENGINE = Memory")
    told = scene.ask("writer", f"INSERT INTO d1.texts VALUES {filled}")
    assert told.code != 0
    assert scene.ask("writer", "SELECT count() FROM d1.texts").text == "0\n"
    scene.ask("writer", "DROP TABLE d1.texts")


def test_values_that_are_values_are_stored_and_brought(scene: Scene, way: dict[str, str]) -> None:
    """The control."""
    assert way
    scene.ask("writer", "CREATE TABLE d1.texts (a String) ENGINE = Memory")
    assert scene.ask("writer", "INSERT INTO d1.texts VALUES ('upper(''abc'')'), ('b')").status == 200
    assert scene.ask("writer", "SELECT * FROM d1.texts ORDER BY a").text == "b\nupper(\\'abc\\')\n"
    scene.ask("writer", "DROP TABLE d1.texts")
    assert _brought(scene, "reader", "x", "TSV").text == "x\n"


def test_a_name_with_many_aliases_in_it_is_read_at_once() -> None:
    name = "<" + "' (alias )'" * 100_000 + "x>"
    assert parsed(f"TableIdentifier {name}").name == name
    assert (parsed("Identifier a (alias b)").name, parsed("Identifier a (alias b)").alias) == ("a", "b")


LONG = f"SELECT {'abs(' * 400}1{', 1' * 200_000}{')' * 400}"


@pytest.mark.parametrize("who", WHO)
def test_what_is_too_much_to_read_is_refused(scene: Scene, who: str) -> None:
    assert scene.ask(who, "SELECT 1 /*" + "x" * 2_000_000 + "*/").code != 0
    assert scene.ask(who, LONG).code != 0
    assert scene.ask(who, f"SELECT * FROM values('a {'Tuple(' * 20_000}', (1))").code != 0
    assert scene.ask(who, "SELECT 1").text == "1\n"
