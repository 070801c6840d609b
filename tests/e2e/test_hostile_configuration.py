"""A working directory, or a home folder, with configurations that the engine would read: no command does, whatever they say.

The engine by itself reads them without a word, already when its library is loaded: the controls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from opsledger.infra.cli.main import COMMANDS
from tests import gateways, http_server
from tests.ledger_samples import calls

ROOT = Path(__file__).resolve().parents[2]
DAY, MONTH = ("--day", "2026-01-05"), ("--month", "2026-01")
TERMS = str(ROOT / "examples" / "contracts" / "outsourced-desk.yaml")
SIGN = ("--actor", "ann", "--terms", TERMS, "--tenant", "t1", "--set", "vendor=v1")
SETS = "effective_from=2026-01-01T00:00:00+08:00"
Try = tuple[tuple[str, ...], int, str]
TRIED: tuple[Try, ...] = (
    (("init", "--tenant", "t1", "--zone", "Asia/Shanghai"), 0, "is ready"),
    (("ingest", "{sent}", "--tenant", "t1", "--quiet"), 3, "read 6 = accepted 5 + duplicate 0 + dead 1"),
    (("master", "set", "queue", "q1", "--from", "2026-01-01", "--set", "name=Sales"), 0, "q1"),
    (("master", "show"), 0, "Sales"),
    (("decide", "contract.sign", "desk", *SIGN, "--set", SETS), 0, "contract.signed"),
    (("relay",), 0, "relayed 0 decisions"),
    (("report", "list"), 0, "traffic"),
    (("report", "run", "traffic", *DAY, "--format", "csv"), 0, "Sales"),
    (("report", "schedule", "{plan}", "--check"), 0, "wall"),
    (("run-due", "--schedule", "{plan}", "--dry-run"), 0, ""),
    (("metrics", "show", "entries", *MONTH), 0, "5"),
    (("quality", *DAY), 3, "1"),
    (("statement", "--contract", "desk", *MONTH), 0, "desk"),
    (("history", "call", "c0"), 0, "call.queued"),
    (("dead-letters", "list"), 0, "calls.jsonl:6"),
    (("rebuild", "--quiet"), 0, "as it was"),
    (("doctor",), 0, "open, engine"),
    (("ddl",), 0, "CREATE TABLE IF NOT EXISTS `call`"),
    (("gateway", "users", "list"), 0, ""),
)
"""Commands that load or open the engine, in this order, in one process: exit code, and a piece of what is said."""
SERVERS = {"gateway": "started and asked below", "serve": "started below"}
NO_ENGINE: tuple[Try, ...] = (
    (("keys", "list"), 0, ""),
    (("kafka", "check"), 2, "OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS"),
    (("simulate", "--days", "1", "--calls-per-day", "3", "--out", "{made}", "--quiet"), 0, ""),
)
"""Commands that open none: not even its library is loaded."""
LEFT = {
    "sink": "needs a Kafka before it opens the ledger, by what the others open it",
    "backup": "reads files; the engine is opened by what the others open it",
    "restore": "likewise",
    "docs": "takes long; opens an empty ledger as ddl does",
    "demo": "takes long; opens the ledger by what the others open it",
    "demo-kafka": "takes long; likewise",
}
DRIVER = """
import json, sys
from pathlib import Path
from tests.e2e.conftest import Cli
cli, (free, engine) = Cli(Path(sys.argv[1])), json.loads(sys.argv[2])
told = [(said.code, said.out + said.err) for words in free for said in [cli(*words)]]
assert "chdb" not in sys.modules, "these load the engine"
before = Path.cwd()
told += [(said.code, said.out + said.err) for words in engine for said in [cli(*words)]]
assert Path.cwd() == before
from opsledger.domain.clock import SystemClock
from opsledger.infra.store import open_embedded
with open_embedded(cli.data, clock=SystemClock()) as store:
    for asked in ("executable('x.sh', 'TSV', 'a UInt8')", "file('config.xml', 'LineAsString')"):
        try:
            told.append((1, str(store.client.query(f"SELECT * FROM {asked}").result_rows)))
        except Exception as error:
            told.append((0, str(error).split(".")[0]))
print(json.dumps(told))
"""
PLAIN = "import chdb; print(chdb.connect(':memory:').query(\"SELECT * FROM executable('x.sh', 'TSV', 'a UInt8')\", 'CSV'))"
HOSTILE = """<clickhouse>
  <user_scripts_path>{here}/scripts</user_scripts_path>
  <users_config>{here}/all.xml</users_config>
  <path>{here}/elsewhere/</path>
  <logger><level>trace</level><log>{here}/written.log</log></logger>
</clickhouse>"""
ALL = """<clickhouse><profiles><default/></profiles><users><default>
  <password></password><networks><ip>::/0</ip></networks><profile>default</profile><access_management>1</access_management>
</default></users></clickhouse>"""
BROKEN = "<clickhouse"
PLAN = """schedules: 1
runs:
  - {name: wall, tenant: t1, reports: [traffic], span: day, when: "0 8 * * *", formats: [csv], to: {folder: wall}}
