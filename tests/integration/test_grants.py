"""The gateway's roles on a server: what ``opsledger ddl --grants`` prints is enough for the product and takes nothing away.

The embedded engine keeps no roles, so it says of each statement that it understood it and has no place to keep it. The grants
themselves, and the conditions of the rows, are then given to the engine's own user, one role at a time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.users import FILE, Hashed, Users
from opsledger.infra.grants import statements
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.ledger.tables import LEDGER
from tests.gateway_scene import CALLS
from tests.ledger_samples import NOW
from tests.new_ledger import new_ledger

DATABASE = "default"
SYNTAX_ERROR, DENIED, NO_ROLE, NOWHERE_TO_KEEP = 62, 497, 511, 514
NASTY = "ac'me\\' OR 1 --\\"
USERS = (
    Hashed(User("w.x-y", Role.WRITER), b"\1" * 32),
    Hashed(User("aud", Role.AUDITOR), b"\2" * 32),
    Hashed(User("ann", Role.READER), b"\3" * 32),
    Hashed(User("all", Role.READER, "acme", "xinhe"), b"\4" * 32),
    Hashed(User("ben", Role.READER, vendor=NASTY), b"\5" * 32),
)
PRINTED = statements(DATABASE, USERS)
HARMLESS = {
    *("SELECT", "INSERT", "SHOW", "CREATE TABLE", "CREATE VIEW", "CREATE DATABASE", "CREATE TEMPORARY TABLE"),
    *("ALTER ADD COLUMN", "ALTER PROJECTION", "ALTER SETTINGS"),
}
"""What takes nothing from a table. OPTIMIZE is none of it: with DEDUPLICATE it does."""
_GRANT = re.compile(r"GRANT (?P<what>.+) ON (?P<database>\S+)\.(?P<table>\S+) TO (?P<whom>\w+)")
_POLICY = re.compile(
    r"CREATE ROW POLICY OR REPLACE `(?P<name>.+?)` ON `(?P<database>\w+)`\.`(?P<table>\w+)` "
    r"FOR SELECT USING (?P<rows>.+) AS (?P<kind>\w+) TO (?P<whom>.+)"
)
TAKING = (
    *("DROP TABLE {}", "TRUNCATE TABLE {}", "DETACH TABLE {}", "RENAME TABLE {} TO elsewhere", "EXCHANGE TABLES {} AND legs"),
    *("ALTER TABLE {} DELETE WHERE 1", "ALTER TABLE {} UPDATE x = 1 WHERE 1", "DELETE FROM {} WHERE 1"),
    *("ALTER TABLE {} DROP COLUMN x", "ALTER TABLE {} CLEAR COLUMN x", "ALTER TABLE {} MODIFY TTL now()"),
    *("ALTER TABLE {} DROP PARTITION tuple()", "ALTER TABLE {} REPLACE PARTITION tuple() FROM legs"),
    *("OPTIMIZE TABLE {} FINAL DEDUPLICATE", "CREATE OR REPLACE TABLE {} (x UInt8) ENGINE = Memory"),
)
ELSEWHERE = """
import json, re, sys
from pathlib import Path
import pyarrow as pa
from opsledger.domain.clock import SystemClock
from opsledger.infra.engine import address
address.USERS = Path(sys.argv[2])
from opsledger.infra import ledger_tables
from opsledger.infra import store as stores
from opsledger.infra.facts import fact_tables, rebuild_facts
from opsledger.infra.manifest import OnLoss
from tests.gateway_scene import lines
from tests.ledger_samples import chunks, importer, spec

def work(store):
    store.client.command("CREATE DATABASE IF NOT EXISTS `default`")
    ledger_tables.make_on_server(store.client, replicated=False)
    importer(store).run(chunks(lines()), spec())
    facts = fact_tables(store)
    facts.update()
    rebuild_facts(store, lambda *_: None)
    with facts.as_known_at(store.clock.now()) as past:
        assert past.query("SELECT count() FROM calls FINAL").first_row == (9,)
    asking = stores._Asking(store.client, "asked_events_0a1b")
    tenant, source, id_ = store.client.query("SELECT tenant, source, event_id FROM call LIMIT 1").first_row
    asked = {"row": pa.array([0], "uint32"), "tenant": [tenant], "source": [source]}
    asked |= {"event_id": pa.array([id_.bytes], pa.binary(16)), "payload": [""]}
    assert asking.stored(pa.table(asked)).num_rows == 1
    assert asking.event_count() == 9
    asking.close()

