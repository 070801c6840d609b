"""An INSERT that is answered 200 is stored: what goes wrong behind the reading of its data is told, with its code."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.gateway.engine import Engine
from opsledger.infra.gateway.errors import ServerError
from opsledger.infra.gateway.infile import from_file, without_file
from opsledger.infra.gateway.serve import ENGINE_SETTINGS
from opsledger.infra.store import engine_address, open_embedded
from tests.gateways import Running, Told, running

ROWS = 300
DATA = b"".join(b"%d\n" % n for n in range(ROWS))
FAILING = {
    "of_partitions": ("(a UInt32) ENGINE = MergeTree PARTITION BY a ORDER BY a", 252),
    "of_parts": (
        "(a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS parts_to_delay_insert = 0, parts_to_throw_insert = 1",
        252,
    ),
    "of_constraint": ("(a UInt32, CONSTRAINT few CHECK a < 200) ENGINE = MergeTree ORDER BY a", 469),
    "of_default": ("(a UInt32, b UInt32 DEFAULT throwIf(a = 200, 'no')) ENGINE = MergeTree ORDER BY a", 395),
    "of_materialized": ("(a UInt32, b UInt32 MATERIALIZED intDiv(a, a - 200)) ENGINE = MergeTree ORDER BY a", 153),
    "of_memory": ("(a UInt32, CONSTRAINT few CHECK a < 200) ENGINE = Memory", 469),
}
"""Tables that take no whole block of the numbers up to 300, and the code of why."""


def made(gateway: Running, name: str) -> None:
    assert gateway.ask(f"CREATE OR REPLACE TABLE {name} {FAILING[name][0]}").status == 200
    if name == "of_parts":
        assert gateway.ask(f"INSERT INTO {name} SELECT 1000").status == 200


def count(gateway: Running, name: str) -> int:
    return int(gateway.ask(f"SELECT count() FROM {name} WHERE a < 1000").text)


def written(told: Told) -> int:
    assert told.status == 200, told.text
    return int(json.loads(told.headers["X-ClickHouse-Summary"])["written_rows"])


@pytest.mark.parametrize("name", FAILING)
def test_what_cannot_be_stored_is_not_answered_as_stored(gateway: Running, name: str) -> None:
    made(gateway, name)
    for more in ({}, {"session_id": f"of {name}"}):
        told = gateway.ask(f"INSERT INTO {name} (a) FORMAT TabSeparated\n".encode() + DATA, **more)
        assert (told.code, count(gateway, name)) == (FAILING[name][1], 0), told.text
        assert "INFILE" not in told.text.upper()
        assert "/dev/fd" not in told.text
        assert told.text.count("DB::Exception") == 1
    if name != "of_parts":  # the same table takes what does not go against it
        assert written(gateway.ask(f"INSERT INTO {name} (a) FORMAT TabSeparated\n1\n")) == 1
        assert count(gateway, name) == 1


def test_control_the_streaming_insert_of_the_engine_is_silent(tmp_path: Path) -> None:
    """Why it is not used; an engine that tells is welcome. Neither are data put behind a text: what they hold is run."""
    with open_embedded(tmp_path / "data", clock=SystemClock()):
        engine = Engine(engine_address(tmp_path / "data"), ENGINE_SETTINGS)
        with engine.handle() as handle:
            for name in ("of_partitions", "of_constraint", "of_default", "of_materialized"):
                handle.query(f"CREATE TABLE {name} {FAILING[name][0]}".encode(), "Null", {})
                inserter = handle._connection.send_insert(f"INSERT INTO {name} (a)", "TabSeparated")
                inserter.append(DATA)
                assert inserter.finish().rows_written == ROWS
                assert handle.text(f"SELECT count() FROM {name}") == "0"
                with pytest.raises(ServerError):
                    handle.insert(f"INSERT INTO {name} (a)".encode(), "TabSeparated", iter((DATA,)))
            text = b"INSERT INTO of_constraint FORMAT Values (1); INSERT INTO of_constraint SELECT 2"
            handle.query(text, "Null", {})
            assert handle.text("SELECT groupArray(a) FROM (SELECT a FROM of_constraint ORDER BY a)") == "[1,2]"
        engine.close()


def test_data_are_data_whatever_they_look_like(gateway: Running) -> None:
    gateway.ask("CREATE OR REPLACE TABLE texts (a String) ENGINE = MergeTree ORDER BY a")
    rows = ["a;", "", "INSERT INTO texts SELECT 'more'", "DROP TABLE texts;", "\\\\N; SELECT 1", "'; --", "FORMAT TSV"]
    body = "\n".join(rows).encode()
    for text in (b"INSERT INTO texts FORMAT TSV\n", b"INSERT INTO texts FORMAT LineAsString\n"):
        gateway.ask("TRUNCATE TABLE texts")
        assert written(gateway.ask(text + body)) == len(rows)
    assert sorted(gateway.ask("SELECT a FROM texts FORMAT TSVRaw").text.splitlines()) == sorted(rows)


def test_one_body_after_the_other_is_stored_and_counted(gateway: Running) -> None:
    """Their passing files have the same name."""
    gateway.ask("CREATE OR REPLACE TABLE bodies (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    client = gateway.client()
    for number in range(30):
        told = gateway.ask(b"INSERT INTO bodies FORMAT TSV\n" + b"%d\tx\n" % number * (number + 1))
        assert written(told) == number + 1
        assert client.insert("bodies", [(number, "y")] * 3, ["a", "b"]).written_rows == 3
    found = gateway.ask("SELECT count(), sum(a) FROM bodies WHERE b = 'x'").text.split()
    assert [int(word) for word in found] == [sum(range(31)), sum(n * (n + 1) for n in range(30))]
    assert written(gateway.ask("INSERT INTO bodies FORMAT TSV")) == 0


def test_a_token_names_the_rows_as_before(gateway: Running) -> None:
    gateway.ask(
        "CREATE OR REPLACE TABLE tokens (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window=9"
    )
    for asked in (
        "INSERT INTO tokens FORMAT TSV\n{}",
        "INSERT INTO tokens SETTINGS insert_deduplication_token = '{}' FORMAT TSV\n7",
    ):
        for number in (1, 2, 3, 3):
            more = {} if "token =" in asked else {"insert_deduplication_token": f"of-{number}"}
            assert written(gateway.ask(asked.format(number), **more)) == 1
    assert gateway.ask("SELECT groupArray(a) FROM (SELECT a FROM tokens ORDER BY a)").text == "[1,2,3,7,7,7]\n"


@pytest.mark.parametrize(
    "head",
    [
        "INSERT INTO settings",
        "INSERT INTO settings SETTINGS max_threads = 1",
        "INSERT INTO TABLE default.settings (a) SETTINGS max_threads = 1, max_insert_threads = 1",
        "INSERT INTO `settings` (`a`) /* SETTINGS */ -- SETTINGS",
        "INSERT INTO default.`settings`(a)SETTINGS max_threads=1",
        "INSERT INTO {name:Identifier} (* EXCEPT(b))",
    ],
)
@pytest.mark.parametrize("data", ["FORMAT CSV\n5\n6", "VALUES (5), (6)"])
def test_the_heads_of_inserts(gateway: Running, head: str, data: str) -> None:
    gateway.ask("CREATE OR REPLACE TABLE settings (a UInt32, b String MATERIALIZED 'x') ENGINE = MergeTree ORDER BY a")
    assert written(gateway.ask(f"{head}\n{data}", param_name="settings")) == 2
    assert gateway.ask("SELECT sum(a) FROM settings").text == "11\n"
    assert gateway.ask("DROP TABLE settings").status == 200


def test_what_is_said_of_the_file_is_left_out() -> None:
    said = (
        "Code: 27. DB::Exception: Code: 27. DB::Exception: Cannot parse: (at row 2)\n: (in file/uri /dev/fd/9): "
        "While executing Rows: While executing File: data for INSERT was parsed from file. "
        "(CANNOT_PARSE) (version 26.9.2.1). (CANNOT_PARSE)"
    )
    told = without_file(ServerError(27, said))
    assert told.text == "Code: 27. DB::Exception: Cannot parse: (at row 2)\n: While executing Rows. (CANNOT_PARSE)"
    other = "Code: 519. DB::Exception: Code: 7. DB::Exception: Attempt. (NOT_A_LEADER)"
    assert without_file(ServerError(519, other)).text == other
    assert from_file(b"INSERT INTO t SETTINGS a = 'SETTINGS'", "/f", "CSV").split() == (
        b"INSERT INTO t FROM INFILE '/f' SETTINGS a = 'SETTINGS' FORMAT CSV".split()
    )


def test_no_room_for_the_body_is_told(tmp_path: Path) -> None:
    """By a limit on the size of a file; and the gateway goes on when there is room again."""
    with running(tmp_path / "data") as gateway:
        assert gateway.ask("CREATE TABLE few (a UInt64) ENGINE = MergeTree ORDER BY a").status == 200
        unlimited = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (2_000_000, unlimited[1]))
        told = gateway.ask(b"INSERT INTO few FORMAT TSV\n" + b"1\n" * 1_500_000)
        assert (told.status, told.code, str(tmp_path) in told.text) == (500, 243, False), told.text
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert gateway.ask("SELECT count() FROM few").text == "0\n"
        assert written(gateway.ask(b"INSERT INTO few FORMAT TSV\n" + DATA)) == ROWS
