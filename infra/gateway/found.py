"""The note that a running gateway leaves in its data directory, and how others find the gateway by it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from opsledger.infra.directory_lock import is_held

FILE = "gateway.json"
PASSWORD_VARIABLE = "OPSLEDGER_GATEWAY_PASSWORD"  # noqa: S105  the name of the place, not what is in it


@dataclass(frozen=True, slots=True)
class Found:
    """A gateway that holds a data directory: where it listens, and the password it has made up for itself ('' if none)."""

    url: str
    pid: int
    started: str
    password: str = field(default="", repr=False)


def leave_note(root: Path, url: str, password: str, at: datetime) -> None:
    """Write the note, readable for this user alone. ``password`` is '' where it comes from the environment."""
    note = {"url": url, "pid": os.getpid(), "started": f"{at:%Y-%m-%d %H:%M:%S} UTC"}
    fresh = root / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as written:
        json.dump(note | ({"password": password} if password else {}), written)
        written.write("\n")
    fresh.replace(root / FILE)


def remove_note(root: Path) -> None:
    """Take the note away. Harmless when it is not there."""
    (root / FILE).unlink(missing_ok=True)


def find(root: Path) -> Found | None:
    """The gateway that holds a data directory; None where there is none, or only the note of one that was killed."""
    try:
        note: Any = json.loads((root / FILE).read_text(encoding="utf-8"))
        found = Found(str(note["url"]), int(note["pid"]), str(note["started"]), str(note.get("password", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if is_held(root) else None
