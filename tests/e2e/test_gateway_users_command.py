"""The commands for the gateway's users as an administrator meets them."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.users import FILE, Users
from tests.e2e.conftest import Cli
from tests.gateways import running

SECRET = r"[A-Za-z0-9_-]{43}"


def users(cli: Cli, *words: str) -> str:
    return cli.ok("gateway", "users", *words)


def who(cli: Cli, name: str, secret: str) -> User | None:
    return Users(cli.data / FILE, SystemClock()).who(name, secret)


def test_a_user_is_made_listed_given_a_new_secret_and_revoked(cli: Cli) -> None:
    first = users(cli, "add", "ann", "--role", "reader", "--tenant", "宽带", "--vendor", "desk").strip()
    assert who(cli, "ann", first) == User("ann", Role.READER, "宽带", "desk")
    assert re.fullmatch(r"ann  reader  tenant=宽带  vendor=desk  20\S+ \S+  good\n", users(cli, "list"))
    second = users(cli, "rotate", "ann").strip()
    assert (who(cli, "ann", first), who(cli, "ann", second)) == (None, User("ann", Role.READER, "宽带", "desk"))
    assert users(cli, "revoke", "ann") == "revoked ann\n"
    assert who(cli, "ann", second) is None
    said = cli("gateway", "users", "list")
    assert re.fullmatch(r"ann  reader  .*  20\S+ \S+  rotated 20\S+ \S+  revoked 20\S+ \S+\n", said.out)
    assert said.err == "1 users, 0 good\n"
    assert not [secret for secret in (first, second) if secret in said.out + said.err]


def test_the_secret_stands_alone_and_in_no_file(cli: Cli) -> None:
    """By a process of its own: what a script takes from standard output is the secret and nothing else."""
    told = [cli.process("gateway", "users", *words) for words in (("add", "etl", "--role", "writer"), ("rotate", "etl"))]
    for said in told:
        assert (said.code, bool(re.fullmatch(rf"{SECRET}\n", said.out))) == (0, True)
        assert "not shown again" in said.err
        assert said.out.strip() not in said.err
    files = [path for path in cli.data.rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    assert b"etl" in content  # the control
    assert not [said.out for said in told if said.out.strip().encode() in content]
    assert stat.S_IMODE((cli.data / FILE).stat().st_mode) == 0o600


def test_the_directory_is_made_and_named_in_either_place(tmp_path: Path) -> None:
    elsewhere, cli = tmp_path / "elsewhere", Cli(tmp_path / "data")
    secret = cli.ok("gateway", "--data", str(elsewhere), "users", "add", "ann", "--role", "auditor").strip()
    assert not cli.data.exists()
    assert who(Cli(elsewhere), "ann", secret) == User("ann", Role.AUDITOR)
    assert users(cli, "list") == ""
    assert (cli.data / FILE).is_file()
    assert stat.S_IMODE(cli.data.stat().st_mode) == 0o700


def test_a_folder_that_is_none_of_ours_is_left_alone(cli: Cli) -> None:
    cli.data.mkdir()
    (cli.data / "letter.txt").write_text("mine")
    said = cli("gateway", "users", "add", "ann", "--role", "reader")
    assert (said.code, "holds other files" in said.err) == (2, True)
    assert [path.name for path in cli.data.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "default", "--role", "writer"), "local commands"),
        (("add", "a b", "--role", "writer"), "cannot be a user's name"),
        (("add", "ann"), "--role"),
        (("add", "ann", "--role", "admin"), "'admin' is not one of 'writer', 'reader', 'auditor'"),
        (("add", "ann", "--role", "writer", "--tenant", "t1"), "a writer writes for all tenants"),
        (("add", "ann", "--role", "auditor", "--vendor", "v"), "nothing was dropped"),
        (("add", "ann", "--role", "reader", "--tenant", ""), "--tenant is empty"),
        (("add", "ann", "--role", "reader", "--vendor", ""), "--vendor is empty"),
        (("add", "taken", "--role", "reader"), "users rotate taken"),
        (("revoke", "nobody"), "no user 'nobody'"),
        (("rotate", "nobody"), "no user 'nobody'"),
        (("rotate", "gone"), "was revoked at"),
        (("revoke", "gone"), "was revoked at"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(words: tuple[str, ...], told: str, cli: Cli) -> None:
    for name in ("taken", "gone"):
        users(cli, "add", name, "--role", "reader")
    users(cli, "revoke", "gone")
    before = users(cli, "list")
    said = cli("gateway", "users", *words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert users(cli, "list") == before


def test_users_are_changed_while_a_gateway_holds_the_directory(cli: Cli) -> None:
    cli.ok("init", "--tenant", "t1", "--zone", "UTC")
    with running(cli.data):
        assert "is in use by `opsledger gateway`" in cli.process("gateway", "--port", "0").err  # the control: it is held
        old = users(cli, "add", "ann", "--role", "reader").strip()
        new = users(cli, "rotate", "ann").strip()
        assert (who(cli, "ann", old), who(cli, "ann", new)) == (None, User("ann", Role.READER))
        users(cli, "revoke", "ann")
        assert who(cli, "ann", new) is None


def test_the_gateway_says_what_else_it_has(cli: Cli) -> None:
    page = cli.ok("gateway", "--help")
    assert re.search(r"--port .*\n", page)
    assert re.search(r"users +Who may log in beside the local commands: add, list, revoke, rotate\.", page)
    assert "rotate" in users(cli, "--help")
    said = cli("gateway", "user", "list")
    assert (said.code, "did you mean 'users'?" in said.err) == (2, True)
    assert not cli.data.exists()
