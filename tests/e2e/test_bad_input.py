"""Bad input never stops the good input: a message that says what, where and what to do, and the documented exit code."""

from __future__ import annotations

import gzip
import json
import signal
import time
from pathlib import Path

import pytest

from opsledger.ingest.stages import FLUSH_EVENTS
from tests.e2e.conftest import Cli, Said
from tests.e2e.test_first_round import counts
from tests.new_ledger import new_ledger

pytestmark = pytest.mark.usefixtures("kept")
EVENTS = FLUSH_EVENTS + 15_000
"""So that a first part is stored while the rest is still waited for."""
MAPPING = """
mapping: 1
about: Calls of a small desk.
format: csv
zone: Asia/Shanghai
source: csv:desk
id_space: desk
subject: '{call}'
key: [call]
dates: ['%Y-%m-%d %H:%M:%S']
let:
  start: {time: began}
events:
  - type: call.offered
    at: '{start}'
    data: {direction: inbound, channel: phone, hotline: '{line}'}
  - type: call.ended
    at: {start: start, plus: {duration: seconds, unit: s}}
    data: {by: customer}
"""
ROWS = "call,began,line,seconds\nc1,2026-01-05 09:00:00,400,30\nc2,2026-01-05 09:01:00,400,45\n"


def event(number: int, **changes: object) -> bytes:
    """One canonical line."""
    made: dict[str, object] = {
        "type": "call.offered",
        "specversion": "1.0",
        "id": f"00000000-0000-5000-8000-{number:012x}",
        "source": "test:pbx",
        "subject": f"c{number}",
        "time": "2026-01-05T01:02:03Z",
        "tenant": "t",
        "data": {"direction": "inbound", "channel": "phone", "hotline": "400"},
    }
    return json.dumps(made | changes).encode() + b"\n"


def jsonl(folder: Path, *lines: bytes) -> Path:
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(lines))
    return path


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(new_ledger(tmp_path / "data"))


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "desk.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "desk.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path / "desk.csv", tmp_path / "desk.yaml"


