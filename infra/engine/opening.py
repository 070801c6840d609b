"""Opening the embedded engine over a damaged directory: a table's definition that it cannot read keeps it from opening at all.

The engine tells which only on standard error, and of itself no more than that it could not begin.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

from clickhouse_connect.driver.exceptions import ClickHouseError

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.projections.ledger.engine_errors import advice_in
from opsledger.projections.ledger.tables import LEDGER

SET_ASIDE = "damaged"
"""Folder of a data directory for definitions that could not be read, of what can be made anew."""
_DEFINITION = re.compile(r"metadata file (\S+\.sql)")
_LOADED = re.compile(r"load table \w+\.`?(\w+)")
_STANDARD_ERROR = 2
_AT_MOST = 100
Opened = TypeVar("Opened")


def opened_engine(root: Path, engine: Path, open_: Callable[[], Opened]) -> Opened:
    """What ``open_`` gives, which opens the engine of a data directory. UserError where a table's definition is damaged.

    That of a fact table or view holds nothing that the ledger does not: it is set aside, with a word, and ``open_`` is tried
    again. The engine's tables are then looked for as in a new directory.
    """
    for _ in range(_AT_MOST):
        try:
            with _heard() as words:
                return open_()
        except ClickHouseError:
            found = _DEFINITION.search(words())
            if found is None:
                _refused(root, words())
                raise
            _set_aside(root, engine / found[1])
    raise UserError(f"too many tables of {root} have damaged definitions; restore the data directory from a backup")


def _refused(root: Path, words: str) -> None:
    """UserError where the engine has said what keeps it: a folder that it may not read, a table that it cannot load."""
    advice = advice_in(words)
    if not advice:
        sys.stderr.write(words)
        if "Load job" not in words:
            return
    table = _LOADED.search(words)
    what = f"table '{table[1]}' cannot be loaded" if table else "the engine cannot open it"
    todo = advice or "restore it from a backup"
    raise UserError(f"opening the data directory {root}: {what}: {todo}", EXIT_ENVIRONMENT)


def _set_aside(root: Path, file: Path) -> None:
    name = file.stem
    if name in LEDGER or not file.is_file():
        raise UserError(
            f"the definition of the ledger's table '{name}' is damaged ({file}), and the engine cannot open the data "
            "directory; restore it from a backup",
            EXIT_ENVIRONMENT,
        )
    folder = root / SET_ASIDE
    folder.mkdir(mode=0o700, exist_ok=True)
    file.replace(folder / file.name)
    (root / "tables.sha256").unlink(missing_ok=True)
    sys.stderr.write(f"opsledger: the definition of '{name}' was damaged and is set aside, in {folder}: it can be made anew\n")


@contextmanager
def _heard() -> Iterator[Callable[[], str]]:
    """What is written to standard error meanwhile, by whatever of this process; at the end it goes there, if all is well."""
    sys.stderr.flush()
    with TemporaryFile() as file:
        before = os.dup(_STANDARD_ERROR)
        os.dup2(file.fileno(), _STANDARD_ERROR)
        said: list[str] = []

        def words() -> str:
            return "".join(said)

        try:
            yield words
        finally:
            os.dup2(before, _STANDARD_ERROR)
            os.close(before)
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
        sys.stderr.write(words())
