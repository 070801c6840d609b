"""How far each followed file was read, in a small file of its own that is replaced whole, after what was read is stored."""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import msgspec

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.ingest.follow.place import Place
from opsledger.ingest.small_file import held, replace_whole
from opsledger.ingest.tally import Tally


class Counts(msgspec.Struct, frozen=True):
    """Records up to the place, over all runs: read = accepted + duplicate + dead."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    dead: int = 0

    def plus(self, tally: Tally) -> Counts:
        """With those of another turn."""
        return Counts(
            self.read + tally.read, self.accepted + tally.accepted, self.duplicate + tally.duplicate, self.dead + tally.dead
        )


class Stretch(msgspec.Struct, frozen=True):
    """Lines that were read and are needed once more at the next start: from a place up to an offset of its file."""

    place: Place
    stop: int


class State(msgspec.Struct, frozen=True):
    """All that the next start needs. ``about``: what is followed, for whoever looks into the file."""

    about: str
    place: Place
    memory: tuple[Stretch, ...] = ()
    finished: tuple[tuple[int, int], ...] = ()
    counts: Counts = Counts()
    version: int = 1


class StateFile:
    """The state of one followed path in a folder; held by this process until ``close``. UserError where another holds it.

    ``about`` names path, source and where it goes to: with another source or log the path is read from its beginning.
    """

    def __init__(self, folder: Path, about: str) -> None:
        self.about = about
        name = sha256(about.encode(errors="surrogateescape")).hexdigest()[:16]
        self.path = folder / f"{name}.json"
        self._lock = ExitStack()
        if not self._lock.enter_context(held(folder / f"{name}.lock")):
            self.close()
            raise UserError(f"another process follows this already ({about}); stop that one", EXIT_ENVIRONMENT)

    def load(self) -> State | None:
        """The saved state; None at the very start. UserError for a file that holds none."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, RecursionError):
            raise UserError(
                f"{self.path} does not hold a place; delete it: the file is then read from its beginning, and what is stored "
                "counts as duplicate"
            ) from None

    def save(self, state: State) -> None:
        """Keep a state; it is safe when this returns. UserError, exit code 4, where it cannot be kept."""
        try:
            replace_whole(self.path, msgspec.json.encode(state) + b"\n")
        except OSError as error:
            raise UserError(f"{self.path}: the place cannot be kept: {error.strerror}", EXIT_ENVIRONMENT) from None

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()
