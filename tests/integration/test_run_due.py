"""What is due runs once: missed runs are made up for, failed ones tried again, none sent twice, and none stops another."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsledger.infra.cli.main import run
from opsledger.infra.schedule_journal import AtWorkError, Journal, alone
from opsledger.ingest.simulator import Options, write
from tests.certificates import self_signed
from tests.mail_server import PASSWORD, USER, Box, running

pytestmark = pytest.mark.usefixtures("kept")
DUE = "2026-01-06T23:30Z"
"""07:30 of 7 January in Shanghai."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("due")
    with (folder / "events.jsonl").open("wb") as file:
        write(Options(days=6, calls_per_day=20), file)
    assert run(["--data", str(folder / "data"), "ingest", str(folder / "events.jsonl"), "--quiet", "--backfill"]) == 0
    return folder


@pytest.fixture
def home(filled: Path) -> Path:
    """The folder with the ledger, and nothing scheduled."""
    for path in (*(filled / "data").glob("schedules*"), filled / "s.yaml"):
        path.unlink(missing_ok=True)
    for name in ("out", "blocked"):
        shutil.rmtree(filled / name, ignore_errors=True)
    return filled


def _file(home: Path, *runs: str, mail: str = "") -> Path:
    path = home / "s.yaml"
    path.write_text(f"schedules: 1\n{mail}runs:\n" + "".join(runs), encoding="utf-8")
    return path


def _one(name: str, to: str = "{folder: 'out/{name}/{period}'}", reports: str = "[traffic]", more: str = "") -> str:
    lines = [f"- name: {name}", "  tenant: demo", f"  reports: {reports}", "  span: day", "  when: daily at 07:30"]
    lines += ["  formats: [csv]"]
    return "\n".join([*lines, f"  to: {to}", more, ""])


def _do(home: Path, *arguments: str) -> int:
    return run(["--data", str(home / "data"), *arguments])


def _in_force(home: Path, *runs: str, mail: str = "", now: str = "2026-01-06T12:00") -> None:
    assert _do(home, "report", "schedule", str(_file(home, *runs, mail=mail)), "--now", now) == 0


def _files(home: Path) -> list[str]:
    return sorted(p.relative_to(home / "out").as_posix() for p in (home / "out").rglob("*") if p.is_file())


def _mail(box: Box, tls: str = "none", more: str = "") -> str:
    return f"mail: {{host: localhost, port: {box.port}, tls: {tls}, from: r@y.example{more}}}\n"


TO_TWO = "{mail: {recipients: [a@x.example, b@x.example], subject: '{tenant} {period}'}}"


def test_a_due_report_is_made_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _in_force(home, _one("day"))
    assert _do(home, "run-due", "--now", "2026-01-07T07:29") == 0
    assert not (home / "out").exists()
    assert _do(home, "run-due", "--now", "2026-01-07T07:30") == 0
    assert f"day@{DUE} (2026-01-06): 2 files in" in capsys.readouterr().out
    assert _files(home) == ["day/2026-01-06/en/traffic_2026-01-06.csv", "day/2026-01-06/index.html"]
    stamp = (home / "out/day/2026-01-06/index.html").stat().st_mtime_ns
    assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 0
    assert capsys.readouterr().out == ""
    assert (home / "out/day/2026-01-06/index.html").stat().st_mtime_ns == stamp


def test_the_reports_are_those_of_the_command_line(home: Path) -> None:
    _in_force(home, _one("day", more="  parameters: {interval: day, threshold: '30'}"))
    assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 0
    made = (home / "out/day/2026-01-06/en/traffic_2026-01-06.csv").read_text("utf-8")
    asked = ["traffic", "--day", "2026-01-06", "--interval", "day", "--threshold", "30", "--format", "csv"]
    assert _do(home, "report", "run", *asked, "--tenant", "demo", "--out", str(home / "x.csv")) == 0
    rows = [[line for line in text.splitlines() if "sales" in line] for text in (made, (home / "x.csv").read_text("utf-8"))]
    assert rows[0] == rows[1]


def test_missed_runs_are_made_up_for_and_older_ones_are_skipped(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _in_force(home, _one("day", more="  catch_up: 2"), now="2026-01-02T12:00")
    capsys.readouterr()
    assert _do(home, "run-due", "--dry-run", "--now", "2026-01-07T08:00") == 0
    assert capsys.readouterr().out.splitlines() == [
        "day@2026-01-05T23:30Z: due, for 2026-01-05",
        f"day@{DUE}: due, for 2026-01-06",
    ]
    assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 0
    assert sorted(p.name for p in (home / "out/day").iterdir()) == ["2026-01-05", "2026-01-06"]
    journal = Journal(home / "data")
    skipped = journal.run("day", datetime(2026, 1, 3, 23, 30, tzinfo=UTC))
    journal.close()
    assert skipped is not None
    assert skipped.state == "skipped"


def test_what_was_due_before_a_schedule_was_first_seen_is_not_made_up_for(home: Path) -> None:
    path = _file(home, _one("day"))
    assert _do(home, "run-due", "--schedule", str(path), "--now", "2026-01-07T08:00") == 0
    assert not (home / "out").exists()
    assert _do(home, "run-due", "--schedule", str(path), "--now", "2026-01-08T08:00") == 0
    assert [p.name for p in (home / "out/day").iterdir()] == ["2026-01-07"]


def test_an_error_of_one_schedule_stops_no_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "blocked").write_text("a file, no folder")
    _in_force(home, _one("bad", "{folder: blocked/x}"), _one("good"))
    assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 3
    told = capsys.readouterr()
    assert f"bad@{DUE} (2026-01-06):" in told.err
    assert "the next run-due tries again" in told.err
    assert f"good@{DUE}" in told.out
    (home / "blocked").unlink()
    assert _do(home, "run-due", "--now", "2026-01-07T08:05") == 0
    assert (home / "blocked/x/index.html").exists()


