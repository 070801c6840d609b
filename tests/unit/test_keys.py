"""Keys: an end, a rate, a right, a new secret; what was done to them on record; files of the first version go on."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.actor import Actor, actor_of
from opsledger.infra.serve.keys import Change, Denied, Keys, Sender, Terms
from opsledger.infra.serve.rates import Rate
from opsledger.ingest.http.judging import Owner
from tests.ledger_samples import NOW

OWNER = Owner("宽带", "asterisk:pbx1")
ANN = Actor("ann", "root", "desk-1")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
FIRST_TABLE = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, source TEXT NOT NULL,
    note TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""
"""As the first version made it."""
FIRST_INSERT = "INSERT INTO keys (id, hash, tenant, source, note, created) VALUES (?, ?, ?, ?, ?, ?)"
FIRST_SELECT = "SELECT hash, tenant, source, revoked FROM keys WHERE id = ?"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


@pytest.fixture
def keys(file: Path, clock: FixedClock) -> Keys:
    return Keys(file, clock, ANN)


def why(keys: Keys, key: str) -> str:
    """Why a key lets nobody in; '' for one that does."""
    found = keys.who(key)
    return found.why if isinstance(found, Denied) else ""


def test_a_key_ends_at_its_moment(keys: Keys, clock: FixedClock) -> None:
    key, other = keys.add(OWNER, terms=Terms(expires=NOW + DAY)), keys.add(OWNER)
    clock.at = NOW + DAY - SECOND
    assert why(keys, key) == ""
    clock.at = NOW + DAY
    assert (why(keys, key), why(keys, other)) == ("expired", "")
    assert [keys.is_good(each) for each in keys.all() if each.id == key[4:16]] == [False]
    keys.change(key[4:16], Change(expires=NOW + 2 * DAY))
    assert why(keys, key) == ""
    clock.at = NOW + 2 * DAY
    keys.change(key[4:16], Change(expires="never"))
    assert why(keys, key) == ""


def test_what_a_key_is_bound_to_is_kept_and_changed_one_by_one(keys: Keys) -> None:
    right = Owner("t", "s", corrects_others=True)
    key = keys.add(right, terms=Terms(rate=Rate(50, 400)))
    assert keys.who(key) == Sender(key[4:16], right, Rate(50, 400))
    keys.change(key[4:16], Change(rate=7))
    assert keys.who(key) == Sender(key[4:16], right, Rate(7, 400))
    keys.change(key[4:16], Change(corrects_others=False, burst=0))
    assert keys.who(key) == Sender(key[4:16], Owner("t", "s"), Rate(7, 0))
    keys.change(key[4:16], Change(rate=0, burst=9))
    assert keys.who(key) == Sender(key[4:16], Owner("t", "s"), Rate())
    plain = keys.add(OWNER)
    assert keys.who(plain) == Sender(plain[4:16], OWNER, Rate())
    assert not OWNER.corrects_others


def test_a_new_secret_ends_the_old_one_at_once(keys: Keys) -> None:
    old, other = keys.add(OWNER), keys.add(OWNER)
    new = keys.rotate(old[4:16])
    assert new[:17] == old[:17]
    assert (why(keys, old), why(keys, new), why(keys, other)) == ("the secret before it was rotated", "", "")


def test_the_old_secret_may_be_good_for_a_while_yet(keys: Keys, clock: FixedClock) -> None:
    first = keys.add(OWNER)
    second = keys.rotate(first[4:16], DAY)
    clock.at = NOW + DAY - SECOND
    assert [why(keys, key) for key in (first, second)] == ["", ""]
    third = keys.rotate(first[4:16], DAY)
    assert [why(keys, key) for key in (first, second, third)] == ["wrong secret", "", ""]
    clock.at = NOW + 2 * DAY - SECOND
    assert [why(keys, key) for key in (second, third)] == ["the secret before it was rotated", ""]


def test_revoking_ends_both_secrets(keys: Keys) -> None:
    old = keys.add(OWNER)
    new = keys.rotate(old[4:16], DAY)
    keys.revoke(old[4:16])
    assert [why(keys, key) for key in (old, new)] == ["revoked"] * 2
    for change in (lambda: keys.rotate(old[4:16]), lambda: keys.change(old[4:16], Change(rate=1))):
        with pytest.raises(UserError, match="was revoked at"):
            change()


def test_who_has_no_right_secret_is_not_told_of_a_key(keys: Keys) -> None:
    """A wrong secret of a revoked or expired key is a wrong secret in the record, too."""
    gone, over = keys.add(OWNER), keys.add(OWNER, terms=Terms(expires=NOW))
    keys.revoke(gone[4:16])
    assert [why(keys, key) for key in (gone, over)] == ["revoked", "expired"]
    assert [why(keys, key[:-3] + "xyz") for key in (gone, over)] == ["wrong secret"] * 2
    assert [why(keys, each) for each in ("", "sesame", "olk_" + "0" * 12 + gone[16:])] == ["no key", "not a key", "no such key"]


def test_a_key_without_an_old_secret_has_none_to_be_guessed(keys: Keys) -> None:
    """The hash that stands for nobody is no secret's."""
    key = keys.add(OWNER)
    assert why(keys, key[:17] + "A" * 43) == "wrong secret"