"""


class Place:
    """A working directory and a home folder with files that the engine may look for."""

    def __init__(self, root: Path) -> None:
        self.here, self.home = root / "here", root / "home"
        (self.here / "scripts").mkdir(parents=True)
        self.home.mkdir()
        script = self.here / "scripts" / "x.sh"
        script.write_text(f"#!/bin/sh\ntouch {self.here}/ran\necho 1\n")
        script.chmod(0o700)
        (self.here / "all.xml").write_text(ALL)
        (self.here / "users.xml").write_text(ALL)

    def hold(self, text: str, *names: str) -> Place:
        for name in names:
            (self.here / name).parent.mkdir(exist_ok=True)
            (self.here / name).write_text(text.format(here=self.here))
        return self

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        given = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")}
        environ = {**given, "HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", *arguments]
        return subprocess.run(command, cwd=self.here, env=environ, capture_output=True, text=True, timeout=120, check=False)

    def came(self) -> list[str]:
        """What the configuration has done."""
        return [name for name in ("ran", "elsewhere", "written.log") if (self.here / name).exists()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def hostile(place: Place) -> Place:
    return place.hold(HOSTILE, "config.xml", "clickhouse-local.xml", "../home/.clickhouse-local/config.xml")


def broken(place: Place) -> Place:
    names = ("config.xml", "config.yaml", "clickhouse-local.xml", "clickhouse-local.yaml", "users.xml")
    return place.hold(BROKEN, *names, "../home/.clickhouse-local/config.xml", "../home/.clickhouse-client/config.xml")


def driven(place: Place, folder: Path, tried: Sequence[Try]) -> list[tuple[int, str]]:
    """Run commands in one process in that place: exit codes, and what was said. At last, the store is asked itself."""
    files = {"sent": folder / "calls.jsonl", "plan": folder / "plan.yaml", "made": folder / "made.jsonl"}
    files["sent"].write_bytes(b"\n".join([*calls(5), b"rubbish"]) + b"\n")
    files["plan"].write_text(PLAN)
    lists = [[[word.format(**files) for word in words] for words, _, _ in some] for some in (NO_ENGINE, tried)]
    ended = place.python(DRIVER, str(folder / "data"), json.dumps(lists))
    assert ended.returncode == 0, ended.stderr
    return [(code, said) for code, said in json.loads(ended.stdout)]


def test_every_command_is_tried_or_said_why_not() -> None:
    tried, free = {words[0] for words, _, _ in TRIED}, {words[0] for words, _, _ in NO_ENGINE}
    assert tried | free | {*SERVERS} | {*LEFT} == {*COMMANDS}, "a new command belongs into one of the lists"
    assert not tried & free
    assert not {*LEFT} & (tried | free | {*SERVERS})


@pytest.mark.parametrize(("made", "tried"), [(hostile, TRIED), (broken, TRIED[:3])], ids=["hostile", "broken"])
def test_commands_work_beside_any_configuration(
    made: Callable[[Place], Place], tried: Sequence[Try], place: Place, tmp_path: Path
) -> None:
    told = driven(made(place), tmp_path, tried)
    for (words, code, piece), (ended, said) in zip((*NO_ENGINE, *tried), told, strict=False):
        assert ended == code, (words, said)
        assert piece in said, words
    assert told[-2:] == [(0, "Code: 1"), (0, "Code: 497")], "no such program; no file is granted"
    assert len(told) == len(NO_ENGINE) + len(tried) + 2
    assert place.came() == []


@pytest.mark.parametrize("made", [hostile, broken])
def test_the_gateway_starts_and_runs_nothing(
    made: Callable[[Place], Place], place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "ROOT", made(place).here)
    with gateways.running(tmp_path / "data", HOME=str(place.home)) as gateway:
        assert gateway.ask("SELECT count() FROM call").text == "0\n"
        for asked in ("SELECT * FROM executable('x.sh', 'TSV', 'a UInt8')", "SELECT file('config.xml')"):
            assert gateway.ask(asked).code == 497
    assert place.came() == []


def test_the_http_ingest_starts(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "ROOT", broken(place).here)
    with http_server.running(tmp_path / "data", environ={"HOME": str(place.home)}) as service:
        assert service.url


@pytest.mark.parametrize(
    ("name", "text"),
    [("clickhouse-local.xml", HOSTILE), ("clickhouse-local.yml", BROKEN), ("../home/.clickhouse-local/config.xml", BROKEN)],
)
def test_nor_is_another_file_read(name: str, text: str, place: Place, tmp_path: Path) -> None:
    place.hold(text, name)
    ended = place.python("from opsledger.infra.cli.main import main; main()", "--data", str(tmp_path / "data"), "init")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert place.came() == []


def test_control_the_engine_by_itself_does_what_a_configuration_says(place: Place) -> None:
    ended = hostile(place).python(PLAIN)
    assert ended.stdout.strip() == "1", ended.stderr
    assert place.came() == ["ran", "elsewhere", "written.log"]


@pytest.mark.parametrize("name", ["config.xml", "clickhouse-local.xml", "../home/.clickhouse-local/config.xml"])
def test_control_the_engine_by_itself_fails_on_one_that_is_broken(name: str, place: Place) -> None:
    place.hold(BROKEN, name)
    ended = place.python("import chdb")
    assert "Connection failed" in ended.stderr
    assert ended.returncode == 1