def answer(store, text):
    try:
        return store.client.query(text).result_rows
    except Exception as error:
        return int(re.search(r"Code: (\\d+)", str(error))[1])

looks = {} if sys.argv[3] == "work" else {"read_only": True, "on_loss": OnLoss.TELL}  # a reader is not told of parts
with stores.open_embedded(Path(sys.argv[1]), clock=SystemClock(), **looks) as store:
    if sys.argv[3] == "work":
        work(store)
    print(json.dumps([answer(store, text) for text in json.load(sys.stdin)], default=str))
"""


def taken(found: Iterable[str], database: str = DATABASE) -> list[str]:
    """The grants by which something could be taken from a table of the ledger."""
    complaints = []
    for grant in filter(None, map(_GRANT.fullmatch, found)):
        privileges = set(re.sub(r"\(.*?\)", "", grant["what"]).split(", ")) - HARMLESS
        place = grant["table"].replace("`", "")
        tables = [table for table in sorted(LEDGER) if fnmatchcase(table, place)]
        if privileges and tables and fnmatchcase(database, grant["database"].replace("`", "")):
            complaints.append(f"{grant['whom']}: {', '.join(sorted(privileges))} on {', '.join(tables)}")
    return complaints


def open_to(found: Iterable[str], user: User) -> list[str]:
    """The tables of which a bound reader may read, and is not held to its own rows."""
    lines, role = list(found), f"opsledger_{user.role}"
    held = set()
    for policy in filter(None, map(_POLICY.fullmatch, lines)):
        conditions = re.findall(r"(tenant|vendor) = '(?:[^'\\]|\\.)*'", policy["rows"])
        wanted = [column for column in ("tenant", "vendor") if getattr(user, column)]
        if policy["kind"] == "RESTRICTIVE" and policy["whom"] == f"`{user.name}`" and conditions == wanted:
            held.add((policy["database"], policy["table"]))
    grants = [grant for grant in filter(None, map(_GRANT.fullmatch, lines)) if grant["whom"] in (role, user.name)]
    read = [(grant["database"].replace("`", ""), grant["table"]) for grant in grants if grant["what"] != "SHOW"]
    return [".".join(place) for place in read if place not in held]


def of_role(role: Role) -> list[str]:
    """A role's grants, as they are given to a user of a file."""
    end = f" TO opsledger_{role}"
    return [line.removesuffix(end) for line in PRINTED if line.startswith("GRANT ") and line.endswith(end)]


def rows_of(user: User) -> dict[str, str]:
    """For each fact table the condition of a bound user."""
    policies = filter(None, map(_POLICY.fullmatch, PRINTED))
    return {policy["table"]: policy["rows"] for policy in policies if policy["whom"] == f"`{user.name}`"}


def users_file(folder: Path, grants: Sequence[str], rows: dict[str, str] | None = None, more: str = "") -> Path:
    """A file with the engine's one user, who has these grants and sees these rows."""
    queries = "".join(f"<query>{escape(grant)}</query>" for grant in grants)
    filters = "".join(f"<{table}><filter>{escape(text)}</filter></{table}>" for table, text in (rows or {}).items())
    user = f"<password></password><networks><ip>::/0</ip></networks><profile>default</profile>{more}"
    user += f"<grants>{queries}</grants>" if grants else ""
    user += f"<databases><default>{filters}</default></databases>"
    file = folder / "users.xml"
    file.write_text(f"<clickhouse><profiles><default/></profiles><users><default>{user}</default></users></clickhouse>")
    return file


