"""An empty ledger for a test: copied from one that was made once in this process, for making its tables is dear."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path

from opsledger.infra.facts import fact_tables
from opsledger.infra.store import open_store
from tests.run_watch import folder_of_run


def new_ledger(folder: Path, *, facts: bool = True) -> Path:
    """Put an empty ledger, with empty fact tables, into a folder that is not there yet; returns the folder.

    What a directory is like that nobody has opened before is the matter of test_data_directory and of the commands' tests.
    """
    shutil.copytree(_made_once(facts), folder, symlinks=True)
    return folder


def forget_ledgers() -> None:
    """Take away what was made to be copied: at the end of a run, for its workers end without a word."""
    while _held:
        shutil.rmtree(_held.pop())
    _made_once.cache_clear()


_held: list[Path] = []


@cache
def _made_once(facts: bool) -> Path:
    held = folder_of_run("new")
    _held.append(held)
    atexit.register(shutil.rmtree, held, ignore_errors=True)  # for who is no run of tests
    with open_store(held) as store:
        if facts:
            fact_tables(store)
    return held
