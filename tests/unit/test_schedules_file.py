"""A file of schedules is read whole, or refused with the line of what is wrong and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.domain.calendar import Grain
from opsledger.domain.errors import UserError
from opsledger.infra.schedules import Schedules, read_schedules

EXAMPLE = Path(__file__).parents[2] / "examples" / "schedules" / "reports.yaml"
GOOD = """schedules: 1
mail:
  host: localhost
  tls: none
  from: a@b.example
runs:
  - name: day
    tenant: t1
    reports: all
    span: day
    when: daily at 07:30
    to:
      folder: out/{period}
"""


def _read(tmp_path: Path, text: str) -> Schedules:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return read_schedules(path)


def test_the_example_is_good() -> None:
    plan = read_schedules(EXAMPLE)
    wall, week, month = plan.runs
    assert (wall.current, wall.catch_up, week.span, week.cron) == (True, 1, Grain.WEEK, "0 8 * * 1")
    assert week.parameters == {"vendor": ("xinhe",)}
    assert month.mail is not None
    assert month.mail.recipients == ("service@example.com", "finance@example.com")
    assert plan.mail is not None
    assert plan.mail.server({"OPSLEDGER_SMTP_PASSWORD": "x"}).port == 587


def test_a_password_that_is_not_in_the_environment_is_named_by_its_variable() -> None:
    plan = read_schedules(EXAMPLE)
    assert plan.mail is not None
    with pytest.raises(UserError, match="set OPSLEDGER_SMTP_PASSWORD"):
        plan.mail.server({})


def test_a_server_does_not_show_its_password() -> None:
    plan = read_schedules(EXAMPLE)
    assert plan.mail is not None
    assert "secret" not in repr(plan.mail.server({"OPSLEDGER_SMTP_PASSWORD": "secret"}))


def test_a_good_file_has_its_defaults(tmp_path: Path) -> None:
    (run,) = _read(tmp_path, GOOD).runs
    assert (run.reports, run.langs, run.formats, run.catch_up, run.current) == ((), ("en",), ("html",), 7, False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reports: all", "reports: [trafic]", "s.yaml:9: runs.0.reports.0: 'trafic' is not known; did you mean 'traffic'"),
        ("reports: all", "reports: [all, traffic]", "s.yaml:9: runs.0.reports: all are all"),
        ("reports: all", "reports: [complaint_summary]", "s.yaml:9: runs.0.reports.0: complaint_summary is not made for a day"),
        ("span: day", "span: year", "s.yaml:10: runs.0.span: 'year' is not known"),
        ("when: daily at 07:30", "when: sometimes", "s.yaml:11: runs.0.when: 'sometimes' does not say when"),
        ("    when: daily at 07:30\n", "", "s.yaml:7: runs.0.when: is missing"),
        ("name: day", "name: a b", "s.yaml:7: runs.0.name: letters, digits"),
        ("tenant: t1", "tenent: t1", "s.yaml:8: runs.0.tenent: unknown key 'tenent'; did you mean 'tenant'"),
        ("tenant: t1", "tenant: t1\n    zone: Mars/Base", "s.yaml:9: runs.0.zone: 'Mars/Base' is not a time zone"),
        ("tenant: t1", "tenant: t1\n    catch_up: 0", "s.yaml:9: runs.0.catch_up: wants a whole number from 1 to 366"),
        ("tenant: t1", "tenant: t1\n    parameters: {que: [a]}", "unknown parameter 'que'; did you mean 'queue'"),
        ("folder: out/{period}", "folder: out/{day}", "s.yaml:13: runs.0.to.folder: 'out/{day}' is not a pattern"),
        ("folder: out/{period}", "folder: out/{name.x}", "is not a pattern"),
        ("folder: out/{period}", "mail: {recipients: [nobody]}", "'nobody' is not a mail address"),
        ("folder: out/{period}", "folder: x\n      mail: {recipients: [a@b]}", "wants either folder: or mail:"),
        ("host: localhost", "host: localhost\n  user: me", "user: and password_env:"),
        ("host: localhost", "host: localhost\n  user: me\n  password_env: P", "does not go over a line in the clear"),
        ("host: localhost", "host: localhost\n  password: geheim", "unknown key 'password'"),
        ("host: localhost", "host: localhost\n  port: 99999", "wants a whole number from 1 to 65535"),
        ("from: a@b.example", "from: nobody", "'nobody' is not a mail address"),
        ("schedules: 1", "schedules: 2", "s.yaml:1: schedules: '2' is not known"),
        ("runs:", "runs: []\nrest:", "wants a list of schedules|unknown key 'rest'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(UserError) as error:
        _read(tmp_path, GOOD.replace(old, new))
    assert any(each in str(error.value) for each in message.split("|")), str(error.value)
    assert "geheim" not in str(error.value)


def test_two_schedules_of_one_name_are_refused(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("  - name") :]
    with pytest.raises(UserError, match=r"s\.yaml:14: runs\.1\.name: 'day' stands twice"):
        _read(tmp_path, GOOD + again)


def test_mail_without_a_server_is_refused(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("mail:")] + GOOD[GOOD.index("runs:") :].replace(
        "folder: out/{period}", "mail: {recipients: [a@b]}"
    )
    with pytest.raises(UserError, match="needs the mail server"):
        _read(tmp_path, text)


def test_a_report_that_cannot_be_narrowed_so_is_refused_before_it_runs(tmp_path: Path) -> None:
    text = GOOD.replace("reports: all", "reports: [tickets]\n    parameters: {queue: [q]}")
    with pytest.raises(UserError, match="tickets cannot be narrowed by queue; valid: vendor"):
        _read(tmp_path, text)
