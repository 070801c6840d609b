"""Files for output are written whole or not at all, where they were meant to be; nothing else in the product writes them."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.whole_folder import whole_folder
from opsledger.ingest.whole_file import whole_file, write_whole

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "ingest", "projections", "dashboards", "infra")
WRITERS = {
    "ingest/whole_file.py": "this is it",
    "ingest/small_file.py": "files of our own in the data directory",
    "infra/backup/files.py": "files of a backup, in a folder that is made for it and does not follow links",
    "infra/engine/address.py": "the engine's own folder",
    "infra/gateway/found.py": "a note in the data directory, 0600",
    "infra/kafka/local/artifacts.py": "the local Kafka's own folder",
    "infra/kafka/local/cluster.py": "the local Kafka's own folder",
    "infra/kafka/local/node.py": "the local Kafka's own folder",
    "infra/kafka/local/plan.py": "the local Kafka's own folder",
}
_WRITES = re.compile(
    r"\bshutil\.copy|\.write_text\(|\.write_bytes\(|fdopen\([^)]*[\"'][wa]|open\((?:[^()]*,\s*)?[\"'](?:[wax]|r\+)b?\+?[\"']"
)
_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a link that is another user's")


def _writers(root: Path) -> set[str]:
    files = (path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    return {str(path.relative_to(root)) for path in files if _WRITES.search(path.read_text(encoding="utf-8"))}


def test_one_function_writes_what_people_name() -> None:
    assert _writers(ROOT) == set(WRITERS)


@pytest.mark.parametrize("text", ['out.write_text("x")', 'with path.open("wb") as file:', "open(path, 'w')", 'out.open("a")'])
def test_a_writer_of_its_own_would_be_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "own.py").write_text(text)
    assert _writers(tmp_path) == {"infra/own.py"}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "out.csv"
    write_whole(out, b"one")
    write_whole(out, b"two")
    assert out.read_bytes() == b"two"
    assert _names(out.parent) == ["out.csv"]


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_written_through_a_link(tmp_path: Path, there: bool) -> None:
    precious, link = tmp_path / "precious", tmp_path / "out.csv"
    if there:
        precious.write_text("mine")
    link.symlink_to(precious)
    with pytest.raises(UserError, match=r"out\.csv is a link, and nothing is written through links"):
        write_whole(link, b"report")
    assert link.is_symlink()
    assert precious.exists() == there
    assert not there or precious.read_text() == "mine"


def test_a_link_that_is_laid_meanwhile_is_not_followed(tmp_path: Path) -> None:
    precious, out = tmp_path / "precious", tmp_path / "out.csv"
    precious.write_text("mine")
    with whole_file(out) as file:
        file.write(b"report")
        out.symlink_to(precious)
    assert precious.read_text() == "mine"
    assert out.read_bytes() == b"report"
    assert not out.is_symlink()


def test_folders_of_ones_own_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "here").symlink_to("disk")
    write_whole(tmp_path / "here" / "sub" / "out.csv", b"report")
    assert (tmp_path / "disk" / "sub" / "out.csv").read_bytes() == b"report"


@_AS_ROOT
@pytest.mark.parametrize("way", ["laid/out.csv", "laid/sub/out.csv", "mine/out.csv"])
def test_folders_of_another_users_links_are_not(tmp_path: Path, way: str) -> None:
    """Also where a link of one's own leads on over another's."""
    (tmp_path / "home" / "sub").mkdir(parents=True)
    (tmp_path / "laid").symlink_to("home")
    os.lchown(tmp_path / "laid", 12345, 12345)
    (tmp_path / "mine").symlink_to("laid")
    with pytest.raises(UserError, match="laid is a link that another user has made"):
        write_whole(tmp_path / way, b"report")
    with pytest.raises(UserError, match="laid is a link that another user has made"), whole_folder(tmp_path / way):
        pass
    assert _names(tmp_path / "home") == ["sub"]
    assert _names(tmp_path / "home" / "sub") == []


def test_links_that_go_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UserError, match="one of a circle"):
        write_whole(tmp_path / "a" / "out.csv", b"x")


def test_what_goes_wrong_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old")

    def half() -> None:
        with whole_file(out) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert out.read_text() == "old"
    assert _names(tmp_path) == ["out.csv"]


def test_a_process_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    out.write_text("old")
    command = [sys.executable, "-m", "opsledger.infra.cli", "simulate", "--days", "300", "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while not any(path.stat().st_size > 100_000 for path in tmp_path.glob(".opsledger-*.part")):
        assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert out.read_text() == "old"


def test_a_disk_without_room_is_told_and_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    out.write_text("old")
    command = f"ulimit -f 64; trap '' XFSZ; exec {sys.executable} -m opsledger.infra.cli simulate --days 30 --out {out} --quiet"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == EXIT_ENVIRONMENT
    assert "cannot write" in done.stderr
    assert (out.read_text(), _names(tmp_path)) == ("old", ["events.jsonl"])


def test_rights_are_the_umasks_then_those_that_the_file_had(tmp_path: Path) -> None:
    out, before = tmp_path / "out.csv", os.umask(0o027)
    try:
        write_whole(out, b"one")
        assert stat.S_IMODE(out.stat().st_mode) == 0o640
        out.chmod(0o604)
        write_whole(out, b"two")
        assert stat.S_IMODE(out.stat().st_mode) == 0o604
        write_whole(out, b"raw records", private=True)
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(("name", "what"), [("pipe", "no file but a device, a pipe"), ("folder", "a folder")])
def test_only_files_are_replaced(odd: Path, name: str, what: str) -> None:
    with pytest.raises(UserError, match=f"{name} is {what}"):
        write_whole(odd / name, b"x")


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"cannot write .*file/out\.csv: Not a directory") as told:
        write_whole(tmp_path / "file" / "out.csv", b"x")
    assert told.value.exit_code == EXIT_ENVIRONMENT


_SAY = """
import sys
from pathlib import Path
from opsledger.ingest.whole_file import write_whole
print("before")
write_whole(Path(sys.argv[1]), b"report")
"""


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_to_as_it_stands(tmp_path: Path, name: str) -> None:
    """Also where it goes into a file: what stands in that file already stays."""
    with (tmp_path / "said").open("wb") as said:
        said.write(b"first\n")
        said.flush()
        subprocess.run([sys.executable, "-c", _SAY, name], cwd=ROOT, stdout=said, check=True)
    assert (tmp_path / "said").read_bytes() == b"first\nbefore\nreport"


def test_nowhere_is_a_place_to_write_to() -> None:
    write_whole(Path(os.devnull), b"x")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_folder_appears_with_everything_in_it(tmp_path: Path) -> None:
    out = tmp_path / "a" / "january"
    with whole_folder(out) as draft:
        write_whole(draft / "en" / "traffic.csv", b"1")
        write_whole(draft / "index.html", b"2")
        assert not out.exists()
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*")) == ["en", "en/traffic.csv", "index.html"]
    assert _names(out.parent) == ["january"]


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_fails_half_way_is_as_it_was(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "january"
    if there:
        out.mkdir()
        (out / "index.html").write_text("old")

    def half() -> None:
        with whole_folder(out) as draft:
            write_whole(draft / "index.html", b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert _names(tmp_path) == (["january"] if there else [])
    assert not there or ((out / "index.html").read_text(), _names(out)) == ("old", ["index.html"])


def test_a_folder_that_is_there_keeps_what_else_is_in_it(tmp_path: Path) -> None:
    out = tmp_path / "january"
    (out / "en").mkdir(parents=True)
    (out / "en" / "traffic.csv").write_text("old")
    (out / "mine.txt").write_text("mine")
    with whole_folder(out) as draft:
        write_whole(draft / "en" / "traffic.csv", b"new")
        write_whole(draft / "zh" / "traffic.csv", b"new")
    assert (out / "en" / "traffic.csv").read_text() == (out / "zh" / "traffic.csv").read_text() == "new"
    assert _names(out) == ["en", "mine.txt", "zh"]


@pytest.mark.parametrize("link", ["", "en", "en/traffic.csv", "zh"])
def test_no_link_in_a_folder_is_followed_and_nothing_is_moved(tmp_path: Path, link: str) -> None:
    out, home = tmp_path / "january", tmp_path / "home"
    (home / "en").mkdir(parents=True)
    (home / "traffic.csv").write_text("mine")
    at = out / link
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(home / "traffic.csv" if link.endswith(".csv") else home)
    before = sorted(tmp_path.rglob("*"))

    def made() -> None:
        with whole_folder(out) as draft:
            write_whole(draft / "a.csv", b"new")
            write_whole(draft / "en" / "traffic.csv", b"new")
            write_whole(draft / "zh" / "traffic.csv", b"new")

    with pytest.raises(UserError, match=r"is a link|but a link"):
        made()
    assert sorted(tmp_path.rglob("*")) == before
    assert (home / "traffic.csv").read_text() == "mine"
