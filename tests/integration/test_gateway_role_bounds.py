"""The bounds of a role hold whatever a client asks for, and a client may ask for less."""

from __future__ import annotations

from typing import Any

import pytest

from opsledger.infra.gateway.judge.settings import bounded
from opsledger.infra.gateway.roles import BOUNDS, Role, User
from tests.gateway_scene import WHO, Scene, drained

ROLE = {who: Role(who) if who != "bound" else Role.READER for who in WHO}
CROSS = "SELECT sum(a.number * b.number) FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b"
"""Without an end, and with few rows read."""
MORE = ("0", "-1", "inf", "nan", "1e30", "99999999999999999", "auto", "0x10", "", " ", "18446744073709551616")
BOUNDED = [(who, name) for who in WHO for name in BOUNDS[ROLE[who]]]
TELLING = ("max_rows_to_read", "max_memory_usage")
"""Settings by which one who is bound would find out how much was read."""


def _limit(who: str, name: str) -> str:
    return f"{BOUNDS[ROLE[who]][name]}\n"


def _set(scene: Scene, who: str, name: str, **more: Any) -> str:
    return scene.ask(who, f"SELECT getSetting('{name}')", **more).text


def test_each_role_has_bounds_and_readers_the_narrowest() -> None:
    assert set(BOUNDS) == set(Role)
    for name in BOUNDS[Role.READER]:
        assert BOUNDS[Role.READER][name] < BOUNDS[Role.AUDITOR][name]
        assert BOUNDS[Role.AUDITOR][name] < BOUNDS[Role.WRITER].get(name, float("inf"))


@pytest.mark.parametrize(("who", "name"), BOUNDED)
def test_a_statement_runs_within_its_roles_bounds(scene: Scene, who: str, name: str) -> None:
    assert _set(scene, who, name) == _limit(who, name)
    if who == "bound" and name in TELLING:
        assert scene.ask(who, "SELECT 1", **{name: "7"}).code == 497
        return
    for asked in MORE:
        assert _set(scene, who, name, **{name: asked}) == _limit(who, name), asked
    assert _set(scene, who, name, **{name: "12345678" if "memory" in name else "7"}) in ("7\n", "12345678\n")
    assert _set(scene, who, name) == _limit(who, name)


def test_what_is_no_bound_is_as_asked(scene: Scene) -> None:
    """The control: another setting is not held down."""
    for who in WHO:
        assert _set(scene, who, "max_block_size", max_block_size="99999999") == "99999999\n"


def test_bounds_are_of_the_role_and_nothing_else_is_changed() -> None:
    user = User("x", Role.READER)
    found = bounded(user, {"max_threads": "3", "max_execution_time": "2.5", "max_result_rows": "1e30"})
    limits = {name: str(limit) for name, limit in BOUNDS[Role.READER].items()}
    assert found == {**limits, "max_threads": "3", "max_execution_time": "2.5"}


IN_STATEMENTS = (
    "SELECT getSetting('{name}') SETTINGS {name} = {more}",
    "SELECT getSetting('{name}') SETTINGS `{name}` = '{more}', max_threads = 1",
    "SELECT getSetting('{name}') settings {name} = DEFAULT",
    "SELECT getSetting('{name}') SETTINGS /* a */ {name}={more} FORMAT TSV",
    "SELECT getSetting('{name}') FORMAT TSV SETTINGS {name} = {more}",
    "SELECT getSetting('{name}') SETTINGS readonly = 0, {name} = {more}",
    "SELECT * FROM (SELECT getSetting('{name}') SETTINGS {name} = {more})",
    "SELECT (SELECT getSetting('{name}') SETTINGS {name} = {more})",
    "WITH x AS (SELECT getSetting('{name}') AS a SETTINGS {name} = {more}) SELECT a FROM x",
    "SELECT getSetting('{name}') UNION ALL SELECT getSetting('{name}') SETTINGS {name} = {more}",
    "EXPLAIN SELECT getSetting('{name}') SETTINGS {name} = {more}",
    "SELECT 1 IN (SELECT 1 SETTINGS {name} = {more})",
    "SET {name} = {more}",
    "SET {name} = DEFAULT",
    "SET max_threads = 2, {name} = {more}",
    "SELECT getSetting('{name}') SETTINGS profile = 'default'",
)


@pytest.mark.parametrize(("who", "name"), BOUNDED)
def test_a_statement_does_not_widen_them(scene: Scene, who: str, name: str) -> None:
    for text in IN_STATEMENTS:
        for more in ({}, {"session_id": f"{who}-{name}"}):
            told = scene.ask(who, text.format(name=name, more=10**11), **more)
            assert told.code in (497, 164, 180), (text, told.text)
    assert _set(scene, who, name, session_id=f"{who}-{name}") == _limit(who, name)


def test_a_writer_may_set_other_things_in_these_ways(scene: Scene) -> None:
    """The control: the same statements run where they are about another setting."""
    ran = [text for text in IN_STATEMENTS if scene.ask("writer", text.format(name="max_block_size", more=77)).code == 0]
    assert len(ran) >= len(IN_STATEMENTS) - 3, set(IN_STATEMENTS) - set(ran)
    scene.ask("writer", "SET max_block_size = 77", session_id="control")
    assert _set(scene, "writer", "max_block_size", session_id="control") == "77\n"


@pytest.mark.parametrize("who", ["reader", "auditor", "bound"])
def test_readonly_is_no_way_out(scene: Scene, who: str) -> None:
    for value in ("0", "1", "2", "00"):
        for method in ("POST", "GET"):
            asked = "SELECT getSetting('readonly'), getSetting('max_execution_time')"
            told = scene.ask(who, query=asked, method=method, readonly=value, max_execution_time="100000")
            assert told.text == f"1\t{_limit(who, 'max_execution_time')}", (value, method)
    for text in ("SET readonly = 0", "SELECT 1 SETTINGS readonly = 0", "SET readonly = 2"):
        assert scene.ask(who, text, session_id="ro").code in (164, 497)


