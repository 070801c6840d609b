"""Mail against a real server: what surely was not sent, what was, and what nobody can know are told apart."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.infra.mail import Server, UnsureError, message_id_of, message_of, send
from tests.certificates import self_signed
from tests.mail_server import PASSWORD, USER, Box, running

AT = datetime(2026, 1, 6, tzinfo=UTC)
TO = ("a@x.example", "b@x.example")
FILE = ("话务_2026-01-05.csv", "时段,数量\r\n.\r\n..x\r\n".encode())
"""Its lines with leading dots would end a mail that is not escaped."""


def _message(recipients: tuple[str, ...] = TO) -> EmailMessage:
    id_ = message_id_of("r@y.example", "daily", "t1", AT.isoformat())
    return message_of("r@y.example", recipients, "t1 2026-01-05 话务", "two files\n.\n", AT, id_, [FILE])


def _server(box: Box, **more: object) -> Server:
    return Server("localhost", box.port, "r@y.example", **({"tls": "none"} | more))  # type: ignore[arg-type]  # a test's own


def test_a_mail_arrives_whole_with_its_attachment() -> None:
    with running(Box()) as box:
        assert send(_server(box), _message(), TO).refused == {}
    (mail,), (recipients,) = box.messages, box.recipients
    (attached,) = mail.iter_attachments()
    assert recipients == list(TO)
    assert (attached.get_filename(), attached.get_payload(decode=True)) == FILE
    body = mail.get_body()
    assert body is not None
    assert body.get_content() == "two files\r\n.\r\n" or body.get_content() == "two files\n.\n"
    assert mail["Subject"] == "t1 2026-01-05 话务"


def test_the_message_id_is_that_of_the_run() -> None:
    one, other = (message_id_of("r@y.example", "daily", "t1", due) for due in ("2026-01-05", "2026-01-06"))
    assert one == message_id_of("r@y.example", "daily", "t1", "2026-01-05") != other
    assert one.endswith("@y.example>")


def test_starttls_and_a_login_are_used(tmp_path: Path) -> None:
    certified = self_signed(tmp_path)
    with running(Box(), certified) as box:
        send(_server(box, tls="starttls", user=USER, password=PASSWORD, ca_file=certified[0]), _message(), TO)
    assert box.encrypted == [True]


def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path) -> None:
    certified = self_signed(tmp_path)
    with running(Box(), certified) as box, pytest.raises(UserError, match="refuses the login of 'reports'") as error:
        send(_server(box, tls="starttls", user=USER, password="geheim", ca_file=certified[0]), _message(), TO)
    assert box.messages == []
    assert "geheim" not in str(error.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with running(Box(), self_signed(tmp_path)) as box, pytest.raises(UserError, match="certificate verify failed"):
        send(_server(box, tls="starttls", user=USER, password=PASSWORD), _message(), TO)
    assert box.messages == []


def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for() -> None:
    with running(Box()) as box, pytest.raises(UserError, match="STARTTLS"):
        send(_server(box, tls="starttls"), _message(), TO)
    assert box.messages == []


def test_one_refused_recipient_is_told_and_the_other_has_the_mail() -> None:
    with running(Box(refused=("b@x.example",))) as box:
        delivery = send(_server(box), _message(), TO)
    assert delivery.refused == {"b@x.example": "550 no such person"}
    assert box.recipients == [["a@x.example"]]


def test_where_every_recipient_is_refused_nothing_is_sent() -> None:
    with running(Box(refused=TO)) as box, pytest.raises(UserError, match=r"refuses every recipient: a@x\.example \(550"):
        send(_server(box), _message(), TO)
    assert box.messages == []


def test_content_that_is_refused_was_surely_not_sent() -> None:
    with running(Box(answer="554 looks like spam")) as box, pytest.raises(UserError, match="554 looks like spam"):
        send(_server(box), _message(), TO)


def test_a_server_that_is_down_is_told_with_its_address() -> None:
    with running(Box()) as box:
        pass
    with pytest.raises(UserError, match=f"mail server localhost:{box.port}"):
        send(_server(box), _message(), TO)


def test_a_line_that_breaks_after_the_content_leaves_it_unsure() -> None:
    with running(Box(breaks_off=True)) as box, pytest.raises(UnsureError):
        send(_server(box), _message(), TO)
    assert len(box.messages) == 1, "it was taken: whoever sent it again would send it twice"
