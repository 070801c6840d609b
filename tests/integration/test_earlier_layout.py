"""A data directory of layout 1, as the program made it then: it is taken over with all that is in it, also after a crash.

Then the engine was opened without a configuration and a first database of ours; ``default`` was one that also reads files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_ENVIRONMENT
from opsledger.infra import data_directory
from opsledger.infra.engine.address import prepare
from opsledger.infra.manifest import OnLoss
from opsledger.infra.store import Store, open_embedded
from opsledger.projections.ledger.manifest import Damage
from tests.e2e.conftest import Cli, Said
from tests.gateways import running
from tests.ledger_samples import calls

ROOT = Path(__file__).resolve().parents[2]
THEN = """
import json, sys
from pathlib import Path
from opsledger.infra import data_directory, store
from opsledger.infra.engine import address
from tests.e2e.conftest import Cli
store.options = lambda memory_bytes=None: address._TUNING
data_directory.prepare = lambda folder: None
data_directory.LAYOUT, data_directory._READABLE = 1, (1,)
cli = Cli(Path(sys.argv[1]))
told = [cli(*words) for words in json.loads(sys.argv[2])]
print(json.dumps([[said.out, said.err, said.code] for said in told]))
"""
FIGURES = ("report", "run", "traffic", "--day", "2026-01-05", "--format", "csv")
TERMS = str(ROOT / "examples" / "contracts" / "outsourced-desk.yaml")
SIGN = ("decide", "contract.sign", "desk", "--actor", "ann", "--terms", TERMS, "--tenant", "t1", "--set", "vendor=v1")
LETTERS, HISTORY = ("dead-letters", "list"), ("history", "contract", "desk", "--format", "json")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The directory, the file that was read into it, and what the program of then said of it."""

    data: Path
    sent: Path
    said: list[Said]

    def copied(self, folder: Path) -> Path:
        return Path(shutil.copytree(self.data, folder / "data", symlinks=True))


def then(data: Path, *commands: tuple[str, ...]) -> list[Said]:
    """Run commands as the program of layout 1, in a process of its own."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")}
    command = [sys.executable, "-c", THEN, str(data), json.dumps(commands)]
    environ = {**given, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=data.parent, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return [Said(*each) for each in json.loads(ended.stdout)]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    folder = tmp_path_factory.mktemp("earlier")
    data, sent = folder / "data", folder / "calls.jsonl"
    sent.write_bytes(b"\n".join([*calls(40), *calls(2), b"rubbish"]) + b"\n")
    made = ("init", "--tenant", "t1", "--zone", "Asia/Shanghai"), ("ingest", str(sent), "--tenant", "t1", "--quiet")
    decided = (*SIGN, "--set", "effective_from=2026-01-01T00:00:00+08:00")
    said = then(data, *made, decided, FIGURES, LETTERS, HISTORY)
    assert [each.code for each in said] == [0, 3, 0, 0, 0, 0], said
    return Earlier(data, sent, said[3:])


def figures(said: Said) -> list[str]:
    """A report without its notes, which say when it was made."""
    return [line for line in said.out.splitlines() if not line.startswith("#")]


def layout(data: Path) -> int:
    return int(json.loads((data / "layout.json").read_text())["layout"])


def opened(data: Path) -> Store:
    return open_embedded(data, clock=SystemClock())


def test_the_directory_is_as_the_program_made_it_then(earlier: Earlier) -> None:
    metadata = earlier.data / "engine" / "metadata"
    assert layout(earlier.data) == 1
    assert (metadata / "default").is_symlink()
    assert not (metadata / "default.sql").exists()


def test_all_that_was_in_it_is_there(earlier: Earlier, tmp_path: Path) -> None:
    cli = Cli(earlier.copied(tmp_path))
    report, letters, history = (cli(*words) for words in (FIGURES, LETTERS, HISTORY))
    assert len(figures(report)) > 3
    assert figures(report) == figures(earlier.said[0])
    assert letters == earlier.said[1]
    assert history == earlier.said[2]
    assert layout(cli.data) == data_directory.LAYOUT == 2
    with opened(cli.data) as store:
        assert store.client.query("SELECT engine FROM system.databases WHERE name = 'default'").result_rows == [("Atomic",)]


def test_it_goes_on_as_it_was(earlier: Earlier, tmp_path: Path) -> None:
    cli, more = Cli(earlier.copied(tmp_path)), tmp_path / "more.jsonl"
    more.write_bytes(b"\n".join(calls(45)) + b"\n")
    assert "read 43 = accepted 0 + duplicate 42 + dead 1" in cli("ingest", earlier.sent, "--tenant", "t1", "--quiet").out
    assert figures(cli(*FIGURES)) == figures(earlier.said[0])
    assert "read 45 = accepted 5 + duplicate 40 + dead 0" in cli.ok("ingest", more, "--tenant", "t1", "--quiet")
    assert "NOT" not in cli.ok("rebuild", "--quiet")
    with running(cli.data) as gateway:
        assert gateway.ask("SELECT uniqExact(event_id) FROM call_once").text == "45\n"


def test_the_program_of_then_refuses_it_once_it_is_taken_over(earlier: Earlier, tmp_path: Path) -> None:
    """It would find an empty database, and begin anew in it."""
    data = earlier.copied(tmp_path)
    (said,) = then(data, LETTERS)
    assert said == earlier.said[1], "as long as it is its own, it opens it"
    opened(data).close()
    before = sorted(data.rglob("*.sql"))
    (said,) = then(data, LETTERS)
    assert f"{data} has layout 2, this program knows layout 1; use the version that made it" in said.err
    assert said.code not in (0, 1, EXIT_ENVIRONMENT)
    assert sorted(data.rglob("*.sql")) == before


def _nothing_done(_engine: Path) -> None:
    pass


def _said_in_part(engine: Path) -> None:
    (engine / "metadata" / "default.new").write_text("ATTACH DATA")


def _link_still_there(engine: Path) -> None:
    link = engine / "metadata" / "default"
    aim = link.readlink()
    prepare(engine)
    assert not link.exists()
    link.symlink_to(aim)


def _layout_not_said(engine: Path) -> None:
    prepare(engine)


def _layout_said_in_part(engine: Path) -> None:
    prepare(engine)
    (engine.parent / "layout.new").write_text("{")


@pytest.mark.parametrize("crashed", [_nothing_done, _said_in_part, _link_still_there, _layout_not_said, _layout_said_in_part])
def test_what_was_cut_short_is_completed(crashed: Callable[[Path], None], earlier: Earlier, tmp_path: Path) -> None:
    data = earlier.copied(tmp_path)
    crashed(data / "engine")
    assert layout(data) == 1
    for _ in range(2):
        with opened(data) as store:
            assert store.client.query("SELECT uniqExact(event_id) FROM call_once").result_rows == [(40,)]
        assert layout(data) == 2
    assert not list(data.rglob("*.new"))


def test_control_without_the_takeover_its_tables_are_not_found(
    earlier: Earlier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_directory, "prepare", lambda _engine: None)
    with open_embedded(earlier.copied(tmp_path), clock=SystemClock(), on_loss=OnLoss.TELL) as store:
        assert {each.damage for each in store.findings} == {Damage.MISSING, Damage.GONE}
        with pytest.raises(ClickHouseError, match="UNKNOWN_TABLE"):
            store.client.query("SELECT uniqExact(event_id) FROM call_once")
