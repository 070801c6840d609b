"""The manifest of a data directory: ``manifest.json``, apart from the engine's files, whole after a crash, private."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from opsledger.ingest.small_file import replace_whole
from opsledger.projections.ledger.manifest import Extent, Manifest

FILE = "manifest.json"
FORM = 1
"""Version of what stands in it; raised by changes that an older program could not read."""


class UnreadableError(ValueError):
    """The file is there and cannot be taken as it stands; the text says why."""


def load(file: Path) -> Manifest | None:
    """What it says; None where there is none. Raises UnreadableError, OSError."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        told = json.loads(text)
        body, check, form = told["manifest"], told["check"], told["form"]
    except (ValueError, KeyError, TypeError):
        raise UnreadableError("is damaged") from None
    if form != FORM:
        raise UnreadableError(f"is of form {form}, which another version of the program wrote; this one knows form {FORM}")
    if check != _check(body):
        raise UnreadableError("was edited or is damaged: what it says does not go with its own sum")
    try:
        return _taken(body)
    except (ValueError, KeyError, TypeError):
        raise UnreadableError("is damaged") from None


def save(file: Path, manifest: Manifest) -> None:
    """Put it in place, on the disk. Who is killed, or loses power, leaves this one or the one before."""
    body = _told(manifest)
    replace_whole(file, json.dumps({"form": FORM, "manifest": body, "check": _check(body)}, indent=1).encode())


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
