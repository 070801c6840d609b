"""The commands for keys as an administrator meets them: made, changed, given a new secret, revoked, and all of it on record."""

from __future__ import annotations

import re

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.serve.keys import FILE, Denied, Keys, Sender
from opsledger.infra.serve.rates import Rate
from opsledger.ingest.http.judging import Owner
from tests.e2e.conftest import Cli
from tests.http_server import Client, running
from tests.ledger_samples import line
from tests.naive_http import until

BOUND = ("--tenant", "t1", "--source", "sim:test")
AT = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"


def keys(cli: Cli, *words: str) -> str:
    return cli.ok("keys", *words)


def who(cli: Cli, key: str) -> Sender | Denied:
    return Keys(cli.data / FILE, SystemClock()).who(key.strip())


def test_a_key_with_all_that_it_can_be_bound_to(cli: Cli) -> None:
    terms = ("--expires", "90d", "--rate", "50", "--burst", "400", "--may-correct-others", "--note", "the desk")
    key = keys(cli, "add", *BOUND, *terms).strip()
    assert who(cli, key) == Sender(key[4:16], Owner("t1", "sim:test", corrects_others=True), Rate(50, 400))
    listed = keys(cli, "list")
    assert re.fullmatch(
        rf"{key[4:16]}  t1  sim:test  {AT}  rate 50/s, 400 at once  may correct others  good until {AT}  the desk\n", listed
    )
    changed = keys(cli, "change", key[4:16], "--expires", "never", "--rate", "0", "--may-not-correct-others")
    assert re.fullmatch(rf"{key[4:16]}  t1  sim:test  {AT}  good  the desk\n", changed)
    assert who(cli, key) == Sender(key[4:16], Owner("t1", "sim:test"), Rate())


def test_a_date_is_its_midnight_in_the_zone(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSLEDGER_ZONE", "Asia/Shanghai")
    said = cli("keys", "add", *BOUND, "--expires", "2099-01-31")
    assert (said.code, "it is good until 2099-01-30 16:00:00 UTC" in said.err) == (0, True)


def test_a_new_secret_and_what_the_old_one_is_still_good_for(cli: Cli) -> None:
    first = keys(cli, "add", *BOUND).strip()
    second = keys(cli, "rotate", first[4:16], "--overlap", "12h").strip()
    assert [isinstance(who(cli, key), Sender) for key in (first, second)] == [True, True]
    assert re.search(rf"rotated {AT}  old secret until {AT}  good", keys(cli, "list"))
    third = keys(cli, "rotate", first[4:16]).strip()
    assert [isinstance(who(cli, key), Sender) for key in (first, second, third)] == [False, False, True]
    assert "old secret until" not in keys(cli, "list")


def test_the_record_says_what_was_done_by_whom_and_which_keys_were_refused(cli: Cli) -> None:
    key = keys(cli, "add", *BOUND, "--actor", "ann").strip()
    other = keys(cli, "add", *BOUND).strip()
    with running(cli.data) as process:
        assert Client(process.url, key).post(line("a")).status == 200
        new = keys(cli, "rotate", key[4:16], "--actor", "ann").strip()
        assert Client(process.url, key).post(line("b")).status == 401
        keys(cli, "revoke", key[4:16], "--actor", "宽带 bob")
        assert Client(process.url, new).post(line("b")).status == 401
    told = cli("keys", "history")
    place, bound = r"\(\S+@\S+\)", "tenant t1, source sim:test, expires never, rate none, may not correct others"
    wanted = [
        rf"{AT}  made  {key[4:16]}  by ann {place}  {bound}",
        rf"{AT}  made  {other[4:16]}  by \S+@\S+  tenant t1, .*",
        rf"{AT}  rotated  {key[4:16]}  by ann {place}  old secret ended",
        rf"{AT}  refused  {key[4:16]}  from 127.0.0.1  the secret before it was rotated",
        rf"{AT}  revoked  {key[4:16]}  by 宽带 bob {place}",
        rf"{AT}  refused  {key[4:16]}  from 127.0.0.1  revoked",
    ]
    lines = told.out.splitlines()
    assert [bool(re.fullmatch(*each)) for each in zip(wanted, lines, strict=True)] == [True] * 6, told.out
    assert told.err == "6 of 6 lines\n"
    assert len(keys(cli, "history", "--no-refused").splitlines()) == 4
    assert len(keys(cli, "history", "--key", other[4:16]).splitlines()) == 1
    assert keys(cli, "history", "--last", "1").splitlines() == lines[-1:]
    assert not [each for each in (key, other, new) if each[17:] in told.out + told.err]


def test_a_name_makes_no_line_of_its_own(cli: Cli) -> None:
    keys(cli, "add", "--tenant", "t\n2026-01-01 00:00:00  made  x", "--source", "s\x1b[2J", "--note", "a\rb")
    for words in (("list",), ("history",)):
        (told,) = keys(cli, *words).rstrip("\n").split("\n")
        assert "t\ufffd2026-01-01 00:00:00  made  x" in told
        assert told.isprintable()


def test_an_expired_key_is_listed_as_such_and_counted_as_no_good_one(cli: Cli) -> None:
    keys(cli, "add", *BOUND, "--expires", "1s")
    until(lambda: "  expired 20" in keys(cli, "list"))
    assert cli("keys", "list").err == "1 keys, 0 good\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", *BOUND, "--expires", "2020-01-31"), "'2020-01-31' has passed already: it is 20"),
        (("add", *BOUND, "--expires", "soon"), "'soon' is not a moment; write it like"),
        (("add", *BOUND, "--expires", "9999999w"), "beyond the calendar"),
        (("add", *BOUND, "--rate", "-1"), "--rate"),
        (("add", *BOUND, "--actor", "a\nb"), "--actor has to be"),
        (("rotate", "KEY", "--overlap", "-1h"), "'-1h' is not a duration; write it like 90s, 30m, 12h, 90d or 2w"),
        (("rotate", "KEY", "--overlap", "9999999w"), "beyond the calendar"),
        (("rotate", "nothing"), "there is no key 'nothing'; 'opsledger keys list' shows them"),
        (("change", "KEY"), "say what is to be otherwise: --expires, --rate"),
        (("change", "nothing", "--rate", "1"), "there is no key 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(words: tuple[str, ...], told: str, cli: Cli) -> None:
    id_ = keys(cli, "add", *BOUND)[4:16]
    before = keys(cli, "list"), keys(cli, "history")
    said = cli("keys", *(id_ if word == "KEY" else word for word in words))
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert (keys(cli, "list"), keys(cli, "history")) == before
