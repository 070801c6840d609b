"""What the product itself asks of the engine: recorded while its commands run, and taken from its files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from clickhouse_connect.driver._backend.chdb_backend import ChdbBackend

from opsledger.projections.facts.schema import definitions
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.ledger.tables import deduplication, statements
from tests.e2e.conftest import Cli, keeping

FOLDER = Path(__file__).resolve().parents[1] / "projections"
_BOUND = re.compile(r"\{(\w+):\s*([^{}]+?)\}")
_FILLED = re.compile(r"\{(\w+)\}")
_QUESTIONS = frozenset({"told", "named", "things", "meant"})
"""Places in the files that whole questions are put into; names are put into the others."""
_VALUES = (("Identifier", "call"), ("Array", "[]"), ("DateTime", "2026-01-05 00:00:00"), ("UUID", f"{0:032x}"))
_SPANS = {"day": ("--day", "2026-01-05"), "week": ("--week", "2026-W02"), "month": ("--month", "2026-01")}


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement with what is bound to it, the settings it goes with, and the database it is for."""

    text: str
    bound: tuple[tuple[str, str], ...] = ()
    settings: tuple[str, ...] = ()
    database: str = ""
    file: str = ""


def _sent(text: str | bytes, bound: Mapping[str, Any] | None, runtime: Any) -> Sent:
    words = text.decode() if isinstance(text, bytes) else text
    values = tuple((name.removeprefix("param_"), str(value)) for name, value in (bound or {}).items())
    # the last two belong to the way over which a statement goes, and are no settings
    settings = tuple(name for name in runtime.settings if name not in ("query_id", "client_protocol_version"))
    return Sent(words, values, settings, runtime.database or "")


def _insert(table: str, columns: Any, form: str) -> str:
    named = f" ({', '.join(columns)})" if columns else ""
    return f"INSERT INTO {table}{named} FORMAT {form}"


@contextmanager
def recorded() -> Iterator[dict[Sent, None]]:
    """Every statement that clients of the embedded engine send meanwhile, as it would go over the network."""
    found: dict[Sent, None] = {}
    readings = {
        "execute_query": lambda context, runtime, text: _sent(text, context.bind_params, runtime),
        "execute_command": lambda text, bound, _data, _tables, runtime, _way: _sent(text, bound, runtime),
        "execute_raw_query": lambda text, bound, _tables, runtime, _way: _sent(text, bound, runtime),
        "execute_raw_stream": lambda text, bound, _tables, runtime, _way: _sent(text, bound, runtime),
        "execute_data_insert": lambda asked, runtime, *_: _sent(
            _insert(asked.table, asked.column_names, "Native"), None, runtime
        ),
        "execute_raw_insert": lambda table, columns, _rows, form, _packed, runtime, _way: _sent(
            _insert(table, columns, form), None, runtime
        ),
    }
    with ExitStack() as stack:
        for name, reading in readings.items():
            stack.enter_context(patch.object(ChdbBackend, name, _noting(getattr(ChdbBackend, name), reading, found)))
        yield found


def _noting(original: Any, reading: Any, found: dict[Sent, None]) -> Any:
    def noted(self: Any, *arguments: Any) -> Any:
        found[reading(*arguments)] = None
        return original(self, *arguments)

    return noted


def work(folder: Path) -> None:
    """Nine days through the commands: records taken in and refused, decisions, every report, the statement, the rebuild."""
    cli = Cli(folder / "data")
    events, commands = folder / "events.jsonl", folder / "commands.jsonl"
    cli.ok("simulate", "--days", "9", "--calls-per-day", "40", "--seed", "7", "--out", events, "--commands", commands)
    with events.open("ab") as out:
        out.write(b'{"stream": "call"}\n')
    with keeping():
        cli.ok("init", "--tenant", "demo", "--zone", "Asia/Shanghai")
        for _ in range(2):
            assert cli("ingest", events, "--tenant", "demo", "--quiet").code == 3, "one record is refused"
        cli.ok("decide", "--file", commands)
        for line in cli.ok("report", "list").splitlines():
            for span in re.findall(r"\b(day|week|month)\b", line[49:74]):
                cli.ok("report", "run", line.split()[0], *_SPANS[span], "--format", "json")
        cli.ok("statement", "--contract", "xinhe-2026", "--month", "2026-01", "--format", "json")
        assert cli("dead-letters", "retry").code == 3, "it is refused again"
        for words in (("dead-letters", "list"), ("rebuild", "--quiet"), ("master", "show"), ("doctor",)):
            cli.ok(*words)


def of_files() -> Iterator[Sent]:
    """Each SQL file as a statement, with something in the places that are filled when it is used."""
    for path in sorted(FOLDER.rglob("*.sql")):
        text = _FILLED.sub(lambda found: "SELECT 'a'" if found[1] in _QUESTIONS else "call", path.read_text("utf-8"))
        bound = {name: _value(type_) for name, type_ in _BOUND.findall(text)}
        yield Sent(text, tuple(bound.items()), file=path.relative_to(FOLDER).as_posix())


def _value(type_: str) -> str:
    return next((value for beginning, value in _VALUES if type_.startswith(beginning)), "1")


def of_tables(client: Any) -> Iterator[Sent]:
    """What makes the tables of a ledger, here and in a database over the network."""
    yield from map(Sent, (*statements(), *deduplication(), *definitions(client)))
    yield Sent("CREATE DATABASE IF NOT EXISTS `known_1_aa`")
    yield from (Sent(f"CREATE TABLE `known_1_aa`.`{fact.name}` CLONE AS `default`.`{fact.name}`") for fact in FACTS)
    yield Sent("DROP DATABASE IF EXISTS `known_1_aa`")
