"""Damage done to a data directory that nobody has open, as a disk, a power cut or a hand would do it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from opsledger.infra.manifest import OnLoss
from opsledger.infra.store import open_store


def definition_of(data: Path, table: str) -> Path:
    """The file with a table's definition."""
    return data / "engine" / "metadata" / "default" / f"{table}.sql"


def parts_of(data: Path, table: str) -> Sequence[Path]:
    """The folders of a table's parts."""
    found = re.search(r"UUID '([0-9a-f-]+)'", definition_of(data, table).read_text())
    assert found
    folder = data / "engine" / "store" / found[1][:3] / found[1]
    return sorted(part for part in folder.iterdir() if (part / "checksums.txt").exists())


def flip_bit(data: Path, table: str) -> None:
    """Flip one bit of the first block of a table's first part."""
    file = parts_of(data, table)[0] / "data.bin"
    held = bytearray(file.read_bytes())
    held[100] ^= 1
    file.write_bytes(bytes(held))


def cut_short(file: Path, share: float = 0.5) -> None:
    """Leave the first part of a file."""
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def run_by_hand(data: Path, *statements: str) -> None:
    """Statements of somebody who has the engine's password, and waits for them."""
    with open_store(data) as store:
        for statement in statements:
            store.client.command(f"{statement} SETTINGS mutations_sync = 1" if statement.startswith("ALTER") else statement)


def asked(data: Path, question: str) -> list[tuple[object, ...]]:
    """The engine's answer about tables of a data directory, whatever is lost."""
    with open_store(data, on_loss=OnLoss.TELL) as store:
        return [tuple(row) for row in store.client.query(question).result_rows]
