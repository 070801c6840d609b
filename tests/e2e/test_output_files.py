"""What commands write: through no link, whole or not at all; and what they keep in the data directory is the user's alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_USAGE
from tests.e2e.conftest import ROOT, Cli

DAY = ("--day", "2026-01-05")
TERMS = ROOT / "examples" / "contracts" / "outsourced-desk.yaml"
SIGN = ("contract.sign", "desk", "--actor", "a", "--set", "vendor=xinhe", "--set", "effective_from=2026-01-01T00:00:00Z")
SEATS = """{terms: 1, title: {en: Desk, zh: 合同}, currency: CNY, zone: Asia/Shanghai,
rules: [{rule: seats, kind: unit_price, title: {en: Seats, zh: 座席}, quantity: 2, amount: 7000}]}
"""
FILES = {
    "report": ("report", "run", "traffic", *DAY, "--format", "csv"),
    "diff": ("report", "diff", "traffic", *DAY, "--from", "NOW"),
    "quality": ("quality", *DAY),
    "statement": ("statement", "--contract", "desk", "--month", "2026-01"),
    "simulate": ("simulate", "--days", "1", "--quiet"),
    "table": ("simulate", "--days", "1", "--quiet", "--format", "table"),
}
FOLDERS = {
    "set": ("report", "run", "--all", *DAY, "--format", "csv", "--quiet"),
    "docs": ("docs",),
    "demo": ("demo", "--calls-per-day", "20"),
    "demo-kafka": ("demo-kafka", "--calls-per-day", "20"),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("desk")
    cli, events = Cli(folder / "data"), folder / "events.jsonl"
    cli.ok("simulate", "--days", "6", "--calls-per-day", "20", "--out", events, "--quiet")
    events.write_bytes(events.read_bytes() + b"no event\n")
    assert cli("ingest", events, "--tenant", "demo", "--quiet", "--backfill").code == 3
    (folder / "terms.yaml").write_text(SEATS)
    cli.ok("decide", *SIGN, "--terms", folder / "terms.yaml", "--tenant", "demo")
    return cli


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """What a link leads to."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    return tmp_path / "precious"


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("command", FILES)
def test_no_file_is_written_through_a_link(desk: Cli, precious: Path, command: str) -> None:
    """Without the link the same command writes its file."""
    link, plain = precious.parent / "out", precious.parent / "plain"
    link.symlink_to(precious / "file")
    arguments = [datetime.now(UTC).isoformat() if part == "NOW" else part for part in FILES[command]]
    said = desk(*arguments, "--out", link)
    assert (said.code, "is a link, and nothing is written through links" in said.err) == (EXIT_USAGE, True), said.err
    assert (precious / "file").read_text() == "mine"
    desk(*arguments, "--out", plain)
    assert plain.stat().st_size > 100


@pytest.mark.usefixtures("kept")
def test_no_commands_and_no_dead_letters_are_written_through_a_link(desk: Cli, precious: Path) -> None:
    link = precious.parent / "out"
    link.symlink_to(precious / "file")
    for arguments in (
        ("simulate", "--days", "1", "--quiet", "--out", precious.parent / "events", "--commands", link),
        ("dead-letters", "export", link),
    ):
        said = desk(*arguments)
        assert (said.code, "is a link" in said.err) == (EXIT_USAGE, True), said.err
    assert (precious / "file").read_text() == "mine"
    desk.ok("dead-letters", "export", precious.parent / "letters")
    assert stat.S_IMODE((precious.parent / "letters").stat().st_mode) == 0o600  # raw records


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("command", FOLDERS)
def test_no_folder_is_filled_through_a_link(desk: Cli, precious: Path, command: str) -> None:
    link = precious.parent / "out"
    link.symlink_to(precious)
    said = desk(*FOLDERS[command], "--out", link)
    assert (said.code, "is a link, and nothing is written through links" in said.err) == (EXIT_USAGE, True), said.err
    assert [path.name for path in precious.iterdir()] == ["file"]


