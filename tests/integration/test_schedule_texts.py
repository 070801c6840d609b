"""A text that cannot stand in a mail's head is refused when the schedules are read: by its line, before anything is made."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_USAGE, UserError
from opsledger.infra import mail
from opsledger.infra.cli.main import run
from opsledger.infra.mail import Server, message_id_of, message_of, send
from opsledger.infra.schedules import read_schedules
from tests.new_ledger import new_ledger

GOOD = """schedules: 1
about: |
  Two lines
  are good here.
mail:
  host: localhost
  from: reports@x.example
  tls: none
runs:
  - name: day
    tenant: t1
    reports: [traffic]
    span: day
    when: daily at 07:30
    to:
      mail: {recipients: [boss@x.example], subject: hello}
"""
TO = "16: runs.0.to.mail"
NOT_ASCII = "\u5f20@x.example"
BAD = [
    ("hello", r'"hi\r\nBcc: all@x.example"', f"{TO}.subject: holds a line break (U+000D)"),
    ("hello", r'"hi\nBcc: all@x.example"', f"{TO}.subject: holds a line break (U+000A)"),
    ("hello", r'"hi\u2028x"', f"{TO}.subject: holds a line break (U+2028)"),
    ("hello", r'"hi\x85x"', f"{TO}.subject: holds a line break (U+0085)"),
    ("hello", r'"hi\0"', f"{TO}.subject: holds a character that cannot be seen (U+0000)"),
    ("hello", r'"hi\e[31m"', f"{TO}.subject: holds a character that cannot be seen (U+001B)"),
    ("hello", r'"hi\ud800"', f"{TO}.subject: holds a character that cannot be seen (U+D800)"),
    ("hello", '"=?utf-8?q?x=0aBcc:_all=40x.example?="', f"{TO}.subject: holds a coded word"),
    ("boss@x.example", r'"boss@x.example\nBcc: all@x.example"', f"{TO}.recipients.0: holds a line break"),
    ("boss@x.example", '"=?utf-8?q?x=0aBcc:y?=@x.example"', f"{TO}.recipients.0: holds a coded word"),
    ("boss@x.example", f"'{NOT_ASCII}'", f"{TO}.recipients.0: '{NOT_ASCII}' is not a mail address"),
    ("boss@x.example", "'a@[1.2.3'", f"{TO}.recipients.0: 'a@[1.2.3' is not a mail address"),
    ("boss@x.example", "'(x@x.example'", f"{TO}.recipients.0: '(x@x.example' is not a mail address"),
    ("reports@x.example", r'"reports@x.example\r\nX: y"', "7: mail.from: holds a line break"),
    ("reports@x.example", NOT_ASCII, f"7: mail.from: '{NOT_ASCII}' is not a mail address"),
    ("localhost", r'"local\nhost"', "6: mail.host: holds a line break"),
    ("t1", r'"t1\nBcc: all@x.example"', "11: runs.0.tenant: holds a line break"),
    ("name: day", r'name: "day\n"', "10: runs.0.name: holds a line break"),
    ("daily at 07:30", r'"daily at 07:30\n"', "14: runs.0.when: holds a line break"),
    ("mail: {recipients: [boss@x.example], subject: hello}", r'folder: "out/x\n"', "16: runs.0.to.folder: holds a line break"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_it_is_told_with_line_and_words(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "s.yaml"
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError) as told:
        read_schedules(path)
    assert f"s.yaml:{message}" in str(told.value)
    assert told.value.exit_code == EXIT_USAGE


def test_a_good_file_is_read_and_its_own_words_may_have_lines(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD.replace("hello", "'日报 – {tenant} 📊 été'"), encoding="utf-8")
    assert read_schedules(path).runs[0].mail is not None


@pytest.mark.parametrize("old", ["hello", "t1"])
def test_the_commands_say_so_and_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str) -> None:
    """Also for a file that was in force before it was made wrong: never as a defect of the program."""
    data, path = new_ledger(tmp_path / "data"), tmp_path / "s.yaml"
    path.write_text(GOOD)
    assert run(["--data", str(data), "report", "schedule", str(path), "--now", "2026-01-06T12:00"]) == 0
    path.write_text(GOOD.replace(old, r'"hi\r\nBcc: all@x.example"'))
    for command in (["report", "schedule", str(path), "--check"], ["run-due", "--now", "2026-01-07T08:00"]):
        capsys.readouterr()
        assert run(["--data", str(data), *command]) == EXIT_USAGE
        said = capsys.readouterr().err
        assert "s.yaml:1" in said
        assert "holds a line break" in said
        assert "defect" not in said


def _heads(subject: str, sender: str = "a@x.example") -> list[str]:
    made = message_of(sender, ["b@x.example"], subject, "text", datetime(2026, 1, 1, tzinfo=UTC), message_id_of(sender), [])
    return message_from_bytes(made.as_bytes()).keys()


@pytest.mark.parametrize("subject", ["x\nBcc: y@x.example", "=?utf-8?q?x=0aBcc:_y=40x.example?="])
def test_no_mail_is_made_with_a_head_of_somebody_elses(subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever let it through; negative control: the library by itself reads the coded word and begins a head ``Bcc``."""
    with pytest.raises(UserError, match="no mail is made"):
        _heads(subject)
    assert "Bcc" not in _heads("x Bcc: y@x.example")
    if "=?" in subject:
        monkeypatch.setattr(mail, "unfit", lambda _text: "")
        assert "Bcc" in _heads(subject)


def test_a_server_whose_name_cannot_be_is_told() -> None:
    name = "x" * 70 + ".example"  # longer than a part of a name may be: the library says so with an error of texts
    message = message_of("a@x.example", ["b@x.example"], "s", "t", datetime(2026, 1, 1, tzinfo=UTC), "<1@x.example>", [])
    with pytest.raises(UserError, match=f"mail server {name}"):
        send(Server(name, 25, "a@x.example", "none"), message, ["b@x.example"])
