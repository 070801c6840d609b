"""Users of the gateway: of one role, shown once, kept as a hash, refused the moment that they are revoked or rotated."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.users import FILE, Users
from tests.ledger_samples import NOW

LATER = NOW + timedelta(hours=1)
ELSEWHERE = """
import sys
from pathlib import Path
from opsledger.domain.clock import SystemClock
from opsledger.infra.gateway.roles import Role
from opsledger.infra.gateway.users import Users
users, (what, name) = Users(Path(sys.argv[1]), SystemClock()), sys.argv[2:4]
print(users.add(name, Role.READER) if what == "add" else getattr(users, what)(name) or "")
"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def users(tmp_path: Path, clock: FixedClock) -> Users:
    return Users(tmp_path / FILE, clock)


def elsewhere(file: Path, what: str, name: str) -> str:
    """What another process is told."""
    command = [sys.executable, "-c", ELSEWHERE, str(file), what, name]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout.strip()


def test_a_user_is_of_one_role_and_its_bounds(users: Users) -> None:
    wanted = [
        User("w", Role.WRITER),
        User("a", Role.AUDITOR),
        User("r", Role.READER),
        User("_v.1-x", Role.READER, "宽带", "acme"),
    ]
    secrets = [users.add(user.name, user.role, user.tenant, user.vendor) for user in wanted]
    assert [users.who(user.name, secret) for user, secret in zip(wanted, secrets, strict=True)] == wanted
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    assert len(set(secrets)) == len(secrets)


def test_only_the_right_secret_of_the_right_name_is_good(users: Users) -> None:
    one, other = users.add("one", Role.READER), users.add("other", Role.WRITER)
    wrong = ["", one[:-1], one + "x", one + "\n", one.swapcase(), other, "é" * 43, "\udcff" * 43, "\x00" + one, "' OR 1=1 --"]
    assert [users.who("one", each) for each in wrong] == [None] * len(wrong)
    names = ["", "One", "one ", "one\n", "one\x00", "nobody", "default", "\udcff", "%", "x" * 100_000]
    assert [users.who(name, one) for name in names] == [None] * len(names)
    assert users.who("one", one) == User("one", Role.READER)  # the control


def test_who_is_unknown_is_compared_as_a_wrong_secret_is(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    from opsledger.infra.gateway import users as module

    good, gone = users.add("one", Role.READER), users.add("gone", Role.READER)
    users.revoke("gone")
    compared: list[bytes] = []

    def counted(secret: str, hash_: bytes) -> bool:
        compared.append(hash_)
        return right(secret, hash_)

    right = module.is_right
    monkeypatch.setattr(module, "is_right", counted)
    for name, secret in (("one", good), ("one", "x" * 43), ("nobody", "x" * 43), ("gone", gone)):
        users.who(name, secret)
    assert [len(each) for each in compared] == [32] * 4


def test_only_a_hash_is_kept_in_a_file_for_this_user_alone(users: Users, tmp_path: Path) -> None:
    secrets = [users.add("one", Role.READER, "tenant-1"), users.rotate("one"), users.rotate("one")]
    (file,) = tmp_path.iterdir()
    assert file.name == FILE == "gateway-users.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    assert b"tenant-1" in content  # the control: what is kept is seen in this way
    assert not [secret for secret in secrets if secret.encode() in content]


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / FILE).touch(0o644)
    Users(tmp_path / FILE, clock)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_revoked_user_is_refused_at_once_and_no_other(users: Users, clock: FixedClock) -> None:
    secret, other = users.add("one", Role.READER), users.add("other", Role.READER)
    clock.at = LATER
    users.revoke("one")
    assert users.who("one", secret) is None
    assert users.who("other", other) is not None
    first, second = users.all()
    assert (first.user.name, first.created, first.rotated, first.revoked) == ("one", NOW, None, LATER)
    assert second.revoked is None


def test_a_new_secret_ends_the_old_one_at_once(users: Users, clock: FixedClock) -> None:
    old, other = users.add("one", Role.READER, vendor="v"), users.add("other", Role.READER)
    clock.at = LATER
    new = users.rotate("one")
    assert users.who("one", old) is None
    assert users.who("one", new) == User("one", Role.READER, vendor="v")
    assert users.who("other", other) is not None
    assert [(known.created, known.rotated) for known in users.all()] == [(NOW, LATER), (NOW, None)]


def test_a_revoked_name_may_be_given_anew_and_its_old_secret_stays_worthless(users: Users, clock: FixedClock) -> None:
    users.add("one", Role.WRITER)
    old = users.rotate("one")
    users.revoke("one")
    clock.at = LATER
    new = users.add("one", Role.READER, "t1")
    assert users.who("one", old) is None
    assert users.who("one", new) == User("one", Role.READER, "t1")
    (known,) = users.all()
    assert (known.user.role, known.created, known.rotated, known.revoked) == (Role.READER, LATER, None, None)


def test_a_name_that_is_taken_is_refused_and_keeps_its_secret(users: Users) -> None:
    secret = users.add("one", Role.READER)
    with pytest.raises(UserError, match=r"already.*rotate one"):
        users.add("one", Role.WRITER)
    assert users.who("one", secret) == User("one", Role.READER)