def test_a_mail_goes_out_once_with_the_index_and_flat_names(home: Path) -> None:
    with running(Box()) as box:
        _in_force(home, _one("day", TO_TWO, more="  langs: [en, zh]"), mail=_mail(box))
        for minute in ("08:00", "08:05"):
            assert _do(home, "run-due", "--now", f"2026-01-07T{minute}") == 0
    (mail,) = box.messages
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["index.html", "traffic_2026-01-06.en.csv", "traffic_2026-01-06.zh.csv"]
    index = next(iter(mail.iter_attachments())).get_content()
    assert 'href="traffic_2026-01-06.zh.csv"' in index
    assert mail["Subject"] == "demo 2026-01-06"


def test_a_server_that_was_down_is_made_up_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(Box()) as box:
        pass
    _in_force(home, _one("day", TO_TWO), mail=_mail(box))
    assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 3
    assert f"mail server localhost:{box.port}" in capsys.readouterr().err
    with running(box):
        assert _do(home, "run-due", "--now", "2026-01-08T08:00") == 0
    assert [m["Subject"] for m in box.messages] == ["demo 2026-01-06", "demo 2026-01-07"]


def test_a_password_comes_from_the_environment_and_is_shown_nowhere(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    certified = self_signed(home)
    with running(Box(), certified) as box:
        mail = _mail(box, "starttls", f", user: {USER}, password_env: SMTP_PASS, ca_file: ca.pem")
        _in_force(home, _one("day", TO_TWO), mail=mail)
        assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 3
        assert "set SMTP_PASS" in capsys.readouterr().err
        monkeypatch.setenv("SMTP_PASS", "wrong")
        assert _do(home, "run-due", "--now", "2026-01-07T08:05") == 3
        assert "refuses the login of 'reports'" in capsys.readouterr().err
        monkeypatch.setenv("SMTP_PASS", PASSWORD)
        assert _do(home, "run-due", "--now", "2026-01-07T08:10") == 0
    told = capsys.readouterr()
    assert PASSWORD not in told.out + told.err
    assert PASSWORD.encode() not in (home / "data/schedules.sqlite").read_bytes()
    assert box.encrypted == [True]


def test_a_refused_recipient_is_told_and_nobody_has_it_twice(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(Box(refused=("b@x.example",))) as box:
        _in_force(home, _one("day", TO_TWO), mail=_mail(box))
        assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 3
        assert "b@x.example was refused (550 no such person)" in capsys.readouterr().err
        assert _do(home, "run-due", "--now", "2026-01-07T08:05") == 0
    assert box.recipients == [["a@x.example"]]


def test_a_mail_that_may_have_been_sent_is_not_sent_again_unasked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(Box(breaks_off=True)) as box:
        _in_force(home, _one("day", TO_TWO), mail=_mail(box))
        assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 3
        assert f"opsledger run-due --again day@{DUE}" in capsys.readouterr().err
        box.breaks_off = False
        assert _do(home, "run-due", "--now", "2026-01-07T08:05") == 0
        assert len(box.messages) == 1
        assert _do(home, "run-due", "--now", "2026-01-07T08:06", "--again", f"day@{DUE}") == 0
    first, second = box.messages
    assert first["Message-ID"] == second["Message-ID"], "so that a receiver can tell a repeat"


@pytest.mark.parametrize(("state", "sent"), [("started", 1), ("sending", 0)])
def test_what_a_killed_process_left_is_made_again_unless_it_was_being_sent(home: Path, state: str, sent: int) -> None:
    with running(Box()) as box:
        _in_force(home, _one("day", TO_TWO), mail=_mail(box))
        journal = Journal(home / "data")
        at = datetime(2026, 1, 6, 23, 30, tzinfo=UTC)
        journal.note("day", at, state, at)
        journal.close()
        assert _do(home, "run-due", "--now", "2026-01-07T08:00") == (0 if sent else 3)
    assert len(box.messages) == sent


def test_two_at_once_do_not_run_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _in_force(home, _one("day"))
    with alone(home / "data"):
        assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 0
        assert "another run-due is at work" in capsys.readouterr().err
        with pytest.raises(AtWorkError), alone(home / "data"):
            pass
    assert not (home / "out").exists()
    assert _do(home, "run-due", "--now", "2026-01-07T08:00") == 0
    assert (home / "out").exists()


def test_without_schedules_the_next_step_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _do(home, "run-due") == 2
    assert "opsledger report schedule FILE.yaml" in capsys.readouterr().err
    assert _do(home, "run-due", "--again", "x") == 2


def test_checking_puts_nothing_in_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(home, _one("day"))
    assert _do(home, "report", "schedule", str(path), "--check", "--now", "2026-01-06T12:00") == 0
    assert "2026-01-07 07:30 Asia/Shanghai: 2026-01-06" in capsys.readouterr().out
    assert _do(home, "run-due") == 2
