"""The address by which the engine of a data directory is opened: folder and options, the same for each handle on it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from uuid import uuid4

CONFIGURATION = Path(__file__).resolve().parent / "server.xml"
USERS = Path(__file__).resolve().parent / "users.xml"
UNUSED = "unused"
"""The engine insists on a first database that also reads files by their names as tables. It gets one that nobody uses, and
whose files nobody is granted, so that ``default`` is a plain one."""
_TUNING: dict[str, str | int] = {
    "mark_cache_size": 128 * 1024 * 1024,
    "primary_index_cache_size": 128 * 1024 * 1024,
    "background_pool_size": 2,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}
"""Beside what bounds its memory and threads: a report asks its own question a few times, which does not repay compiling it."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def options(memory_bytes: int | None = None) -> dict[str, str | int]:
    """What the engine is opened with. Without a configuration named it would read a ``config.xml`` of the working directory,
    which can make it run programs."""
    bound = {"max_server_memory_usage": memory_bytes} if memory_bytes else {}
    own = {"config-file": str(CONFIGURATION), "users_config": str(USERS), "default_database": UNUSED}
    return {**_TUNING, **own, **bound}


def prepare(folder: Path) -> None:
    """Make a folder ready for being opened: its ``default`` database is said to be a plain one.

    In a folder of an earlier version the tables stay where they are; the link that the engine has left there would have it
    take the database for one of another kind, and is made anew by each opening.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    metadata = folder / "metadata"
    metadata.mkdir(mode=0o700, exist_ok=True)
    said, link = metadata / "default.sql", metadata / "default"
    if not said.exists():
        fresh = said.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(f"ATTACH DATABASE _ UUID '{_uuid(link)}'\nENGINE = Atomic\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(said)
    if link.is_symlink():
        link.unlink()


def database_id(folder: Path) -> str:
    """The id of the database in a folder, also in one of an earlier version, which said it by a link alone; '' for none."""
    try:
        found = _UUID.search((folder / "metadata" / "default.sql").read_text())
    except FileNotFoundError:
        return _linked(folder / "metadata" / "default")
    return found[0] if found else ""


def _linked(link: Path) -> str:
    return link.readlink().name if link.is_symlink() and _UUID.fullmatch(link.readlink().name) else ""


def _uuid(link: Path) -> str:
    """The id of the database that an earlier version has made, else a new one. Its tables lie in a folder of that name."""
    return _linked(link) or str(uuid4())
