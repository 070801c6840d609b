"""Notes what is stored in a ledger, after it is on the disk: the manifest is behind the ledger at times, and never ahead."""

from __future__ import annotations

from collections.abc import Callable, Set

from clickhouse_connect.driver.client import Client

from opsledger.projections.ledger.manifest import Extent, Manifest, Place
from opsledger.projections.ledger.manifest_look import extents

Save = Callable[[Manifest, Set[Place]], None]
"""Has a manifest, of which some places have changed, on the disk."""


def _nowhere(_manifest: Manifest, _changed: Set[Place]) -> None:
    """For a look at a ledger that is not kept."""


class ManifestKeeper:
    """One for each open ledger; one thread at a time. ``said`` is what stands there now."""

    def __init__(self, client: Client, said: Manifest | None = None, save: Save = _nowhere) -> None:
        self._client, self._save = client, save
        self._aside = said.aside if said else frozenset()
        self._places = dict(said.places) if said else {}
        self._changed: set[Place] = set()
        self._unsure: set[str] = set()

    @property
    def said(self) -> Manifest:
        """What is known, written or not."""
        return Manifest(dict(self._places), self._aside)

    def next(self, place: Place) -> int:
        """No offset below is given: it was given before."""
        return self._places.get(place, Extent()).next

    def stored(self, place: Place, rows: int, last: int) -> None:
        """So many rows more are on the disk, the last at this offset. ``write`` has it noted."""
        self._places[place] = self._places.get(place, Extent()).grown(rows, last)
        self._changed.add(place)

    def seen(self, place: Place, extent: Extent) -> None:
        """So much was found in the ledger, whoever stored it."""
        self._places[place] = self._places.get(place, Extent()).joined(extent)

    def unsure(self, stream: str) -> None:
        """An insert failed that may have been stored: what there is will be counted."""
        self._unsure.add(stream)

    def write(self) -> None:
        """Have on the disk what was stored since; where that fails it may be asked again."""
        for stream in sorted(self._unsure):
            for place, extent in extents(self._client, [stream]):
                self.seen(place, extent)
                self._changed.add(place)
            self._unsure.discard(stream)
        if self._changed:
            self._save(self.said, self._changed)
            self._changed = set()