def test_a_session_of_a_writer_keeps_the_bounds(scene: Scene) -> None:
    for asked in ("1", "100000"):
        scene.ask("writer", "SELECT 1", session_id="kept", max_execution_time=asked)
        assert _set(scene, "writer", "max_execution_time", session_id="kept") == "3600\n"


def test_time_is_bounded(scene: Scene) -> None:
    for who in WHO:
        assert scene.ask(who, CROSS, max_execution_time="0.2").code == 159
        assert scene.ask(who, CROSS, max_execution_time="0.2", default_format="JSON").code == 159


def test_time_is_bounded_while_an_answer_streams(scene: Scene) -> None:
    with scene.begin("writer", "SELECT number % 7 FROM numbers(90000000000)", max_execution_time="0.3") as client:
        answer = drained(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"TIMEOUT_EXCEEDED" in answer[-1_000:]
    with scene.begin("writer", "SELECT number % 7 FROM numbers(900000)") as client:
        assert drained(client).endswith(b"\r\n0\r\n\r\n")


def test_rows_that_are_read_are_bounded(scene: Scene) -> None:
    for who, rows in (("reader", 1_000_000_000), ("bound", 1_000_000_000), ("auditor", 10_000_000_000)):
        for more in ({}, {"max_rows_to_read": str(rows * 10)} if who != "bound" else {}):
            assert scene.ask(who, f"SELECT count() FROM numbers({rows + 1})", **more).code == 158
    assert scene.ask("reader", "SELECT count() FROM numbers(1000)", max_rows_to_read="999").code == 158
    assert scene.ask("reader", "SELECT count() FROM numbers(1000)", max_rows_to_read="1000").text == "1000\n"


def test_rows_and_bytes_of_an_answer_are_bounded(scene: Scene) -> None:
    with scene.begin("reader", "SELECT 1 FROM numbers(10500000)", max_result_rows="99999999") as client:
        assert b"TOO_MANY_ROWS_OR_BYTES" in drained(client)[-1_000:]
    with scene.begin("auditor", "SELECT 1 FROM numbers(10500000)") as client:
        assert drained(client).endswith(b"\r\n0\r\n\r\n")
    assert scene.ask("reader", "SELECT number FROM numbers(10)", max_result_rows="9").code == 396
    assert scene.ask("reader", "SELECT number FROM numbers(10)", max_result_bytes="9").code == 396
    assert scene.ask("reader", "SELECT number FROM numbers(10)", max_result_rows="11").status == 200


def test_memory_is_bounded(scene: Scene) -> None:
    text = "SELECT length(groupArray(number)) FROM numbers({rows})"
    assert scene.ask("reader", text.format(rows=1_000_000), max_memory_usage="3000000").code == 241
    assert scene.ask("reader", text.format(rows=1_000_000)).text == "1000000\n"
    assert scene.ask("reader", text.format(rows=300_000_000), max_memory_usage=str(10**12)).code == 241


def test_who_is_bound_is_told_no_figures_of_a_bound(scene: Scene) -> None:
    text = "SELECT count() FROM numbers(1000000001)"
    assert "1.00 billion" in scene.ask("reader", text).text
    told = scene.ask("bound", text).text
    assert "The statement goes beyond its bounds (TOO_MANY_ROWS)" in told
    assert "illion" not in told


CUTTING: tuple[dict[str, str], ...] = (
    {"offset": "1"},
    {"limit": "1"},
    {"limit": "1", "offset": "1000"},
    {"extremes": "1"},
    {"max_result_rows": "1", "result_overflow_mode": "break"},
    {"max_result_bytes": "1", "result_overflow_mode": "break"},
    {"max_rows_to_read": "1", "read_overflow_mode": "break"},
    {"max_block_size": "1"},
)
MUST_NOT = (
    "CREATE TABLE cutting ENGINE = Memory AS SELECT file('/etc/hostname')",
    "CREATE TABLE cutting AS file('/etc/hostname')",
    "CREATE TABLE cutting (a String DEFAULT file('/etc/hostname')) ENGINE = Memory",
    "CREATE TABLE cutting (a String) ENGINE = File(TSV)",
    "CREATE DATABASE cutting ENGINE = Filesystem('/etc')",
    "ALTER TABLE default.call DELETE WHERE 1",
    "TRUNCATE TABLE default.call",
    "DROP TABLE default.call",
    "INSERT INTO FUNCTION file('x.tsv') SELECT 1",
    "SELECT file('/etc/hostname')",
    "EXPLAIN SELECT file('/etc/hostname')",
    "SELECT 1 SETTINGS max_execution_time = 0",
)


@pytest.mark.parametrize("settings", CUTTING)
def test_what_cuts_answers_does_not_cut_what_is_judged(scene: Scene, settings: dict[str, str]) -> None:
    sets = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
    session = f"cutting-{sets}"
    scene.ask("writer", f"SET {sets}", session_id=session)
    for text in MUST_NOT:
        for who in WHO:
            given = settings if who != "bound" else {name: settings[name] for name in settings if "overflow" not in name}
            given = given if who != "bound" or "max_rows_to_read" not in given else {}
            assert scene.ask(who, text, **given).code == 497, (who, text)
        assert scene.ask("writer", text, session_id=session).code == 497, text
    assert scene.ask("writer", "SELECT 1", **settings).code in (0, 396), "the control: what may run is run"
