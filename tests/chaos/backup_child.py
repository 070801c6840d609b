"""A backup, or a restore, in a process of its own that is killed at a step.

``python -m tests.chaos.backup_child STEP DATA FOLDER``: the steps are those of ``STEPS``, FOLDER is the series. ``careless``
after it: the backup is written where it is to be, without a draft (negative control).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opsledger.infra.backup import restoring, series, writing
from tests.backup_scene import backed_up, restored

STEPS: dict[str, tuple[Any, str, bool]] = {
    "backup:small files": (writing, "take_small_files", True),
    "backup:frozen": (writing, "take_ledger", False),
    "backup:ledger": (writing, "take_ledger", True),
    "backup:databases": (writing, "take_databases", True),
    "backup:opened": (writing, "holding", False),
    "backup:index": (writing, "write_index", True),
    "backup:whole draft": (series, "install", False),
    "backup:in place": (series, "install", True),
    "restore:a file": (restoring, "copy", True),
    "restore:all files": (restoring, "_open", False),
    "restore:facts": (restoring, "rebuild_facts", True),
    "restore:whole draft": (restoring, "install", False),
    "restore:in place": (restoring, "install", True),
}
"""Step → (module, function, whether it is killed after the function and not before it)."""


def killed_at(module: Any, name: str, *, after: bool) -> None:
    """Have a function kill this process."""
    act: Callable[..., Any] = getattr(module, name)

    def acted(*given: Any, **more: Any) -> None:
        if after:
            act(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, acted)


@contextmanager
def careless(folder: Path, name: str) -> Iterator[Path]:
    """In the place of ``draft``."""
    (folder / name).mkdir()
    yield folder / name


def main(step: str, data: Path, folder: Path, *options: str) -> None:
    """Run to the step."""
    module, name, after = STEPS[step]
    killed_at(module, name, after=after)
    if "careless" in options:
        writing.draft = careless  # type: ignore[assignment]  # the control's defect
    if step.startswith("backup:"):
        backed_up(data, folder)
    else:
        restored(folder, data)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