@pytest.mark.parametrize("name", ["", "1a", "-a", ".a", "a b", "a:b", "a/b", "a'b", "a\n", "é", "a|b", "\udcff", "a" * 65])
def test_what_cannot_be_a_name_is_refused(name: str, users: Users) -> None:
    with pytest.raises(UserError, match="cannot be a user's name"):
        users.add(name, Role.READER)
    assert users.all() == []


def test_the_local_user_is_not_to_be_added(users: Users) -> None:
    with pytest.raises(UserError, match="local commands"):
        users.add("default", Role.WRITER)
    users.add("default_", Role.WRITER)  # the control
    users.add("a" * 64, Role.WRITER)


@pytest.mark.parametrize(("role", "why"), [(Role.WRITER, "writes for all tenants"), (Role.AUDITOR, "nothing was dropped")])
def test_only_a_reader_is_bound(role: Role, why: str, users: Users) -> None:
    for bound in ({"tenant": "t"}, {"vendor": "v"}):
        with pytest.raises(UserError, match=f"--{next(iter(bound))} is for readers only: .*{why}"):
            users.add("one", role, **bound)
        users.add(f"reader_{next(iter(bound))}", Role.READER, **bound)  # the control
    users.add("one", role)


@pytest.mark.parametrize("bound", ["t" * 257, "宽" * 86, "a\nb", "a\x00", "\x7f", "\x85", "\udcff"])
def test_a_bound_that_no_row_could_have_is_refused(bound: str, users: Users) -> None:
    for name, given in (("--tenant", {"tenant": bound}), ("--vendor", {"vendor": bound})):
        with pytest.raises(UserError, match=f"{name} has to be"):
            users.add("one", Role.READER, **given)
    users.add("one", Role.READER, "宽" * 85, "t" * 256)  # the control


def test_who_is_not_there_or_revoked_is_told_so(users: Users) -> None:
    changes: list[Callable[[str], object]] = [users.revoke, users.rotate]
    users.add("one", Role.READER)
    users.revoke("one")
    for change in changes:
        with pytest.raises(UserError, match=r"no user 'nobody'.*users list"):
            change("nobody")
        with pytest.raises(UserError, match="no user"):
            change("\udcff")
        with pytest.raises(UserError, match="revoked at 2026-03-01T12:00:00"):
            change("one")


def test_what_another_process_does_is_seen_at_the_next_question(users: Users, tmp_path: Path) -> None:
    file = tmp_path / FILE
    assert users.who("one", "x" * 43) is None
    first = elsewhere(file, "add", "one")
    assert users.who("one", first) == User("one", Role.READER)
    second = elsewhere(file, "rotate", "one")
    assert (users.who("one", first), users.who("one", second)) == (None, User("one", Role.READER))
    assert elsewhere(file, "revoke", "one") == ""
    assert users.who("one", second) is None


def test_of_two_who_add_one_name_at_once_one_does(users: Users, tmp_path: Path, clock: FixedClock) -> None:
    second = Users(tmp_path / FILE, clock)
    row = ("one", bytes(32), "reader", "", "", "2026-03-01T12:00:00+00:00")
    with ThreadPoolExecutor(1) as pool, users._file.writing() as store:
        waiting = pool.submit(second.add, "one", Role.WRITER)
        time.sleep(0.3)  # it would have looked by now, and found the name free
        store.execute("INSERT INTO users (name, hash, role, tenant, vendor, created) VALUES (?, ?, ?, ?, ?, ?)", row)
    with pytest.raises(UserError, match="already"):
        waiting.result()
    assert [known.user.role for known in users.all()] == [Role.READER]


def test_many_threads_ask_while_the_secret_changes(users: Users) -> None:
    stays = users.add("stays", Role.READER)
    users.add("one", Role.READER)

    def asked(_: int) -> bool:
        return all(users.who("stays", stays) and users.who("stays", "x" * 43) is None for _ in range(100))

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(asked, range(8))
        secrets = [users.rotate("one") for _ in range(20)]
        assert all(answers)
    assert [bool(users.who("one", secret)) for secret in secrets] == [False] * 19 + [True]


def test_a_file_that_was_put_in_its_place_is_the_one_that_counts(users: Users, tmp_path: Path, clock: FixedClock) -> None:
    secret = users.add("one", Role.READER)
    other = Users(tmp_path / "other.sqlite", clock).add("two", Role.READER)
    assert users.who("one", secret) is not None
    (tmp_path / "other.sqlite").replace(tmp_path / FILE)
    assert (users.who("one", secret), users.who("two", other)) == (None, User("two", Role.READER))
    (tmp_path / FILE).unlink()
    assert users.who("two", other) is None
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_file_that_is_no_store_is_told_and_lets_nobody_in(users: Users, tmp_path: Path, clock: FixedClock) -> None:
    secret = users.add("one", Role.READER)
    good, file = (tmp_path / FILE).read_bytes(), tmp_path / FILE
    file.unlink()
    file.write_text("not a database, and longer than a header " * 20)
    for _ in range(2):
        with pytest.raises(UserError, match=r"the users in .* cannot be used") as told:
            users.who("one", secret)
        assert told.value.exit_code == EXIT_ENVIRONMENT
    with pytest.raises(UserError, match="cannot be used"):
        Users(file, clock)
    file.write_bytes(good)
    assert users.who("one", secret) is not None  # the control: it was the file