def table(cli: Cli, desk: tuple[Path, Path], *more: str) -> Said:
    return cli("ingest", desk[0], "--format", "table", "--mapping", desk[1], "--tenant", "t", "--quiet", *more)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"time": "2026-01-05T01:02:03"}, "no_offset"),
        ({"time": "2999-01-05T01:02:03Z"}, "out_of_time"),
        ({"time": "1989-12-31T23:59:59Z"}, "out_of_time"),
        ({"type": "call.vanished"}, "unknown_type"),
        ({"type": "contract.ended", "data": {"reason": "x"}}, "decision"),
        ({"data": {"direction": "sideways", "channel": "phone", "hotline": "400"}}, "invalid"),
        ({"data": {"direction": "inbound", "channel": "phone", "hotlin": "400"}}, "invalid"),
        ({"subject": "x" * 300}, "invalid"),
        ({"data": None}, "invalid"),
    ],
)
def test_a_refused_line_is_dead_with_its_reason_and_the_good_ones_are_in(
    cli: Cli, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    said = cli("ingest", jsonl(tmp_path, event(1), event(2, **changes), event(3)), "--quiet")
    assert counts(said.out) == (3, 2, 0, 1)
    assert said.code == 3
    assert reason in said.out
    listed = cli.ok("dead-letters", "list")
    assert "events.jsonl:2" in listed
    assert reason in listed


def test_a_truncated_gzip_gives_what_was_before_the_break_and_says_so(cli: Cli, tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(event(n) for n in range(5000)))
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    said = cli("ingest", path, "--quiet")
    read, accepted, duplicate, dead = counts(said.out)
    assert 0 < accepted < 5000
    assert read == accepted + duplicate + dead
    assert said.code not in (0, 1)
    assert "events.jsonl.gz" in said.out + said.err
    path.write_bytes(whole)
    again = cli("ingest", path, "--quiet")
    assert sum(counts(again.out)[1:3]) == 5000, "running it again completes it"


def test_a_binary_file_is_dead_letters_and_no_crash(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(bytes(range(256)) * 200)
    said = cli("ingest", path, "--quiet")
    assert said.code in (2, 3)
    assert "events.jsonl" in said.out + said.err


def test_an_empty_file_is_no_error(cli: Cli, tmp_path: Path) -> None:
    said = cli("ingest", jsonl(tmp_path), "--quiet")
    assert said.code == 0
    assert counts(said.out) == (0, 0, 0, 0)


def test_a_missing_file_is_named(cli: Cli, tmp_path: Path) -> None:
    said = cli("ingest", tmp_path / "nowhere.jsonl")
    assert said.code in (2, 4)
    assert "nowhere.jsonl" in said.err


def test_a_line_of_a_hundred_megabytes_is_one_dead_letter_in_flat_memory(cli: Cli, tmp_path: Path) -> None:
    path = jsonl(tmp_path, event(1))
    with path.open("ab") as file:
        for _ in range(100):
            file.write(b"x" * 2**20)
        file.write(b"\n" + event(2))
    said = cli("ingest", path, "--quiet")
    assert counts(said.out) == (3, 2, 0, 1)
    letter = json.loads(cli.ok("dead-letters", "show", cli.ok("dead-letters", "list").split()[0]).splitlines()[0])
    assert letter["reason"] == "too_large"
    assert letter["length"] == 100 * 2**20
    assert len(letter["raw"]) == 64 * 1024


def test_an_unknown_column_is_refused_up_front_with_the_nearest_one(cli: Cli, desk: tuple[Path, Path]) -> None:
    desk[0].write_text(ROWS.replace("began", "begin"), encoding="utf-8")
    said = table(cli, desk)
    assert said.code == 2
    assert "begin" in said.out + said.err
    assert "desk.yaml" in said.out + said.err


@pytest.mark.parametrize(
    ("wrong", "right", "hint"),
    [("call.offerd", "call.offered", "call.offered"), ("chanel", "channel", "channel"), ("evnts:", "events:", "events")],
)
def test_a_typo_in_the_mapping_is_refused_with_line_and_nearest_word(
    cli: Cli, desk: tuple[Path, Path], wrong: str, right: str, hint: str
) -> None:
    desk[1].write_text(MAPPING.replace(right, wrong), encoding="utf-8")
    said = table(cli, desk)
    assert said.code == 2
    line = next(n for n, text in enumerate(MAPPING.replace(right, wrong).splitlines(), 1) if wrong in text)
    assert f"desk.yaml:{line}" in said.out + said.err
    assert hint in said.out + said.err


def test_no_zone_is_refused(cli: Cli, desk: tuple[Path, Path]) -> None:
    desk[1].write_text(MAPPING.replace("zone: Asia/Shanghai\n", ""), encoding="utf-8")
    said = table(cli, desk)
    assert said.code == 2
    assert "zone" in said.out + said.err


def test_two_zones_are_refused(cli: Cli, desk: tuple[Path, Path]) -> None:
    desk[1].write_text(MAPPING.replace("zone: Asia/Shanghai", "zone: Asia/Shanghai\nzone: UTC"), encoding="utf-8")
    said = table(cli, desk)
    assert said.code == 2
    assert "desk.yaml:6" in said.out + said.err


def test_dead_rows_come_in_after_the_mapping_was_mended_and_the_retry_is_on_record(cli: Cli, desk: tuple[Path, Path]) -> None:
    desk[0].write_text(ROWS.replace("2026-01-05 09:01:00", "05.01.2026 09:01"), encoding="utf-8")
    said = table(cli, desk)
    assert counts(said.out) == (2, 1, 0, 1)
    id_ = cli.ok("dead-letters", "list").split()[0]
    still = cli("dead-letters", "retry", "--mapping", desk[1])
    assert still.code == 3
    assert "dead 1" in still.out
    mended = MAPPING.replace("['%Y-%m-%d %H:%M:%S']", "['%Y-%m-%d %H:%M:%S', '%d.%m.%Y %H:%M']")
    desk[1].write_text(mended, encoding="utf-8")
    assert "accepted 1" in cli.ok("dead-letters", "retry", "--mapping", desk[1])
    shown = cli.ok("dead-letters", "show", id_).splitlines()
    assert [line.split(": ")[1].split()[0] for line in shown if line.startswith("tried")] == ["dead", "accepted"]
    assert counts(table(cli, desk).out)[1] == 0, "nothing new the second time"


def test_a_dry_run_shows_rows_as_events_and_stores_nothing(tmp_path: Path, desk: tuple[Path, Path]) -> None:
    cli = Cli(tmp_path / "none")
    said = table(cli, desk, "--dry-run")
    assert "2026-01-05T01:00:00Z  call.offered" in said.out
    assert not cli.data.exists()


def test_standard_input_is_read(cli: Cli) -> None:
    said = cli.process("ingest", "-", "--quiet", stdin=event(1) + event(2))
    assert counts(said.out) == (2, 2, 0, 0)


def test_a_second_process_is_told_who_holds_the_directory(cli: Cli) -> None:
    cli.ok("init")
    holder = cli.start("ingest", "-", "--quiet")
    try:
        deadline = time.monotonic() + 60
        while str(holder.pid) not in (cli.data / "LOCK").read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert f"`opsledger ingest` (pid {holder.pid}" in cli.process("doctor").out
        assert cli.process("rebuild").code == 4
    finally:
        out, _ = holder.communicate(event(1), timeout=60)
    assert counts(out.decode()) == (1, 1, 0, 0)


def test_ctrl_c_keeps_what_was_accepted_and_a_second_run_completes_it(cli: Cli, tmp_path: Path) -> None:
    cli.ok("init")
    started = cli.start("ingest", "-")
    assert started.stdin is not None
    lines = [event(n) for n in range(EVENTS)]
    started.stdin.write(b"".join(lines))
    started.stdin.flush()
    deadline = time.monotonic() + 120
    while not list((cli.data / "engine/data/default/call").glob("*/checksums.txt")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(4)  # by now it waits for more input
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 130, err
    assert b"Traceback" not in err
    stored = counts(out.decode())[1]
    assert stored > 0, "stopped before anything was accepted, this would prove nothing"
    again = counts(cli("ingest", jsonl(tmp_path, *lines), "--quiet").out)
    assert again[2] == stored, "what was reported as stored is there"
    assert again[1] == EVENTS - stored


def test_what_a_report_cannot_honour_is_refused(cli: Cli, tmp_path: Path) -> None:
    cli.ok("ingest", jsonl(tmp_path, event(1)), "--quiet")
    for arguments, hint in (
        (("report", "run", "trafic", "--day", "2026-01-05"), "traffic"),
        (("report", "run", "faults", "--week", "2026-W02", "--agent", "a1"), "agent"),
        (("report", "run", "complaint_summary", "--day", "2026-01-05"), "--month"),
        (("report", "run", "traffic", "--day", "5 January"), "2026-01-05"),
        (("report", "run", "traffic", "--day", "2026-01-05", "--month", "2026-01"), "once"),
        (("report", "run", "traffic", "--day", "2026-01-05", "--attribution", "midway"), "enter"),
        (("report", "run", "traffic", "--day", "2026-01-05", "--zone", "Asia/Peking"), "zone"),
        (("report", "run", "traffic", "--day", "2026-01-05", "--as-known-at", "yesterday"), "moment"),
        (("statement", "--contract", "x", "--month", "2026-01"), "contract"),
        (("history", "call", "nobody"), "nothing is known"),
        (("decide", "contract.end", "x", "--actor", "me", "--set", "reason=over"), "contract"),
    ):
        said = cli(*arguments)
        assert said.code in (2, 3), (arguments, said)
        assert hint in said.out + said.err, (arguments, said)


def test_a_vendors_text_cannot_become_a_formula_or_markup(cli: Cli, tmp_path: Path) -> None:
    nasty = '=HYPERLINK("http://x")</script><script>alert(1)</script>'
    cli.ok("ingest", jsonl(tmp_path, event(1, data={"direction": "inbound", "channel": "phone", "hotline": nasty})), "--quiet")
    ask = ("report", "run", "traffic", "--day", "2026-01-05", "--zone", "UTC")
    page = cli.ok(*ask, "--format", "html")
    assert "HYPERLINK" in page
    assert "<script>alert" not in page
    assert page.count("<script") == page.count("</script") == 2, "the page's own script and its data, and no other"
    assert not any(cell.startswith(("=", '"=')) for cell in cli.ok(*ask, "--format", "csv").split("\n"))
