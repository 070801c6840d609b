"""docs/schedules.md is true: its commands run, and its example is a file of schedules."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from opsledger.infra.schedules import read_schedules
from tests.e2e.conftest import ROOT, Cli

DOC = (ROOT / "docs" / "schedules.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_run_in_their_order(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    assert cli("init", "--tenant", "demo", "--zone", "Asia/Shanghai").code == 0
    commands = [line for block in re.findall(r"```sh\n(.*?)```", DOC, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 4
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "opsledger"
        said = cli(*(str(ROOT / a) if a.startswith("examples/") else a for a in arguments))
        assert said.code == 0, (command, said.err, said.out)


def test_the_example_of_the_page_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
    path = tmp_path / "s.yaml"
    path.write_text(example, encoding="utf-8")
    (run,) = read_schedules(path).runs
    assert (run.name, run.cron, run.catch_up) == ("client-month", "0 9 1 * *", 3)
