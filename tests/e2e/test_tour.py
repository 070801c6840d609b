"""docs/tour.md is true: its commands run, in its order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.e2e.conftest import ROOT, Cli


def test_the_tours_commands_run_in_their_order(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) > 15
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "opsledger"
        said = cli(*(_placed(argument, tmp_path) for argument in arguments))
        assert said.code == 0, (command, said.err, said.out)
        assert said.out or said.err, command


def _placed(argument: str, folder: Path) -> str:
    if argument.startswith("tour-"):
        return str(folder / argument)
    return str(ROOT / argument) if argument.startswith("examples/") else argument
