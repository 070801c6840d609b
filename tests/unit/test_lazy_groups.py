"""A group's help page says what its commands are without importing one of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import click
import pytest

from opsledger.infra.cli import kafka, main, report

GROUPS = [(main.cli, main.COMMANDS), (report.report, report.COMMANDS), (kafka.kafka, kafka.COMMANDS)]
HEAVY = ("chdb", "clickhouse_connect", "pyarrow", "numpy", "kafka", "rich", "jinja2", "eventsourcing")
TOLD = """
import sys
from opsledger.infra.cli.main import run
assert run(sys.argv[1:]) in (0, 2)
print("LOADED", *sorted(sys.modules))
"""


@pytest.mark.parametrize(("group", "commands"), GROUPS)
def test_every_command_can_be_loaded_and_stands_on_the_page_with_its_line(
    group: click.Group, commands: Mapping[str, tuple[str, str]]
) -> None:
    context = click.Context(group, terminal_width=200)
    page = [" ".join(line.split()) for line in group.get_help(context).splitlines()]
    for name, (_, line) in commands.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200) == line
        assert command.name == name
        assert f"{name} {line}" in page


def _loaded(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", TOLD, *words], capture_output=True, text=True, check=True)
    return set(done.stdout.rsplit("LOADED ", 1)[1].split()) & set(HEAVY)


def test_the_pages_of_the_groups_load_nothing_that_takes_long() -> None:
    for words in (["--help"], ["report", "--help"], ["--version"], ["nothing"]):
        assert _loaded(*words) == set(), words


def test_a_command_loads_what_it_works_with() -> None:
    """The control of the one before."""
    assert _loaded("report", "run", "--help") >= {"clickhouse_connect", "pyarrow"}