@pytest.mark.usefixtures("kept")
def test_a_set_is_whole_and_readable_for_whom_the_umask_lets(desk: Cli, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert desk(*FOLDERS["set"], "--out", tmp_path / "set").code in (0, 3)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "set").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "set" / "index.html").stat().st_mode) == 0o644
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.usefixtures("kept")
def test_a_scheduled_folder_that_is_a_link_is_refused(desk: Cli, precious: Path) -> None:
    plan = precious.parent / "s.yaml"
    run = (
        "{name: day, tenant: demo, reports: [traffic], span: day, when: daily at 07:30, formats: [csv], to: {folder: out/day}}"
    )
    plan.write_text(f"schedules: 1\nruns:\n- {run}\n")
    desk.ok("report", "schedule", plan, "--now", "2026-01-06T12:00")
    (precious.parent / "out").mkdir()
    (precious.parent / "out" / "day").symlink_to(precious)
    said = desk("run-due", "--now", "2026-01-07T08:00")
    assert (said.code, "is a link, and nothing is written through links" in said.err) == (3, True), said.err
    assert [path.name for path in precious.iterdir()] == ["file"]
    (precious.parent / "out" / "day").unlink()
    desk.ok("run-due", "--now", "2026-01-07T08:00")
    assert (precious.parent / "out" / "day" / "index.html").exists()


@pytest.mark.parametrize("out", ["-", "/dev/stdout"])
def test_standard_output_can_be_named(desk: Cli, out: str) -> None:
    said = desk.process(*FILES["report"], "--out", out)
    assert (said.code, said.out.split(",")[0]) == (0, "Hotline"), said.err


_KEPT = """
set -e
umask 000
say() {
  "$PY" -m opsledger.infra.cli --data "$DATA" "$@"
  find "$DATA" -maxdepth 1 -perm /077 -printf "open after $1: %p\\n" >&2
}
say init --tenant demo --zone UTC
say keys add --tenant demo --source pbx:1
say gateway users add ann --role reader
say decide CONTRACT --terms "$TERMS" --tenant demo
say relay
say report schedule "$PLAN"
say run-due
timeout -s INT 20 "$PY" -m opsledger.infra.cli --data "$DATA" ingest "$EVENTS" --tenant demo --follow --quiet & P=$!
while [ ! -d "$DATA/follow" ]; do sleep 0.2; done
sleep 1; kill -INT $P; wait $P || true
"""


def test_all_that_is_kept_in_a_data_directory_is_the_users_alone(desk: Cli, tmp_path: Path) -> None:
    """From the beginning, whatever the umask; and what an older version has left there as it is opened again."""
    data, plan = tmp_path / "data", tmp_path / "s.yaml"
    run = "{name: day, tenant: demo, reports: [traffic], span: day, when: daily at 07:30, to: {folder: out}}"
    plan.write_text(f"schedules: 1\nruns:\n- {run}\n")
    environ = {"PY": sys.executable, "DATA": data, "TERMS": TERMS, "PLAN": plan, "EVENTS": desk.data.parent / "events.jsonl"}
    script = _KEPT.replace("CONTRACT", " ".join(f"'{part}'" for part in SIGN))
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env={**os.environ, **{k: str(v) for k, v in environ.items()}}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "open after" in done.stderr) == (0, False), done.stdout + done.stderr
    names = {path.name for path in data.iterdir()}
    kept = ("decisions.sqlite", "schedules.sqlite", "keys.sqlite", "gateway-users.sqlite", "relay.position", "schedules.lock")
    assert names >= {*kept, "LOCK", "layout.json", "follow"}
    assert _open_to_others(data) == []
    for path in (data, *data.iterdir()):
        path.chmod(0o777)
    (data / "decisions.sqlite-wal").touch(0o666)
    assert len(_open_to_others(data)) > len(kept)  # the look at them finds what is open
    said = Cli(data).process("history", "contract", "desk", "--tenant", "demo")
    assert (said.code, said.err.count("other users could read")) == (0, 1), said.err
    assert _open_to_others(data) == []


def _open_to_others(data: Path) -> list[str]:
    """What others could read, or look into; within the engine's folder nobody gets to what is in it."""
    inner = [path for folder in data.iterdir() if folder.is_dir() and folder.name != "engine" for path in folder.rglob("*")]
    return [str(path) for path in (data, *data.iterdir(), *inner) if path.stat().st_mode & 0o077]
