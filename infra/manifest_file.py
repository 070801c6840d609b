"""The manifest of a data directory, apart from the engine's files, private: ``manifest.json``, synced and whole after a crash.

Beside it ``manifest.late`` says what was stored since, and is not synced: a sync for each of many small inserts would be dear.
A process that is killed leaves it as it is. After a power cut it may be torn or old: then it is passed over, and the manifest
is behind the ledger, which the next opening finds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from opsledger.ingest.small_file import replace_whole
from opsledger.projections.ledger.manifest import Extent, Manifest, joined

FILE = "manifest.json"
FORM = 1
"""Version of what stands in it; raised by changes that an older program could not read."""


class UnreadableError(ValueError):
    """The file is there and cannot be taken as it stands; the text says why."""


def load(file: Path) -> tuple[Manifest, str] | None:
    """What it says, and its turn, a name for what goes with it; None where there is none. Raises UnreadableError, OSError."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    said, turn = _read(text)
    try:
        late, its_turn = _read(late_file(file).read_bytes())
    except (FileNotFoundError, UnreadableError):
        return said, turn
    return (joined(said, late) if its_turn == turn else said), turn


def save(file: Path, manifest: Manifest) -> str:
    """Put it in place, on the disk; returns its turn. Who is killed, or loses power, leaves this one or the one before."""
    turn = token_hex(8)
    replace_whole(file, _written(manifest, turn))
    return turn


def note(file: Path, manifest: Manifest, turn: str) -> None:
    """Say what was stored since the manifest of a turn was put in place: at hand at once, on the disk some time."""
    data = _written(manifest, turn)
    handle = os.open(late_file(file), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(handle, data, 0)
        os.truncate(handle, len(data))
    finally:
        os.close(handle)


def late_file(file: Path) -> Path:
    """Where what is not synced yet stands."""
    return file.with_suffix(".late")


def _read(text: bytes) -> tuple[Manifest, str]:
    try:
        told = json.loads(text)
        body, check, form = told["manifest"], told["check"], told["form"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnreadableError("is damaged") from None
    if form != FORM:
        raise UnreadableError(f"is of form {form}, which another version of the program wrote; this one knows form {FORM}")
    if check != _check(body):
        raise UnreadableError("was edited or is damaged: what it says does not go with its own sum")
    try:
        return _taken(body), str(body["turn"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableError("is damaged") from None


def _written(manifest: Manifest, turn: str) -> bytes:
    body = _told(manifest) | {"turn": turn}
    return json.dumps({"form": FORM, "manifest": body, "check": _check(body)}, indent=1).encode()


def _told(manifest: Manifest) -> dict[str, Any]:
    places: dict[str, Any] = {}
    for (topic, partition), extent in sorted(manifest.places.items()):
        places.setdefault(topic, {})[str(partition)] = {"rows": extent.rows, "last": extent.last, "next": extent.next}
    return {"places": places, "aside": sorted(manifest.aside)}


def _taken(body: Mapping[str, Any]) -> Manifest:
    places = {
        (topic, int(partition)): Extent(int(told["rows"]), int(told["last"]), int(told["next"]))
        for topic, partitions in body["places"].items()
        for partition, told in partitions.items()
    }
    return Manifest(places, frozenset(map(str, body["aside"])))


def _check(body: Any) -> str:
    """Finds what was changed by accident or by hand; who knows the program can make it, too."""
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
