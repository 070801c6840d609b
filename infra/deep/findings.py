"""What ``doctor --deep`` finds: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

RESTORE = "restore the ledger from a backup"
Progress = Callable[[float, float | None, str], None]
"""progress(done, total, note)"""


@dataclass(frozen=True, slots=True)
class DeepFinding:
    """One finding. ``remedy`` is '' where ``what`` says it; ``of_ledger``: the ledger has less than it had, or other things."""

    what: str
    where: str
    remedy: str = ""
    of_ledger: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


Check = Iterator[DeepFinding]
Client = Any
"""The engine's client, as elsewhere: its queries take more than a port would ask for."""