def elsewhere(data: Path, users: Path, asked: Sequence[str], *, works: bool = False) -> list[Any]:
    """The rows, or the error's code, of each statement in an engine with such a user; ``works``: after the product's work."""
    command = [sys.executable, "-c", ELSEWHERE, str(data), str(users), "work" if works else "ask"]
    done = subprocess.run(command, check=False, input=json.dumps(asked), capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout))


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A ledger that was made and filled with the writer's grants alone, and the answers that the writer had afterwards."""
    folder = tmp_path_factory.mktemp("writer")
    asked = [text.format(f"`{table}`") for table in sorted(LEDGER) for text in TAKING]
    asked += ["DROP DATABASE default", "TRUNCATE DATABASE default", "SELECT count() FROM call", "SHOW GRANTS"]
    asked += ["CREATE TABLE foreign_one (x UInt8) ENGINE = Memory", "TRUNCATE TABLE legs"]
    told = elsewhere(folder / "data", users_file(folder, of_role(Role.WRITER)), asked, works=True)
    return folder / "data", dict(zip(asked, told, strict=True))


def test_the_engine_understands_each_statement(tmp_path: Path) -> None:
    """It lacks a place for roles and users, and says so; of a wrong one it says that it is wrong."""
    wrong = ["GRANT SELECT, ERASE ON `default`.`calls` TO opsledger_writer", PRINTED[-1].replace("DEFAULT ROLE", "DEFAULTS")]
    manages = "<access_management>1</access_management>"
    told = elsewhere(new_ledger(tmp_path / "data"), users_file(tmp_path, [], more=manages), [*PRINTED, *wrong])
    assert set(told[: len(PRINTED)]) == {NO_ROLE, NOWHERE_TO_KEEP}
    assert told[len(PRINTED) :] == [SYNTAX_ERROR, SYNTAX_ERROR]


def test_no_role_is_granted_to_take_from_the_ledger() -> None:
    assert len([line for line in PRINTED if _GRANT.fullmatch(line)]) > len(LEDGER) + 2 * len(FACTS)
    assert taken(PRINTED) == []
    assert taken(statements("other"), "other") == []


@pytest.mark.parametrize(
    ("grant", "complaint"),
    [
        ("GRANT SELECT, TRUNCATE ON `default`.`call` TO opsledger_writer", "opsledger_writer: TRUNCATE on call"),
        ("GRANT ALTER UPDATE(tenant) ON `default`.call* TO r", "r: ALTER UPDATE on call, callback"),
        ("GRANT ALTER DELETE ON def*.facts* TO r", "r: ALTER DELETE on facts_journal"),
        ("GRANT DROP TABLE, OPTIMIZE ON `default`.dead_letters TO r", "r: DROP TABLE, OPTIMIZE on dead_letters"),
        ("GRANT ALL ON *.* TO r", f"r: ALL on {', '.join(sorted(LEDGER))}"),
    ],
)
def test_a_grant_that_takes_is_seen(grant: str, complaint: str) -> None:
    assert taken([*PRINTED, grant]) == [complaint]


def test_what_is_granted_by_a_beginning_begins_no_name_of_the_ledger() -> None:
    beginnings = [place[1] for line in PRINTED if (place := re.search(r"\.(\w+)\* TO ", line))]
    assert {fact.name for fact in FACTS} < set(beginnings)
    assert not [name for name in LEDGER if name.startswith(tuple(beginnings))]
    assert [name for name in LEDGER if name.startswith("call")], "a beginning that would be seen"


def test_a_ledger_is_not_in_a_database_that_the_writer_may_drop() -> None:
    for name in ("known_ledger", "facts_staged_1"):
        with pytest.raises(UserError, match="the name of a passing one"):
            statements(name)
        assert taken(PRINTED, name), "what it would have been granted there"


def test_who_is_bound_is_held_to_its_rows_in_all_that_it_may_read() -> None:
    for named in USERS[3:]:
        assert len(rows_of(named.user)) == len(FACTS)
        assert open_to(PRINTED, named.user) == []
    names = [policy["name"] for policy in filter(None, map(_POLICY.fullmatch, PRINTED))]
    assert len(names) == len(FACTS) * 3
    assert {names.count(name) for name in names} == {len(FACTS)}, "a policy of one user replaces no other's"


def test_a_table_without_a_policy_or_with_a_weaker_one_is_seen() -> None:
    user = USERS[3].user
    (calls,) = [line for line in PRINTED if "`calls`" in line and line.endswith("`all`")]
    assert open_to([line for line in PRINTED if line != calls], user) == ["default.calls"]
    for strong, weak in (("RESTRICTIVE", "PERMISSIVE"), (" AND vendor = 'xinhe'", ""), ("`all`", "`al`")):
        assert open_to([line.replace(strong, weak) if line == calls else line for line in PRINTED], user) == ["default.calls"]
    assert open_to([*PRINTED, "GRANT SELECT ON `default`.call TO opsledger_reader"], user) == ["default.call"]


