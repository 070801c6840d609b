"""Keys that were refused are on record: which, why, from where; nobody fills the disk with it, and no secret is in it."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opsledger.domain.clock import FixedClock
from opsledger.infra.serve.keys import Denied
from opsledger.infra.serve.refusals import FILE, LINES, Refusals, refused
from tests.http_server import Client, Service, running, service
from tests.ledger_samples import NOW, line
from tests.naive_http import accept_all
from tests.unit.test_rates import Hand

ID = "0a" * 6
WRONG = Denied(ID, "wrong secret")


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def refusals(tmp_path: Path, hand: Hand) -> Refusals:
    return Refusals(tmp_path, FixedClock(NOW), now=hand)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(accept_all, tmp_path, FixedClock(NOW)) as running_:
        yield running_


def test_what_is_refused_is_told_with_its_reason_and_place(served: Service, tmp_path: Path) -> None:
    client, gone = served.client, served.keys.add(served.keys.all()[0].owner)
    served.keys.revoke(gone[4:16])
    sent = ["", "sesame open", gone, client.key[:-3] + "xyz"]
    for key in sent:
        assert Client(client.url, key).post(line("a")).status == 401
    assert client.post(line("a")).status == 200  # the control: it has no line
    assert [(each.at, each.id, each.why, each.remote, each.more) for each in refused(tmp_path)] == [
        (NOW, "", "no key", "127.0.0.1", 0),
        (NOW, "", "not a key", "127.0.0.1", 0),
        (NOW, gone[4:16], "revoked", "127.0.0.1", 0),
        (NOW, client.key[4:16], "wrong secret", "127.0.0.1", 0),
    ]
    content = (tmp_path / FILE).read_text()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert not [key for key in (client.key, gone) if key[17:-3] in content]
    assert "sesame" not in content


def test_of_many_only_some_have_a_line_and_the_others_are_counted(refusals: Refusals, hand: Hand, tmp_path: Path) -> None:
    for _ in range(10_000):
        refusals.write(WRONG, "10.0.0.1")
    assert [each.more for each in refused(tmp_path)] == [0] * LINES.at_once
    hand.at += 1
    refusals.write(WRONG, "10.0.0.1")
    assert [each.more for each in refused(tmp_path)][LINES.at_once :] == [10_000 - LINES.at_once]
    for _ in range(7):
        refusals.write(WRONG, "10.0.0.1")
    refusals.close()
    told = list(refused(tmp_path))
    assert (told[-1].why, sum(each.more for each in told) + len(told) - 1) == ("", 10_008)


def test_each_would_have_a_line_if_they_came_slowly(refusals: Refusals, hand: Hand, tmp_path: Path) -> None:
    """Negative control."""
    for _ in range(100):
        hand.at += 1
        refusals.write(WRONG, "10.0.0.1")
    assert [each.more for each in refused(tmp_path)] == [0] * 100


def test_the_files_turn_over(tmp_path: Path, hand: Hand) -> None:
    refusals = Refusals(tmp_path, FixedClock(NOW), now=hand, file_bytes=2_000)
    for number in range(500):
        hand.at += 1
        refusals.write(Denied(f"{number:012x}", "no such key"), "10.0.0.1")
        assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 4_500
    assert (tmp_path / "keys-refused.1.jsonl").is_file()
    told = [int(each.id, 16) for each in refused(tmp_path)]
    assert told == list(range(500 - len(told), 500))
    assert len(told) > 10


def test_several_servers_write_to_the_same_files(tmp_path: Path) -> None:
    hands = [Hand() for _ in range(4)]
    writers = [Refusals(tmp_path, FixedClock(NOW), now=hand, file_bytes=20_000) for hand in hands]

    def write(number: int) -> None:
        for at in range(50):
            hands[number].at += 1
            writers[number].write(Denied(f"{number:06x}{at:06x}", "no such key"), "::1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    for writer in writers:
        writer.close()
    told = list(refused(tmp_path))
    lines = [row for file in tmp_path.iterdir() for row in file.read_text().splitlines()]
    assert len(told) == len([json.loads(row) for row in lines])
    last = sum(each.why == "" for each in told)
    assert sum(each.more for each in told) + len(told) - last == 200


@pytest.mark.parametrize("spoilt", [b'{"at":"2026-03-01T12:00:00+00:00","id":"x', b"[1]\n", b"\xff\n", b'{"at":1}\n'])
def test_a_line_that_is_none_is_passed_over(spoilt: bytes, refusals: Refusals, tmp_path: Path) -> None:
    refusals.write(WRONG, "10.0.0.1")
    with (tmp_path / FILE).open("ab") as file:
        file.write(spoilt)
    refusals.write(WRONG, "10.0.0.2")
    assert [each.remote for each in refused(tmp_path)] == ["10.0.0.1", "10.0.0.2"]


def test_a_place_that_cannot_be_written_to_stops_nobody(tmp_path: Path, hand: Hand) -> None:
    refusals = Refusals(tmp_path / "away", FixedClock(NOW), now=hand)
    refusals.write(WRONG, "10.0.0.1")
    (tmp_path / "away").mkdir()
    hand.at += 1
    refusals.write(WRONG, "10.0.0.1")
    assert [each.more for each in refused(tmp_path / "away")] == [1]


def test_a_link_is_not_followed(refusals: Refusals, tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    refusals.write(WRONG, "10.0.0.1")
    assert not (tmp_path / "elsewhere").exists()


def test_a_flood_of_wrong_keys_at_a_server_is_told_in_few_lines(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        client = Client(process.url, f"olk_{ID}_" + "x" * 43)
        assert {client.post(line("a")).status for _ in range(200)} == {401}
        assert process.stop() == 0
    told = list(refused(tmp_path / "data"))
    assert sum(each.more for each in told) + sum(each.why != "" for each in told) == 200
    assert {each.why for each in told} <= {"no such key", ""}