def test_an_expired_key_is_not_rotated_and_one_that_is_not_there_not_changed(keys: Keys) -> None:
    key = keys.add(OWNER, terms=Terms(expires=NOW))
    with pytest.raises(UserError, match=r"expired at .*keys change"):
        keys.rotate(key[4:16])
    for change in (lambda: keys.rotate("x"), lambda: keys.change("x", Change(rate=1)), lambda: keys.revoke("x")):
        with pytest.raises(UserError, match="no key 'x'"):
            change()


def test_what_was_done_is_on_record_with_who_did_it(file: Path, keys: Keys, clock: FixedClock) -> None:
    id_ = keys.add(OWNER, terms=Terms(NOW + DAY, Rate(5)))[4:16]
    clock.at = NOW + SECOND
    keys.rotate(id_, DAY)
    keys.change(id_, Change(rate=0, corrects_others=True, expires="never"))
    Keys(file, clock).revoke(id_)
    told = keys.history()
    assert [(entry.what, entry.id) for entry in told] == [(what, id_) for what in ("made", "rotated", "changed", "revoked")]
    assert [entry.at for entry in told] == [NOW, *[NOW + SECOND] * 3]
    assert [entry.by for entry in told] == [ANN] * 3 + [actor_of()]
    assert told[0].detail == (
        "tenant 宽带, source asterisk:pbx1, expires 2026-03-02T12:00:00+00:00, rate 5/s, 50 at once, may not correct others"
    )
    assert told[1].detail == "old secret good until 2026-03-02T12:00:01+00:00"
    assert told[2].detail.startswith("expires never, rate none, may correct others; before: expires 2026-03-02")


def test_what_fails_is_not_on_record(keys: Keys) -> None:
    """Negative control: the record is of what was done."""
    key = keys.add(OWNER)
    keys.revoke(key[4:16])
    with pytest.raises(UserError):
        keys.revoke(key[4:16])
    assert [entry.what for entry in keys.history()] == ["made", "revoked"]


@pytest.mark.parametrize("change", ["UPDATE history SET actor = 'bob'", "DELETE FROM history", "UPDATE history SET at = ''"])
def test_the_record_is_only_added_to(change: str, file: Path, keys: Keys) -> None:
    keys.add(OWNER)
    with sqlite3.connect(file) as store, pytest.raises(sqlite3.IntegrityError, match="history is kept"):
        store.execute(change)
    assert [entry.by for entry in keys.history()] == [ANN]