def test_rows_are_there_before_the_role_and_a_role_of_before_is_taken_back() -> None:
    own = [line for line in PRINTED if line.endswith(("`all`", "readonly = 1")) and "`all`" in line]
    assert [line.split()[0] for line in own] == [*["CREATE"] * len(FACTS), "REVOKE", "GRANT", "ALTER"]
    assert own[-3:-1] == ["REVOKE opsledger_writer, opsledger_auditor FROM `all`", "GRANT opsledger_reader TO `all`"]
    assert "IDENTIFIED WITH sha256_hash BY '" + "04" * 32 + "'" in own[-1]


def test_a_user_with_the_name_of_a_role_is_refused() -> None:
    with pytest.raises(UserError, match="add it to the gateway under another"):
        statements(DATABASE, [Hashed(User("opsledger_writer", Role.READER), bytes(32))])


def test_the_writers_grants_are_enough_and_the_ledger_stays(worked: tuple[Path, dict[str, Any]]) -> None:
    told = worked[1]
    denied = [text for text in told if text.startswith(("DROP DATABASE", "TRUNCATE DATABASE"))]
    denied += [text for text in told if any(f"`{table}`" in text for table in LEDGER)]
    assert len(denied) == 2 + len(LEDGER) * len(TAKING)
    assert {text: told[text] for text in denied if told[text] != DENIED} == {}
    assert told["SELECT count() FROM call"] == [[CALLS]]
    assert told["CREATE TABLE foreign_one (x UInt8) ENGINE = Memory"] == DENIED
    assert isinstance(told["TRUNCATE TABLE legs"], list), "what is not the ledger's is emptied"
    shown = [line for (line,) in told["SHOW GRANTS"]]
    assert len(shown) > len(LEDGER)
    assert taken(shown) == []


def test_a_bound_reader_sees_its_rows_and_no_ledger(worked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    facts = [f"SELECT count() FROM {fact.name} FINAL" for fact in FACTS]
    others = [f"SELECT count() FROM `{table}`" for table in sorted(LEDGER)]
    others += ["INSERT INTO calls (call) VALUES ('x')", "SELECT count() FROM call_once", "TRUNCATE TABLE calls"]
    tried = [f"SELECT {rows_of(USERS[4].user)['calls'].replace('vendor', repr_of(NASTY))}", "SELECT 'x' = 'y'"]
    reads = of_role(Role.READER)
    bound = elsewhere(worked[0], users_file(tmp_path, reads, rows_of(USERS[3].user)), [*facts, *others, *tried])
    assert bound[0] == [[3]]
    assert all(isinstance(rows, list) for rows in bound[: len(facts)]), "its rows are those of columns that are there"
    assert set(bound[len(facts) : -2]) == {DENIED}
    assert bound[-2:] == [[[1]], [[0]]], "a value is the very same, whatever is in it"
    assert elsewhere(worked[0], users_file(tmp_path, reads), facts[:1]) == [[[CALLS]]], "without a condition all are seen"


def repr_of(text: str) -> str:
    """A literal of hexadecimal digits: nothing in it is escaped."""
    return f"unhex('{text.encode().hex()}')"


def test_what_is_printed_holds_no_secret(tmp_path: Path) -> None:
    users = Users(tmp_path / FILE, FixedClock(NOW))
    secrets = [users.add("ann", Role.READER, "acme"), users.add("bob", Role.WRITER), users.rotate("bob")]
    users.add("gone", Role.AUDITOR)
    users.revoke("gone")
    command = [sys.executable, "-m", "opsledger.infra.cli", "--data", str(tmp_path), "ddl", "--grants", "--database", "main"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert told == "".join(f"{line};\n" for line in statements("main", users.hashed()))
    assert len(re.findall(r"IDENTIFIED WITH sha256_hash BY '[0-9a-f]{64}'", told)) == 4
    assert "gone" not in told
    assert [secret for secret in secrets if secret in told] == []
    assert [user.secret_hash.hex() in told for user in users.hashed()] == [True, True], "what stands there would be found"
