"""Keys: bound, shown once, kept as a hash, worthless the moment that they are revoked, and in nobody's log."""

from __future__ import annotations

import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from opsledger.domain.clock import FixedClock
from opsledger.domain.errors import UserError
from opsledger.infra.cli.main import cli, run
from opsledger.infra.serve import app
from opsledger.infra.serve.keys import Denied, Keys, Sender
from opsledger.infra.serve.rates import Rate
from opsledger.ingest.http.judging import Owner
from tests.http_server import STRUCTURED, Client, Service, running, service
from tests.ledger_samples import NOW, line
from tests.naive_http import accept_all


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.sqlite", FixedClock(NOW))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(accept_all, tmp_path, FixedClock(NOW)) as running_:
        yield running_


def test_a_key_is_of_its_tenant_and_source(keys: Keys) -> None:
    owner = Owner("宽带", "asterisk:pbx1")
    key = keys.add(owner, "the switch")
    assert re.fullmatch(r"olk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", key)
    assert keys.who(key) == Sender(key[4:16], owner, Rate())
    (known,) = keys.all()
    assert (known.id, known.owner, known.note, known.created, known.revoked) == (key[4:16], owner, "the switch", NOW, None)


def test_only_the_whole_right_key_is_good(keys: Keys) -> None:
    one, other = keys.add(Owner("a", "s")), keys.add(Owner("b", "s"))
    wrong = [
        "",
        "olk_",
        one[:-1],
        one + "x",
        one[:-1] + ("A" if one[-1] != "A" else "B"),
        one[:17] + other[17:],  # another key's secret
        one.upper(),
        "olk_" + "0" * 12 + one[16:],
        one.replace("olk", "olx"),
        one + "\n",
        "olk_' OR 1=1 --_" + one[17:],
    ]
    assert [type(keys.who(each)) for each in wrong] == [Denied] * len(wrong)
    assert keys.who(one) == Sender(one[4:16], Owner("a", "s"), Rate())


def test_only_a_hash_is_kept_in_a_file_for_this_user_alone(keys: Keys, tmp_path: Path) -> None:
    key = keys.add(Owner("a", "s"))
    file = tmp_path / "keys.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    assert key[4:16].encode() in content
    assert key[17:].encode() not in content
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "keys.sqlite"
    file.touch(0o644)
    Keys(file, FixedClock(NOW))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_revoked_key_is_refused_by_a_server_that_runs(served: Service, tmp_path: Path) -> None:
    client = served.client
    assert client.post(line("a")).status == 200
    Keys(tmp_path / "keys.sqlite", FixedClock(NOW)).revoke(client.key[4:16])  # as another process does
    assert client.post(line("b")).status == 401


@pytest.mark.parametrize(("at_once_s", "status"), [(0.1, b"401"), (60.0, b"200")], ids=["asked again", "not asked again"])
def test_a_key_that_ends_while_the_body_comes_is_refused(
    served: Service, at_once_s: float, status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: a server that does not ask again takes it."""
    monkeypatch.setattr(app, "_AT_ONCE_S", at_once_s)
    body, key = line("slow"), served.client.key
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: {STRUCTURED}\r\nAuthorization: Bearer {key}\r\n"
    with closing(socket.create_connection(("127.0.0.1", served.server.port), timeout=30)) as client:
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
        time.sleep(0.3)
        served.keys.revoke(key.split("_")[1])
        client.sendall(body[10:])
        assert client.recv(65_536).startswith(b"HTTP/1.1 " + status)


def test_the_refusal_is_the_revocation(served: Service) -> None:
    """Negative control: a key that nobody revoked goes on."""
    served.keys.revoke(served.keys.add(Owner("t1", "s"))[4:16])
    assert served.client.post(line("a")).status == 200


@pytest.mark.parametrize("said", ["", "Basic abc", "Bearer", "Bearer olk_x", "bearer  ", "olk_x"])
def test_without_a_good_key_nothing_is_read(said: str, served: Service) -> None:
    told = served.client.post(b"{", key="", Authorization=said) if said else Client(served.client.url, "").post(b"{")
    assert (told.status, told.headers["WWW-Authenticate"]) == (401, 'Bearer realm="opsledger"')
    assert served.committer.groups == 0


def test_a_key_is_revoked_once_and_has_to_be_there(keys: Keys) -> None:
    id_ = keys.add(Owner("a", "s"))[4:16]
    keys.revoke(id_)
    with pytest.raises(UserError, match="revoked at 2026-03-01T12:00:00"):
        keys.revoke(id_)
    with pytest.raises(UserError, match="no key"):
        keys.revoke("x")


def test_a_name_that_no_event_could_have_is_refused(keys: Keys) -> None:
    with pytest.raises(UserError, match="--tenant"):
        keys.add(Owner("", "s"))
    with pytest.raises(UserError, match="--source"):
        keys.add(Owner("t", "s" * 257))


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys.sqlite").write_text("not a database, and longer than a header " * 20)
    with pytest.raises(UserError, match="cannot be used"):
        Keys(tmp_path / "keys.sqlite", FixedClock(NOW))


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "data")]

    def said(*arguments: str) -> str:
        assert run([*data, "keys", *arguments]) == 0
        return capsys.readouterr().out

    key = said("add", "--tenant", "t1", "--source", "sim:test", "--note", "desk").strip()
    listed = said("list")
    assert key[4:16] in listed
    assert "t1  sim:test" in listed
    assert listed.rstrip().endswith("good  desk")
    assert key[17:] not in listed
    said("revoke", key[4:16])
    assert "revoked 20" in said("list")
    assert run([*data, "keys", "revoke", "nothing"]) == 2
    assert CliRunner().invoke(cli, ["keys", "add"]).exit_code == 2


def test_a_key_is_in_nothing_that_a_server_says(tmp_path: Path) -> None:
    data = tmp_path / "data"
    keys = Keys(_made(data), FixedClock(NOW))
    key = keys.add(Owner("t1", "sim:test"))
    with running(data) as process:
        client = Client(process.url, key)
        told = [
            client.post(line("a")),
            client.post(line("b", tenant="t2")),
            client.post(b"{"),
            client.post(line("c"), key=key + "x"),
            client.post(line("c"), key=key[:-3] + "xyz"),
            client.get(f"/{key}"),
            client.get("/metrics"),
            client.get(f"/healthz?key={key}"),
        ]
        assert [each.status for each in told] == [200, 422, 400, 401, 401, 404, 200, 200]
        process.stop()
        assert process.process.returncode == 0
    secret = key[17:-3]
    assert process.said[-1] == "stopped; read 3 = accepted 1 + duplicate 0 + dead 2\n"
    assert [text for text in [*process.said, key] if secret in text] == [key]
    assert not [each for each in told if secret.encode() in each.data]


def _made(data: Path) -> Path:
    from opsledger.infra.data_directory import Folder

    Folder(data).made()
    return data / "keys.sqlite"
