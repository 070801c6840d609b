"""The index of a backup: each of its files with size and checksum, and what the ledger in it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.backup.files import FileMark, mark_of, opened_below
from opsledger.infra.data_directory import ENGINE, LAYOUT
from opsledger.infra.directory_lock import LOCK
from opsledger.ingest.small_file import replace_whole

INDEX, CHECKSUM = "index.json", "index.json.sha256"
"""The second has the checksum of the first, as ``sha256sum --check`` reads it."""
DATA = "data"
"""The folder of a backup that is a data directory, but for what is made anew."""
FORMAT = 1
"""Version of what stands where in a backup; raised by changes that an older program could not read."""
_MOST_BYTES = 512 * 1024 * 1024
_PART = r"[A-Za-z0-9_%@+=~-][A-Za-z0-9_.%@+=~-]*"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OF_ENGINE = re.compile(rf"engine/(?:metadata/default\.sql|store/[0-9a-f]{{3}}/{_UUID}(?:/{_PART}){{1,3}})")
PASSING = frozenset({LOCK, "tmp", "gateway.json", "tables.sha256", "backup.sock"})
"""What stands in a data directory for as long as a process does, or is made anew by the next."""


class BackupIndex(msgspec.Struct, frozen=True):
    """What a backup is. ``files`` are named from its data folder on; ``rows`` are by table, ``ends`` by place in
    the log (``call/0``) the next offset; ``decisions`` is their number, None where they are kept elsewhere."""

    format: int
    at: str
    made_by: str
    ledger: str
    layout: int
    files: dict[str, FileMark]
    rows: dict[str, int]
    ends: dict[str, int]
    decisions: int | None = None
    left_out: tuple[str, ...] = ()


class _Versions(msgspec.Struct):
    format: int
    layout: int
    made_by: str = ""


def belongs(name: str) -> bool:
    """Whether a file of this name may stand in a backup's data folder, and so be made in a data directory."""
    first, *rest = name.split("/")
    if first == ENGINE:
        return _OF_ENGINE.fullmatch(name) is not None
    return first not in PASSING and all(part not in ("", ".", "..") and part.isprintable() for part in (first, *rest))


def write_index(folder: Path, index: BackupIndex) -> None:
    """Write it, with its checksum; OSError where the disk refuses."""
    text = msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n"
    for name, data in ((INDEX, text), (CHECKSUM, f"{sha256(text).hexdigest()}  {INDEX}\n".encode())):
        replace_whole(folder / name, data)


def read_index(folder: Path) -> BackupIndex:
    """The index of a backup. UserError where it is not there, was changed, names files elsewhere, or is of a newer version."""
    try:
        with opened_below(folder, INDEX) as file, opened_below(folder, CHECKSUM) as beside:
            text, said = file.read(_MOST_BYTES), beside.read(200)
    except OSError:
        raise UserError(f"{folder} holds no backup: {INDEX} or {CHECKSUM} is missing in it, or cannot be read") from None
    if said.split()[:1] != [sha256(text).hexdigest().encode()]:
        raise damaged(folder, f"{INDEX} is not the file that was written ({CHECKSUM} says otherwise)")
    try:
        versions = msgspec.json.decode(text, type=_Versions)
        if versions.format > FORMAT or versions.layout > LAYOUT:
            raise UserError(
                f"{folder} was made by a newer version of opsledger ({versions.made_by[:40]}), which this one cannot read; "
                "restore it with that version"
            )
        index = msgspec.json.decode(text, type=BackupIndex)
    except (msgspec.MsgspecError, RecursionError):
        raise damaged(folder, f"{INDEX} is no index of a backup") from None
    _check_names(folder, index.files)
    return index


def fault_of(folder: Path, name: str, mark: FileMark) -> str:
    """What is wrong with a file of a backup; '' where it is what its index says."""
    try:
        return difference(name, mark_of(folder / DATA, name), mark)
    except FileNotFoundError:
        return f"{DATA}/{name} is missing"
    except OSError as error:
        return f"{DATA}/{name} cannot be read: {error.strerror or error}"


def difference(name: str, found: FileMark, mark: FileMark) -> str:
    """How what was read of a file differs from what its index says; '' where it does not."""
    if found.size != mark.size:
        return f"{DATA}/{name} has {found.size:,} bytes instead of {mark.size:,}"
    return "" if found == mark else f"{DATA}/{name} has other content than was written (SHA-256)"


def damaged(folder: Path, what: str) -> UserError:
    """A backup that is not as it was written."""
    return UserError(f"the backup {folder} is damaged: {what}. Use another one", EXIT_ENVIRONMENT)


def _check_names(folder: Path, files: Mapping[str, FileMark]) -> None:
    for name in files:
        if not belongs(name):
            raise damaged(folder, f"{INDEX} names a file that belongs into no data directory: {name[:100]!r}")