def test_no_secret_is_in_the_file(file: Path, keys: Keys) -> None:
    first = keys.add(OWNER, "a note")
    second = keys.rotate(first[4:16], DAY)
    content = file.read_bytes()
    assert b"a note" in content  # the control
    assert sha256(first[17:].encode()).digest() in content
    assert not [key for key in (first, second) if key[17:].encode() in content]


@pytest.fixture
def first_file(file: Path) -> tuple[Path, str]:
    """A file of the first version with a good and a revoked key, and the good one."""
    key = "olk_" + "0a" * 6 + "_" + "s" * 43
    with sqlite3.connect(file) as store:
        store.execute(FIRST_TABLE)
        rows = [("0a" * 6, sha256(b"s" * 43).digest()), ("0b" * 6, sha256(b"r" * 43).digest())]
        for id_, hash_ in rows:
            store.execute(FIRST_INSERT, (id_, hash_, "t1", "sim:old", "of before", "2026-02-01T08:00:00+00:00"))
        store.execute("UPDATE keys SET revoked = '2026-02-02T08:00:00+00:00' WHERE id = ?", ("0b" * 6,))
    store.close()
    return file, key


def test_a_file_of_the_first_version_opens_and_goes_on(first_file: tuple[Path, str], clock: FixedClock) -> None:
    file, key = first_file
    keys = Keys(file, clock, ANN)
    assert keys.who(key) == Sender("0a" * 6, Owner("t1", "sim:old"), Rate())
    assert why(keys, "olk_" + "0b" * 6 + "_" + "r" * 43) == "revoked"
    assert [(each.id, each.terms, each.note, each.rotated) for each in keys.all()] == [
        (id_, Terms(), "of before", None) for id_ in ("0a" * 6, "0b" * 6)
    ]
    assert keys.history() == []
    new = keys.rotate("0a" * 6)
    assert (why(keys, key), why(keys, new)) == ("the secret before it was rotated", "")
    keys.change("0a" * 6, Change(rate=3))
    keys.add(OWNER)
    assert [entry.what for entry in keys.history()] == ["rotated", "changed", "made"]


def test_a_program_of_the_first_version_still_reads_and_adds(first_file: tuple[Path, str], clock: FixedClock) -> None:
    file, _ = first_file
    keys = Keys(file, clock)
    with sqlite3.connect(file) as store:
        store.execute(FIRST_TABLE)
        assert store.execute(FIRST_SELECT, ("0a" * 6,)).fetchall() == [(sha256(b"s" * 43).digest(), "t1", "sim:old", "")]
        store.execute(FIRST_INSERT, ("0c" * 6, sha256(b"c" * 43).digest(), "t1", "sim:old", "", "2026-02-01T08:00:00+00:00"))
    store.close()
    assert why(keys, "olk_" + "0c" * 6 + "_" + "c" * 43) == ""


def test_a_file_of_the_first_version_is_opened_by_many_at_once(first_file: tuple[Path, str], clock: FixedClock) -> None:
    file, key = first_file
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Keys(file, clock), range(8)))
    assert [why(keys, key) for keys in opened] == [""] * 8
    with sqlite3.connect(file) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(keys)")]
    assert len(columns) == len(set(columns)) == 14


def test_a_good_file_is_opened_without_writing(file: Path, keys: Keys, clock: FixedClock) -> None:
    keys.add(OWNER)
    with sqlite3.connect(file, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert len(Keys(file, clock).all()) == 1, "nobody waits for who writes"
        writer.execute("ROLLBACK")


def test_who_does_it_is_told_by_the_system_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "nobody-in-particular")
    found = actor_of("ann")
    assert (found.name, found.account != "nobody-in-particular", bool(found.host)) == ("ann", True, True)
    assert str(found) == f"ann ({found.account}@{found.host})"
    for name in ("a\nb", "a\x1b[2J", "x" * 300):
        with pytest.raises(UserError, match="--actor"):
            actor_of(name)
