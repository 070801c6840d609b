"""How far a file was read, and by what the same file is known again: its number, and the bytes that were read of it."""

from __future__ import annotations

import hashlib

import msgspec

from opsledger.ingest.follow.files import Handle

PRINT_BYTES = 1024
"""So much of the beginning, and of what stands right before the place, tells whether a file is still the same."""


class Place(msgspec.Struct, frozen=True):
    """A place in a file: ``offset`` bytes and ``line`` lines were read. ``path`` is where the file was last seen."""

    path: str
    device: int
    inode: int
    offset: int
    line: int
    digest: str

    @property
    def id(self) -> tuple[int, int]:
        """Which file it is in."""
        return self.device, self.inode


def place_in(handle: Handle, path: str, offset: int, line: int) -> Place:
    """The place of an offset in an open file."""
    seen = handle.seen()
    return Place(path, seen.device, seen.inode, offset, line, digest_at(handle, offset))


def digest_at(handle: Handle, offset: int) -> str:
    """A fingerprint (hex) of what comes before an offset."""
    size = min(PRINT_BYTES, offset)
    both = handle.read(0, size) + handle.read(offset - size, size)
    return hashlib.sha256(both).hexdigest()[:32]


def fits(handle: Handle, place: Place) -> bool:
    """Whether an open file begins with what was read up to a place."""
    return handle.seen().size >= place.offset and digest_at(handle, place.offset) == place.digest
