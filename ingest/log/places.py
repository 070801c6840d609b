"""How far a copy to Kafka has come, in a small file; losing it costs another reading of the topics and no correctness."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from opsledger.domain.errors import UserError
from opsledger.ingest.small_file import replace_whole


class Copied(msgspec.Struct, frozen=True):
    """Of one topic: its id, the next row of the source, the end of each partition when that was known."""

    topic_id: str
    following: int
    ends: Mapping[int, int]


class Places:
    """The places of one copy (``name``: which cluster, which topics, which tenant) in a file of several."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def load(self, topic: str) -> Copied | None:
        """How far a topic is; None at the start. UserError for a file that is not one of ours."""
        return self._all().get(self._name, {}).get(topic)

    def save(self, topic: str, copied: Copied) -> None:
        """Keep how far a topic is; it is safe when this returns."""
        every = self._all()
        every.setdefault(self._name, {})[topic] = copied
        replace_whole(self._path, msgspec.json.encode(every))

    def _all(self) -> dict[str, dict[str, Copied]]:
        with contextlib.suppress(FileNotFoundError):
            try:
                return msgspec.json.decode(self._path.read_bytes(), type=dict[str, dict[str, Copied]])
            except (msgspec.MsgspecError, RecursionError):
                raise UserError(f"{self._path} does not hold places; delete it: the topics are then compared whole") from None
        return {}
